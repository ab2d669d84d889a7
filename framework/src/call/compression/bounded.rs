//! What comes out of a decompressor, within a limit.
//! It refuses to trust what a peer says of the size: memory follows what has come out.

use std::io::{self, Read};

use crate::call::frame::PREFIX;

/// What the buffer begins with at least, in bytes.
const FIRST_ROOM: usize = 512;

/// Reads a message to its end, with the prefix of one that did not come compressed; nothing when it has more than
/// `limit` bytes. `compressed` is its size now.
///
/// # Errors
/// The reader's.
pub(super) fn read(
    mut reader: impl Read,
    compressed: usize,
    limit: usize,
) -> io::Result<Option<Vec<u8>>> {
    // What a prefix can say, too.
    let most = PREFIX + limit.min(u32::MAX as usize);
    let first = (2 * compressed).max(FIRST_ROOM).saturating_add(PREFIX);
    let mut out = vec![0; first.min(most + 1)];
    let mut filled = PREFIX;
    loop {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled > most {
            return Ok(None);
        }
        if filled == out.len() {
            let more = filled.min(most + 1 - filled);
            out.reserve_exact(more);
            out.resize(filled + more, 0);
        }
    }
    out.truncate(filled);
    // It is no longer than a prefix can say.
    out[1..PREFIX].copy_from_slice(&((filled - PREFIX) as u32).to_be_bytes());
    Ok(Some(out))
}

/// The message, if `rest` of what came is nothing; one that is over the limit was not read to its end.
///
/// # Errors
/// When there is something behind it.
pub(super) fn is_all(rest: &[u8], message: Option<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    if message.is_some() && !rest.is_empty() {
        let message = format!("{} bytes stand behind its end", rest.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(message)
}
