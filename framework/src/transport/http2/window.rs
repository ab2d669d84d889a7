//! How many bytes HTTP/2 may bring before somebody reads them, on both ends.
//! It refuses to adapt: a window is one number for the life of a connection
//! (`docs/decisions/0002-flow-control-windows.md`).

/// Unread bytes that one stream may hold: a round trip of 10 ms at 26 MB/s, and what a sender of ours holds four times
/// over.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;

/// The largest window there is (RFC 9113, section 6.9.1).
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// Unread bytes that `streams` of a connection may hold together: all that each of them may, so that those which
/// nobody reads leave the others their own. HTTP/2 gives a connection's window back only as its streams are read.
pub(crate) const fn connection_window(streams: u32) -> u32 {
    let window = STREAM_WINDOW.saturating_mul(streams);
    if window < MAX_WINDOW {
        window
    } else {
        MAX_WINDOW
    }
}

/// A connection's window as a server sets it: one of few streams has more than these may send. From its half the
/// library takes what small frames cost it beside what they carry, 256 bytes each; one stream of messages of no bytes
/// must be able to fill its window, though nobody reads it.
pub(crate) fn server_window(streams: u32) -> u32 {
    /// So many streams' windows pay for one of frames of five bytes, twice 251 bytes each.
    const AT_LEAST: u32 = 2 * 251 / 5 + 1;
    connection_window(streams.max(AT_LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_holds_what_its_streams_may() {
        for (streams, window) in [
            (1, 262_144),
            (1000, 262_144_000),
            (4096, 1 << 30),
            (8191, 8191 * 262_144),
            (8192, MAX_WINDOW),
            (u32::MAX, MAX_WINDOW),
        ] {
            assert_eq!(connection_window(streams), window, "{streams} streams");
        }
    }
}
