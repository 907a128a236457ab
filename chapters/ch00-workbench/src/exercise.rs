//! Exercises: a starter that compiles and fails, a solution that passes, and mistakes
//! that people make, each with the message written for it.
//!
//! An exercise is a folder `chapters/chNN-…/exercises/NAME`:
//!
//! ```text
//! README.md      the task, and hints as a ladder of folded paragraphs
//! starter.rs     what the reader begins with; it compiles, and fails
//! solution.rs    passes
//! mutants/*.rs   mistakes; the first line of each says what it must be told
//! check.rs       pub fn check(attempt): what is wrong with it, if anything
//! main.rs        one example target of all of these, for the proof
//! ```
//!
//! [`catalog`] finds them, [`desk`] keeps the reader's copies, [`trial`] builds and runs
//! one within limits, [`memory`] remembers what was solved, [`judge`] is the main
//! function of every check, and [`proof`] is the test that an exercise is one.

pub mod catalog;
pub mod desk;
pub mod judge;
pub mod memory;
pub mod proof;
pub mod trial;

pub use catalog::{Exercise, all, find};
pub use judge::judge;
