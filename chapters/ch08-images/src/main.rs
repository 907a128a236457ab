//! The bench of chapter 8.

fn main() {}
