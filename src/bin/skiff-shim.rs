//! skiff-shim.

fn main() {}
