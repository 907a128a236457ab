//! Fuzzes `state` of `targets.rs`.

#![no_main]

use skiff_fuzz::state;

libfuzzer_sys::fuzz_target!(|data: &[u8]| state(data));
