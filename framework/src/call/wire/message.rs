//! `grpc-message`: text in percent-encoding.
//! It shortens what is too long to send, and never refuses what a peer sent.

use std::borrow::Cow;

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

/// What gRPC wants encoded: all but space and the visible characters of ASCII, and `%` itself.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The longest encoded message that is sent, in bytes. Peers bound a whole header block (C-core
/// to 8 KiB softly, hyper to 16 KiB), and a block above that would cost the status as well.
pub(super) const MAX_MESSAGE: usize = 8 * 1024;

/// The message as a header value, cut at a character so that its encoded form is at most 8 KiB.
pub(crate) fn encode_message(message: &str) -> HeaderValue {
    let encoded = Cow::from(utf8_percent_encode(shorten(message), ENCODED));
    // Nothing is left that a header could refuse: the empty value is never taken.
    HeaderValue::from_str(&encoded).unwrap_or(HeaderValue::from_static(""))
}

/// The message that a peer meant: sequences that are not valid are kept as they came, bytes that
/// are not UTF-8 are replaced.
pub(crate) fn decode_message(value: &HeaderValue) -> String {
    percent_decode(value.as_bytes())
        .decode_utf8_lossy()
        .into_owned()
}

/// The longest start of `message` whose encoded form fits.
pub(super) fn shorten(message: &str) -> &str {
    if message.len() <= MAX_MESSAGE / 3 {
        return message;
    }
    let mut encoded = 0;
    for (at, char) in message.char_indices() {
        let plain = matches!(char, ' '..='~') && char != '%';
        encoded += if plain { 1 } else { 3 * char.len_utf8() };
        if encoded > MAX_MESSAGE {
            return &message[..at];
        }
    }
    message
}
