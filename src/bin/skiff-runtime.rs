//! skiff-runtime.

fn main() {}
