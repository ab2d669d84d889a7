//! Any bytes as one file.
//! It refuses to hold more than the name of its target.
#![no_main]

use fuzz::Target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| libfuzzer::run(Target::Bytes, input));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    libfuzzer::mutate(Target::Bytes, data, size, most, seed)
});
