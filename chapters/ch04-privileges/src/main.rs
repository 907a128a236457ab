//! The bench of chapter 4.

fn main() {}
