//! Messages in zstd (RFC 8878), by its authors' library.
//! It refuses to bound what comes out: that is `bounded.rs`; only the window, which is allocated ahead, is bounded
//! here.

use std::cell::RefCell;
use std::io;

use zstd::bulk::Compressor;
use zstd::stream::read::Decoder;

use super::{Coder, bounded};

/// The library's own default.
const LEVEL: i32 = 3;

/// The largest window that every decoder is to take, as a power of two: 8 MiB (RFC 8878, section 3.1.1.1.2).
const WINDOW_LOG: u32 = 23;

/// The largest that the library takes unless told otherwise (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`): 128 MiB.
const MAX_WINDOW_LOG: u32 = 27;

thread_local! {
    /// Its tables take about a MiB: kept for the next message, as long as the thread lives.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

pub(super) static CODER: Coder = Coder {
    name: "zstd",
    compress,
    decompress,
};

fn compress(message: &[u8], out: &mut [u8]) -> Option<usize> {
    let compressed = COMPRESSOR.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        let compressor = match &mut *kept {
            Some(compressor) => compressor,
            // Fails only without memory.
            none => none.insert(Compressor::new(LEVEL).ok()?),
        };
        compressor.compress_to_buffer(message, out).ok()
    });
    compressed.ok().flatten()
}

/// One frame, and nothing behind it.
///
/// The window that the message asks for is allocated at once: as large as a message within `limit` can use, or as
/// RFC 8878 has every decoder take; more is refused. It goes with the message, and its pages are touched only as far as
/// something comes out.
fn decompress(compressed: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut decoder = Decoder::with_buffer(compressed)?.single_frame();
    let power = limit.checked_next_power_of_two();
    let log = power.map_or(MAX_WINDOW_LOG, usize::ilog2);
    decoder.window_log_max(log.clamp(WINDOW_LOG, MAX_WINDOW_LOG))?;
    let message = bounded::read(&mut decoder, compressed.len(), limit)?;
    bounded::is_all(decoder.get_ref(), message)
}
