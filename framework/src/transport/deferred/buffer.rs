//! The bytes between a connection and its socket, in one bounded buffer.
//! It neither reads nor writes.

use std::io::IoSlice;

/// Bytes that may wait in the buffer; a writer that finds it full waits for
/// the socket.
pub(super) const BUFFER_BOUND: usize = 256 * 1024;

/// Bytes of the buffer's first allocation, made at the first write.
pub(super) const BUFFER_START: usize = 8 * 1024;

/// An empty buffer that holds more bytes than this is given back.
pub(super) const BUFFER_KEEP: usize = 32 * 1024;

/// Bytes between the connection and the socket; never more than
/// [`BUFFER_BOUND`], and never an allocation larger than that.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// How many of `bytes` the socket has taken.
    taken: usize,
}

impl Buffer {
    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn room(&self) -> usize {
        BUFFER_BOUND - self.len()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends as much of `slices` as there is room for, and says how much.
    pub(super) fn fill(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let total = slices.iter().map(|slice| slice.len()).sum();
        let accepted = self.room().min(total);
        self.reserve(accepted);
        let mut left = accepted;
        for slice in slices {
            let n = slice.len().min(left);
            self.bytes.extend_from_slice(&slice[..n]);
            left -= n;
        }
        accepted
    }

    fn reserve(&mut self, additional: usize) {
        if self.bytes.capacity() - self.bytes.len() >= additional {
            return;
        }
        self.bytes.drain(..self.taken);
        self.taken = 0;
        let needed = self.bytes.len() + additional;
        if needed > self.bytes.capacity() {
            let capacity = needed.next_power_of_two().max(BUFFER_START);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.taken = self.bytes.len().min(self.taken + n);
        if self.is_empty() {
            if self.bytes.capacity() > BUFFER_KEEP {
                self.bytes = Vec::new();
            }
            self.bytes.clear();
            self.taken = 0;
        }
    }
}
