//! The bench of chapter 11.

fn main() {}
