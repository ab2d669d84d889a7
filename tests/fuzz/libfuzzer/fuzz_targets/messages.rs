//! The body of a call.
//! It refuses to hold more than the name of its target.
#![no_main]

use fuzz::Target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| libfuzzer::run(Target::Messages, input));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    libfuzzer::mutate(Target::Messages, data, size, most, seed)
});
