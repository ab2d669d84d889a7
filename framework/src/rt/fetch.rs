//! Walks over thousands of things that lie apart in memory, as fast as memory gives many at once.
//! It refuses to change what it walks over.

use std::hint::black_box;

/// So many are asked of memory together: more than a core waits for at once (about twenty lines), and few enough that
/// all of them still are near when they are worked on.
pub(crate) const BLOCK: usize = 32;

/// Reads some of each, as `word` does, and makes nothing of it: whoever works on them next waits for none of them. One
/// after the other, ten thousand that are in no cache take 1.5 ms, and counting in an `Arc` waits for each.
pub(crate) fn fetch<T>(block: &[T], word: impl Fn(&T) -> usize) {
    black_box(block.iter().map(word).fold(0, usize::wrapping_add));
}
