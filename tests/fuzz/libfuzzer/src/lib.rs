//! Between libFuzzer and the targets: one folder for all inputs of the process, and our changes beside its own.
//! It refuses to go on when a property does not hold: libFuzzer keeps the input of a process that ends.

use std::{
    env,
    sync::{LazyLock, Mutex, PoisonError},
};

use fuzz::{Folder, Target};

/// Inputs are files: `TMPDIR` says where, and memory is the best place for them.
static FOLDER: LazyLock<Mutex<Folder>> = LazyLock::new(|| {
    let parent = env::temp_dir();
    let folder =
        Folder::below(&parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    Mutex::new(folder)
});

/// Tries one input.
pub fn run(target: Target, input: &[u8]) {
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(what) = target.run(input, &mut folder) {
        panic!("{what}");
    }
}

/// Changes the first `size` bytes of `data`, which has room for `most`; returns how many there are then. A part is left
/// to libFuzzer, which knows what the compiler compares bytes with.
pub fn mutate(target: Target, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    if seed.is_multiple_of(4) {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    }
    let changed = target.mutate(&data[..size], seed.into());
    let length = changed.len().min(most);
    data[..length].copy_from_slice(&changed[..length]);
    length
}
