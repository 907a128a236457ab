//! Your own container: the program `mine`, which the reader grows through the book.
//!
//! Each chapter is a stage: `chapters/chNN-…/stage.toml` says what `mine` does at its
//! end, and lists black-box checks, with values that are drawn anew each time. To pass a
//! stage is to pass its checks and those of all stages before it.
//!
//! ```text
//! chapters/chNN-…/stage.toml   a stage, as data               (stage)
//! {random} {root} {host} …     the words that vary            (values)
//! chapters/ch00…/mine/         what the reader begins with, and the book's own
//!                              program, from which each stage is derived (derive)
//! exercises/mine/main.rs       the reader's program           (desk)
//! ```
//!
//! [`place`] furnishes a folder for the trials, [`run`] runs one check within limits
//! and, where a check asks for that, looks at it from outside ([`outside`]); [`verdict`]
//! compares what was expected with what came. Nothing here knows how a container is
//! made.

pub mod derive;
pub mod desk;
pub mod outside;
pub mod place;
pub mod run;
pub mod seen;
pub mod stage;
pub mod values;
pub mod verdict;

pub use derive::derive;
pub use place::Place;
pub use run::check_all;
pub use seen::Failure;
pub use stage::{Check, Stage, stages};
