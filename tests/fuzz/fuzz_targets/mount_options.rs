//! Fuzzes `mount_options` of `targets.rs`.

#![no_main]

use skiff_fuzz::mount_options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| mount_options(data));
