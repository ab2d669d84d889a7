//! Messages in gzip (RFC 1952), by flate2.
//! It refuses to bound what comes out: that is `bounded.rs`.

use std::cell::RefCell;
use std::io;

use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression as Level, Crc, FlushCompress, Status};

use super::{Coder, bounded};

/// Three to ten times as fast as the usual 6, for results that are a tenth to a fifth larger: a caller waits for it,
/// and a connection of a server may (figures in `docs/decisions/0006-compression.md`).
const LEVEL: u32 = 1;

/// Deflate follows; no name, time or flag; of no system (255).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The checksum and the length of the message, four bytes each.
const TRAILER: usize = 8;

thread_local! {
    /// Its tables take some 300 KiB: kept for the next message, as long as the thread lives.
    static DEFLATE: RefCell<Option<Compress>> = const { RefCell::new(None) };
}

pub(super) static CODER: Coder = Coder {
    name: "gzip",
    compress,
    decompress,
};

fn compress(message: &[u8], out: &mut [u8]) -> Option<usize> {
    let (header, out) = out.split_at_mut_checked(HEADER.len())?;
    let (room, _) = out.split_at_mut_checked(out.len().checked_sub(TRAILER)?)?;
    let deflated = DEFLATE.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        deflate(&mut kept, message, room)
    });
    let len = deflated.ok().flatten()?;
    let mut crc = Crc::new();
    crc.update(message);
    header.copy_from_slice(&HEADER);
    let (sum, size) = out.get_mut(len..len + TRAILER)?.split_at_mut(TRAILER / 2);
    sum.copy_from_slice(&crc.sum().to_le_bytes());
    // Of the length the format keeps the lowest 32 bits.
    size.copy_from_slice(&(message.len() as u32).to_le_bytes());
    Some(HEADER.len() + len + TRAILER)
}

fn deflate(kept: &mut Option<Compress>, message: &[u8], room: &mut [u8]) -> Option<usize> {
    let deflate = kept.get_or_insert_with(|| Compress::new(Level::new(LEVEL), false));
    // A message that did not fit, or whose compression panicked, may have left something.
    deflate.reset();
    match deflate.compress(message, room, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => usize::try_from(deflate.total_out()).ok(),
        Ok(Status::Ok | Status::BufError) | Err(_) => None,
    }
}

/// One member, and nothing behind it, as gRPC's C core has it: nobody sends more in a message, and a great many empty
/// ones would cost thirty times the time of any other message of their size.
fn decompress(compressed: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut decoder = GzDecoder::new(compressed);
    let message = bounded::read(&mut decoder, compressed.len(), limit)?;
    bounded::is_all(decoder.get_ref(), message)
}
