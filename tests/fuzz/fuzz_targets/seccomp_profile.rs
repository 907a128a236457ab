//! Fuzzes `seccomp_profile` of `targets.rs`.

#![no_main]

use skiff_fuzz::seccomp_profile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| seccomp_profile(data));
