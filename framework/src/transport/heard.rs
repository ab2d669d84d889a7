//! Whether a peer was heard: set by whoever reads its bytes, asked by whoever wonders whether it is alive.
//! It refuses to know when: a clock for each read is too dear.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<AtomicBool>);

impl Heard {
    pub(crate) fn set(&self) {
        // Read first: what is set already is not written again and again.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Was anything heard since this was last asked?
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
