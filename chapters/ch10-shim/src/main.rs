//! The bench of chapter 10.

fn main() {}
