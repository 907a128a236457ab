//! The bench of chapter 1.

fn main() {}
