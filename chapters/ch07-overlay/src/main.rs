//! The bench of chapter 7.

fn main() {}
