//! Length-prefixed messages: the five bytes that gRPC puts in front of each
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
//! It refuses to read or write a socket.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::method::Codec;
use super::{Code, Compression, Status, room};

/// One compression flag, then the length of the message as a big-endian `u32`.
pub(crate) const PREFIX: usize = 5;

/// Largest message that is sent or taken unless told otherwise: gRPC's own default for what is received.
pub const DEFAULT_MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// What errors call a message, by the way that it goes.
const TO_SEND: &str = "a message to send";
const RECEIVED: &str = "a received message";

/// A bound on the size of messages, and the setting that raises it, as errors name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    pub(crate) setting: &'static str,
}

impl Limit {
    /// For raw calls that no channel or server has set a limit for yet.
    pub(crate) const DEFAULT: Self = Self {
        bytes: DEFAULT_MAX_MESSAGE_BYTES,
        setting: "`max_reply_bytes`",
    };

    /// Checks a message that came without passing a [`Deframer`].
    pub(crate) fn check_framed(self, framed: &Bytes) -> Result<(), Status> {
        self.check_received(framed.len().saturating_sub(PREFIX))
    }

    /// Checks a message that is sent as it is.
    pub(crate) fn check_framed_to_send(self, framed: &Bytes) -> Result<(), Status> {
        self.check(framed.len().saturating_sub(PREFIX), TO_SEND)
    }

    /// The status of a message that came compressed and is too large.
    pub(crate) fn exceeded_unpacked(self) -> Status {
        Status::resource_exhausted(format!(
            "{RECEIVED} that came compressed is over the limit of {} bytes; raise it with {}",
            self.bytes, self.setting
        ))
        .of_message()
    }

    fn check_received(self, len: usize) -> Result<(), Status> {
        self.check(len, RECEIVED).map_err(Status::of_message)
    }

    fn check(self, len: usize, what: &str) -> Result<(), Status> {
        if len <= self.bytes && u32::try_from(len).is_ok() {
            return Ok(());
        }
        Err(Status::resource_exhausted(format!(
            "{what} of {len} bytes is over the limit of {} bytes; raise it with {}",
            self.bytes, self.setting
        )))
    }
}

/// One encoded message with its prefix: what a unary call sends. Clones are cheap.
///
/// # Errors
/// RESOURCE_EXHAUSTED when the message is over `limit`.
pub(crate) fn encode<T>(codec: Codec<T>, message: &T, limit: Limit) -> Result<Bytes, Status> {
    let len = (codec.len)(message);
    limit.check(len, TO_SEND)?;
    Ok(room::cut(PREFIX + len, |out| put(codec, message, len, out)))
}

/// Appends one message with its prefix to what a stream is about to send.
///
/// # Errors
/// RESOURCE_EXHAUSTED when the message is over `limit`; `out` is as before then.
pub(crate) fn encode_into<T>(
    codec: Codec<T>,
    message: &T,
    limit: Limit,
    out: &mut BytesMut,
) -> Result<(), Status> {
    let len = (codec.len)(message);
    limit.check(len, TO_SEND)?;
    out.reserve(PREFIX + len);
    put(codec, message, len, out);
    Ok(())
}

fn put<T>(codec: Codec<T>, message: &T, len: usize, out: &mut BytesMut) {
    out.put_u8(0);
    out.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    (codec.encode)(message, out);
}

/// Puts the prefix before bytes that are encoded already.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX + message.len());
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

/// Decodes a message that came without its prefix.
///
/// # Errors
/// INTERNAL, saying what did not parse.
pub(crate) fn decode<T>(codec: Codec<T>, message: Bytes, what: &str) -> Result<T, Status> {
    (codec.decode)(message).map_err(|error| {
        Status::new(
            Code::Internal,
            format!(
                "{what} does not decode: {error}; do both sides use the same version of the IDL?"
            ),
        )
    })
}

/// Cuts a stream of bytes into messages, without copying those that arrive in one piece.
#[derive(Debug)]
pub(crate) struct Deframer {
    /// What has arrived in one piece.
    chunk: Bytes,
    /// The start of a message that spans pieces; empty if none does.
    partial: BytesMut,
    limit: Limit,
    /// How messages are compressed that say that they are.
    compression: Option<Compression>,
    /// The message that was given last came compressed.
    compressed: bool,
}

