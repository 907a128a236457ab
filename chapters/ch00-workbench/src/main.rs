//! The bench of chapter 0.

fn main() {}
