//! The bench of chapter 9.

fn main() {}
