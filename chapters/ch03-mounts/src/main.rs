//! The bench of chapter 3.

fn main() {}
