//! The bench of chapter 6.

fn main() {}
