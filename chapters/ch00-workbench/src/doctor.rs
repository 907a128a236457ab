//! The doctor: what of this book works on this machine, found by trying.
//!
//! What a chapter needs is data (`chapters/*/needs.toml`); whether the machine has it is
//! found by a probe that does the thing itself, in a process of its own, and never by
//! comparing version numbers: kernels are patched, and settings forbid what versions
//! promise.

mod needs;
mod pages;
mod places;
mod probes;
mod report;

pub use needs::{Chapter, Need, load};
pub use pages::{matrix, paragraph, remedies};
pub use places::checkout;
pub use probes::{PROBES, Probe, run_here};
pub use report::{Refusal, Report, Verdict, examine};
