//! Fuzzes `config_json` of `targets.rs`.

#![no_main]

use skiff_fuzz::config_json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| config_json(data));
