//! The bench of chapter 2.

fn main() {}