impl Deframer {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            chunk: Bytes::new(),
            partial: BytesMut::new(),
            limit,
            compression: None,
            compressed: false,
        }
    }

    /// Decompresses messages that come compressed, as the head before them says.
    pub(crate) fn decompress(&mut self, compression: Option<Compression>) {
        self.compression = compression;
    }

    /// Did the message that was given last come compressed?
    pub(crate) fn was_compressed(&self) -> bool {
        self.compressed
    }

    /// Takes in the next piece. Call [`Deframer::next`] until it gives `None` first.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(&piece);
        } else if self.chunk.is_empty() {
            self.chunk = piece;
        } else {
            self.partial.extend_from_slice(&self.chunk);
            self.partial.extend_from_slice(&piece);
            self.chunk = Bytes::new();
        }
    }

    /// Is there the beginning of a message whose end has not come?
    pub(crate) fn is_partial(&self) -> bool {
        !self.partial.is_empty() || !self.chunk.is_empty()
    }

    /// Bytes of memory that what has come holds.
    pub(crate) fn held(&self) -> usize {
        self.chunk.len() + self.partial.capacity()
    }

    /// The next whole message, without its prefix; `None` when more bytes are needed.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED over the limit (before its bytes are waited for, and while it is decompressed), INTERNAL for
    /// a bad prefix, for a compressed message that the head did not announce, and for one that does not decompress.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Status> {
        Ok(self.next_framed()?.map(|mut framed| {
            framed.advance(PREFIX);
            framed
        }))
    }

    /// As [`Deframer::next`], with the prefix: as it would be sent.
    pub(crate) fn next_framed(&mut self) -> Result<Option<Bytes>, Status> {
        let seen: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let arrived = seen.len();
        let Some(len) = self.length(seen)? else {
            return Ok(None);
        };
        if arrived < PREFIX + len {
            self.reserve(PREFIX + len);
            return Ok(None);
        }
        let framed = if self.partial.is_empty() {
            self.chunk.split_to(PREFIX + len)
        } else {
            let framed = self.partial.split_to(PREFIX + len).freeze();
            if !self.partial.is_empty() {
                self.chunk = self.partial.split().freeze();
            }
            self.partial = BytesMut::new();
            framed
        };
        match self.compression {
            None => Ok(Some(framed)),
            Some(compression) => self.unpack(compression, framed).map(Some),
        }
    }

    fn unpack(&mut self, compression: Compression, framed: Bytes) -> Result<Bytes, Status> {
        self.compressed = framed.first() == Some(&1);
        match framed.get(PREFIX..) {
            Some(message) if self.compressed => compression.unpack(message, self.limit),
            _ => Ok(framed),
        }
    }

    fn length(&self, seen: &[u8]) -> Result<Option<usize>, Status> {
        let Some((&flag, rest)) = seen.split_first() else {
            return Ok(None);
        };
        match flag {
            0 => {}
            1 if self.compression.is_some() => {}
            1 => {
                return Err(Status::broken(
                    "the peer sent a compressed message, and its head (grpc-encoding) names no compression",
                ));
            }
            other => {
                return Err(Status::new(
                    Code::Internal,
                    format!(
                        "the peer sent {other} where a message begins with 0 or 1: is it speaking gRPC?"
                    ),
                ));
            }
        }
        let Some(len) = rest.first_chunk::<4>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*len) as usize;
        self.limit.check_received(len)?;
        Ok(Some(len))
    }

    /// A message spans pieces: make room for all of it, once, but not before a fair part of it has come
    /// (a peer that only claims a large message does not get memory for it).
    fn reserve(&mut self, total: usize) {
        const TRUSTED: usize = 64 * 1024;
        if self.partial.is_empty() {
            self.partial = BytesMut::with_capacity(total.min(TRUSTED).max(self.chunk.len()));
            self.partial.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
        } else if self.partial.len() * 2 >= self.partial.capacity() {
            let more = total.min(self.partial.len() * 4) - self.partial.len();
            self.partial.reserve(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Limit = Limit {
        bytes: 1000,
        setting: "`max_reply_bytes`",
    };

    proptest! {
        #[test]
        fn whatever_the_pieces_the_messages_are_the_same(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8),
            cuts in proptest::collection::vec(1usize..64, 1..200),
        ) {
            let mut wire = BytesMut::new();
            for message in &messages {
                wire.extend_from_slice(&frame(message));
            }
            let mut wire = wire.freeze();
            let mut deframer = Deframer::new(LIMIT);
            let mut got = Vec::new();
            let mut cuts = cuts.iter().cycle();
            while !wire.is_empty() {
                let n = (*cuts.next().unwrap()).min(wire.len());
                deframer.push(wire.split_to(n));
                while let Some(message) = deframer.next().unwrap() {
                    got.push(message.to_vec());
                }
            }
            prop_assert!(!deframer.is_partial());
            prop_assert_eq!(got, messages);
        }

        #[test]
        fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut deframer = Deframer::new(LIMIT);
            for piece in pieces {
                deframer.push(piece.into());
                while let Ok(Some(_)) = deframer.next() {}
            }
        }
    }

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let piece = frame(b"hello");
        let at = piece.as_ptr();
        let mut deframer = Deframer::new(LIMIT);
        deframer.push(piece);
        let message = deframer.next().unwrap().unwrap();
        assert_eq!(&message[..], b"hello");
        assert_eq!(message.as_ptr(), at.wrapping_add(PREFIX));
    }

    #[test]
    fn a_claim_over_the_limit_is_refused_at_its_prefix() {
        let mut deframer = Deframer::new(LIMIT);
        deframer.push(Bytes::from_static(&[0, 0, 0, 0x10, 0]));
        let status = deframer.next().unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(
            status.message(),
            "a received message of 4096 bytes is over the limit of 1000 bytes; raise it with `max_reply_bytes`"
        );
    }

    #[test]
    fn bad_prefixes_are_named() {
        for (bytes, code) in [
            (&[1u8, 0, 0, 0, 0][..], Code::Internal),
            (&[80, 79, 83, 84, 32], Code::Internal),
        ] {
            let mut deframer = Deframer::new(LIMIT);
            deframer.push(Bytes::from_static(bytes));
            assert_eq!(deframer.next().unwrap_err().code(), code);
        }
    }
}
