//! The bench of chapter 5.

fn main() {}
