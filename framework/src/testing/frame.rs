//! One frame of HTTP/2 as bytes (RFC 9113, sections 4 and 6): builders for those that a script sends, and the reader of
//! those that come.
//! It refuses to judge: it writes what no peer may send as readily as what every peer does.

use std::fmt;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::hpack::Fields;

/// What every client's connection begins with: RFC 9113, section 3.4.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before the payload: 24 bits of length, 8 of type, 8 of flags, 32 of stream (section 4.1).
const HEAD: usize = 9;

/// A frame of HTTP/2.
///
/// ```
/// use sinew::testing::{Frame, FrameKind};
///
/// let ping = Frame::ping(*b"01234567");
/// assert_eq!(ping.encode()[..9], [0, 0, 8, 6, 0, 0, 0, 0, 0]);
/// // What no peer may send is built by hand.
/// let stray = Frame::new(FrameKind::Continuation, 0, 7, "not a header block");
/// assert_eq!(stray.to_string(), "CONTINUATION on stream 7, 18 bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: FrameKind,
    /// Its flags: a bit means what the type says. See the constants of this type.
    pub flags: u8,
    /// The stream it is about; 0 is the connection.
    pub stream: u32,
    /// What follows its head: at most 2²⁴ − 1 bytes.
    pub payload: Bytes,
}

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// DATA, 0x0.
    Data,
    /// HEADERS, 0x1.
    Headers,
    /// PRIORITY, 0x2.
    Priority,
    /// RST_STREAM, 0x3.
    Reset,
    /// SETTINGS, 0x4.
    Settings,
    /// PUSH_PROMISE, 0x5.
    PushPromise,
    /// PING, 0x6.
    Ping,
    /// GOAWAY, 0x7.
    GoAway,
    /// WINDOW_UPDATE, 0x8.
    WindowUpdate,
    /// CONTINUATION, 0x9.
    Continuation,
    /// Any other: peers have to ignore it (section 4.1).
    Unknown(u8),
}

/// A parameter of SETTINGS (section 6.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// HEADER_TABLE_SIZE, in bytes; 4,096 unless sent.
    HeaderTableSize,
    /// ENABLE_PUSH, 0 or 1.
    EnablePush,
    /// MAX_CONCURRENT_STREAMS.
    MaxConcurrentStreams,
    /// INITIAL_WINDOW_SIZE, in bytes; 65,535 unless sent.
    InitialWindowSize,
    /// MAX_FRAME_SIZE, in bytes; 16,384 unless sent.
    MaxFrameSize,
    /// MAX_HEADER_LIST_SIZE, in bytes.
    MaxHeaderListSize,
    /// Any other: peers have to ignore it.
    Unknown(u16),
}

/// Codes of RST_STREAM and GOAWAY (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 0x0
    NoError,
    /// 0x1
    ProtocolError,
    /// 0x2
    InternalError,
    /// 0x3
    FlowControlError,
    /// 0x4
    SettingsTimeout,
    /// 0x5
    StreamClosed,
    /// 0x6
    FrameSizeError,
    /// 0x7: nothing of the stream was processed.
    RefusedStream,
    /// 0x8
    Cancel,
    /// 0x9
    CompressionError,
    /// 0xa
    ConnectError,
    /// 0xb: the peer is taken for an attacker.
    EnhanceYourCalm,
    /// 0xc
    InadequateSecurity,
    /// 0xd
    Http11Required,
    /// Any other.
    Unknown(u32),
}

impl Frame {
    /// Of DATA and HEADERS: the sender's last on the stream.
    pub const END_STREAM: u8 = 0x1;
    /// Of SETTINGS and PING: an answer.
    pub const ACK: u8 = 0x1;
    /// Of HEADERS, PUSH_PROMISE and CONTINUATION: the block is whole.
    pub const END_HEADERS: u8 = 0x4;
    /// Of DATA, HEADERS and PUSH_PROMISE: the payload begins with the length of padding and ends with the padding.
    pub const PADDED: u8 = 0x8;
    /// Of HEADERS: five bytes of priority come first.
    pub const PRIORITY: u8 = 0x20;

    /// Any frame.
    pub fn new(kind: FrameKind, flags: u8, stream: u32, payload: impl Into<Bytes>) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.into(),
        }
    }

    /// DATA.
    pub fn data(stream: u32, payload: impl Into<Bytes>, end: bool) -> Self {
        let flags = if end { Self::END_STREAM } else { 0 };
        Self::new(FrameKind::Data, flags, stream, payload)
    }

    /// HEADERS with the whole block in one frame, uncompressed and never in the peer's table.
    pub fn headers(stream: u32, fields: &Fields, end: bool) -> Self {
        let end = if end { Self::END_STREAM } else { 0 };
        Self::new(
            FrameKind::Headers,
            end | Self::END_HEADERS,
            stream,
            fields.encode(),
        )
    }

    /// HEADERS with a part of a block, which CONTINUATION goes on with.
    pub fn headers_part(stream: u32, block: impl Into<Bytes>, end: bool) -> Self {
        let flags = if end { Self::END_STREAM } else { 0 };
        Self::new(FrameKind::Headers, flags, stream, block)
    }

    /// CONTINUATION: the next part of a block, `last` or not.
    pub fn continuation(stream: u32, block: impl Into<Bytes>, last: bool) -> Self {
        let flags = if last { Self::END_HEADERS } else { 0 };
        Self::new(FrameKind::Continuation, flags, stream, block)
    }

    /// PRIORITY: depends on `on`, with `weight`. Long deprecated; peers ignore it, and have to read it.
    pub fn priority(stream: u32, on: u32, weight: u8) -> Self {
        let mut payload = BytesMut::with_capacity(5);
        payload.put_u32(on);
        payload.put_u8(weight);
        Self::new(FrameKind::Priority, 0, stream, payload)
    }

    /// RST_STREAM.
    pub fn reset(stream: u32, code: ErrorCode) -> Self {
        let code = Bytes::copy_from_slice(&u32::from(code).to_be_bytes());
        Self::new(FrameKind::Reset, 0, stream, code)
    }

    /// SETTINGS.
    pub fn settings(settings: &[(Setting, u32)]) -> Self {
        let mut payload = BytesMut::with_capacity(6 * settings.len());
        for (setting, value) in settings {
            payload.put_u16((*setting).into());
            payload.put_u32(*value);
        }
        Self::new(FrameKind::Settings, 0, 0, payload)
    }

    /// The answer to SETTINGS.
    pub fn settings_ack() -> Self {
        Self::new(FrameKind::Settings, Self::ACK, 0, Bytes::new())
    }

    /// PUSH_PROMISE of `promised`, with the head of the request that it answers.
    pub fn push_promise(stream: u32, promised: u32, fields: &Fields) -> Self {
        let mut payload = BytesMut::new();
        payload.put_u32(promised);
        payload.put(fields.encode());
        Self::new(FrameKind::PushPromise, Self::END_HEADERS, stream, payload)
    }

    /// PING.
    pub fn ping(payload: [u8; 8]) -> Self {
        let payload = Bytes::copy_from_slice(&payload);
        Self::new(FrameKind::Ping, 0, 0, payload)
    }

    /// The answer to a PING.
    pub fn ping_ack(payload: [u8; 8]) -> Self {
        Self {
            flags: Self::ACK,
            ..Self::ping(payload)
        }
    }

    /// GOAWAY: streams of the peer up to `last` may have been processed, those above it were not.
    pub fn go_away(last: u32, code: ErrorCode, debug: &str) -> Self {
        let mut payload = BytesMut::with_capacity(8 + debug.len());
        payload.put_u32(last);
        payload.put_u32(code.into());
        payload.put_slice(debug.as_bytes());
        Self::new(FrameKind::GoAway, 0, 0, payload)
    }

    /// WINDOW_UPDATE: so many bytes more of the stream, or of the connection (0), may be sent to us.
    pub fn window_update(stream: u32, bytes: u32) -> Self {
        let payload = Bytes::copy_from_slice(&bytes.to_be_bytes());
        Self::new(FrameKind::WindowUpdate, 0, stream, payload)
    }

    /// The frame as it is sent. A payload of more than 2²⁴ − 1 bytes cannot be told in its head: the length is cut.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEAD + self.payload.len());
        self.write_to(&mut out);
        out.freeze()
    }

    pub(super) fn write_to(&self, out: &mut BytesMut) {
        out.put_uint(self.payload.len() as u64 & 0x00ff_ffff, 3);
        out.put_u8(self.kind.into());
        out.put_u8(self.flags);
        out.put_u32(self.stream);
        out.put_slice(&self.payload);
    }

    /// Takes the first frame of what has come, when it is whole.
    pub(super) fn read_from(bytes: &mut BytesMut) -> Option<Self> {
        let mut head = bytes.get(..HEAD)?;
        let len = usize::try_from(head.get_uint(3)).ok()?;
        if bytes.len() < HEAD + len {
            return None;
        }
        let mut frame = bytes.split_to(HEAD + len).freeze();
        frame.advance(3);
        let (kind, flags) = (frame.get_u8().into(), frame.get_u8());
        // The first bit is reserved, and ignored (section 4.1).
        let stream = frame.get_u32() & 0x7fff_ffff;
        Some(Self::new(kind, flags, stream, frame))
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag == flag
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        let ack = matches!(self.kind, FrameKind::Settings | FrameKind::Ping);
        let end = matches!(self.kind, FrameKind::Data | FrameKind::Headers);
        if ack && self.has(Self::ACK) {
            f.write_str(" ack")?;
        }
        if self.stream != 0 {
            write!(f, " on stream {}", self.stream)?;
        }
        if end && self.has(Self::END_STREAM) {
            f.write_str(", its last")?;
        }
        let mut payload = &self.payload[..];
        match self.kind {
            FrameKind::Reset if payload.len() == 4 => {
                write!(f, ", {:?}", ErrorCode::from(payload.get_u32()))
            }
            FrameKind::GoAway if payload.len() >= 8 => {
                let (last, code) = (payload.get_u32(), ErrorCode::from(payload.get_u32()));
                write!(f, ", last stream {last}, {code:?}")?;
                if !payload.is_empty() {
                    write!(f, " ({})", payload.escape_ascii())?;
                }
                Ok(())
            }
            FrameKind::WindowUpdate if payload.len() == 4 => {
                write!(f, ", {} bytes more", payload.get_u32())
            }
            _ if payload.is_empty() => Ok(()),
            _ => write!(f, ", {} bytes", payload.len()),
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "DATA",
            Self::Headers => "HEADERS",
            Self::Priority => "PRIORITY",
            Self::Reset => "RST_STREAM",
            Self::Settings => "SETTINGS",
            Self::PushPromise => "PUSH_PROMISE",
            Self::Ping => "PING",
            Self::GoAway => "GOAWAY",
            Self::WindowUpdate => "WINDOW_UPDATE",
            Self::Continuation => "CONTINUATION",
            Self::Unknown(kind) => return write!(f, "frame of type {kind:#x}"),
        })
    }
}

/// An enum for the numbers that a peer may send, known and unknown.
macro_rules! numbers {
    ($name:ident: $int:ty { $($number:literal = $known:ident),+ $(,)? }) => {
        impl From<$int> for $name {
            fn from(number: $int) -> Self {
                match number {
                    $($number => Self::$known,)+
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for $int {
            fn from(known: $name) -> Self {
                match known {
                    $($name::$known => $number,)+
                    $name::Unknown(other) => other,
                }
            }
        }
    };
}

numbers!(FrameKind: u8 {
    0x0 = Data,
    0x1 = Headers,
    0x2 = Priority,
    0x3 = Reset,
    0x4 = Settings,
    0x5 = PushPromise,
    0x6 = Ping,
    0x7 = GoAway,
    0x8 = WindowUpdate,
    0x9 = Continuation,
});

numbers!(Setting: u16 {
    0x1 = HeaderTableSize,
    0x2 = EnablePush,
    0x3 = MaxConcurrentStreams,
    0x4 = InitialWindowSize,
    0x5 = MaxFrameSize,
    0x6 = MaxHeaderListSize,
});

numbers!(ErrorCode: u32 {
    0x0 = NoError,
    0x1 = ProtocolError,
    0x2 = InternalError,
    0x3 = FlowControlError,
    0x4 = SettingsTimeout,
    0x5 = StreamClosed,
    0x6 = FrameSizeError,
    0x7 = RefusedStream,
    0x8 = Cancel,
    0x9 = CompressionError,
    0xa = ConnectError,
    0xb = EnhanceYourCalm,
    0xc = InadequateSecurity,
    0xd = Http11Required,
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn builders_write_what_the_rfc_draws() {
        for (frame, bytes) in [
            (
                Frame::data(1, "hi", true),
                &b"\0\0\x02\0\x01\0\0\0\x01hi"[..],
            ),
            (Frame::data(3, "", false), b"\0\0\0\0\0\0\0\0\x03"),
            (Frame::settings_ack(), b"\0\0\0\x04\x01\0\0\0\0"),
            (
                Frame::settings(&[(Setting::MaxFrameSize, 65_536), (Setting::Unknown(0xff), 7)]),
                b"\0\0\x0c\x04\0\0\0\0\0\0\x05\0\x01\0\0\0\xff\0\0\0\x07",
            ),
            (
                Frame::reset(5, ErrorCode::RefusedStream),
                b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x07",
            ),
            (
                Frame::go_away(9, ErrorCode::EnhanceYourCalm, "x"),
                b"\0\0\x09\x07\0\0\0\0\0\0\0\0\x09\0\0\0\x0bx",
            ),
            (
                Frame::window_update(1, 256),
                b"\0\0\x04\x08\0\0\0\0\x01\0\0\x01\0",
            ),
            (
                Frame::priority(3, 1, 16),
                b"\0\0\x05\x02\0\0\0\0\x03\0\0\0\x01\x10",
            ),
            (
                Frame::ping_ack([1; 8]),
                b"\0\0\x08\x06\x01\0\0\0\0\x01\x01\x01\x01\x01\x01\x01\x01",
            ),
            (
                Frame::continuation(1, "b", true),
                b"\0\0\x01\x09\x04\0\0\0\x01b",
            ),
            (
                Frame::headers_part(1, "b", true),
                b"\0\0\x01\x01\x01\0\0\0\x01b",
            ),
            (
                Frame::push_promise(1, 2, &Fields::new()),
                b"\0\0\x04\x05\x04\0\0\0\x01\0\0\0\x02",
            ),
        ] {
            assert_eq!(frame.encode(), bytes, "{frame}");
        }
    }

    #[test]
    fn a_frame_is_shown_in_the_words_of_the_rfc() {
        for (frame, shown) in [
            (
                Frame::data(1, "hi", true),
                "DATA on stream 1, its last, 2 bytes",
            ),
            (
                Frame::reset(5, ErrorCode::Unknown(99)),
                "RST_STREAM on stream 5, Unknown(99)",
            ),
            (
                Frame::go_away(0, ErrorCode::ProtocolError, "why\n"),
                "GOAWAY, last stream 0, ProtocolError (why\\n)",
            ),
            (Frame::ping_ack([0; 8]), "PING ack, 8 bytes"),
            (Frame::window_update(0, 5), "WINDOW_UPDATE, 5 bytes more"),
            (
                Frame::new(FrameKind::Reset, 0, 1, "ab"),
                "RST_STREAM on stream 1, 2 bytes",
            ),
            (
                Frame::new(FrameKind::Unknown(0xfe), 0, 0, ""),
                "frame of type 0xfe",
            ),
        ] {
            assert_eq!(frame.to_string(), shown);
        }
    }

    fn frames() -> impl Strategy<Value = Frame> {
        let payload = proptest::collection::vec(any::<u8>(), 0..300);
        (any::<u8>(), any::<u8>(), 0..1_u32 << 31, payload).prop_map(
            |(kind, flags, stream, payload)| Frame::new(kind.into(), flags, stream, payload),
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            frames in proptest::collection::vec(frames(), 0..8),
            cut in 1..64_usize,
        ) {
            let mut bytes = BytesMut::new();
            for frame in &frames {
                frame.write_to(&mut bytes);
            }
            let (mut come, mut read) = (BytesMut::new(), Vec::new());
            for piece in bytes.chunks(cut) {
                come.extend_from_slice(piece);
                read.extend(std::iter::from_fn(|| Frame::read_from(&mut come)));
            }
            prop_assert_eq!(read, frames);
            prop_assert!(come.is_empty());
        }
    }

    #[test]
    fn numbers_are_kept_known_or_not() {
        for number in 0..=u8::MAX {
            assert_eq!(u8::from(FrameKind::from(number)), number);
            assert_eq!(
                u16::from(Setting::from(u16::from(number))),
                u16::from(number)
            );
            assert_eq!(
                u32::from(ErrorCode::from(u32::from(number))),
                u32::from(number)
            );
        }
        assert_eq!(FrameKind::from(9), FrameKind::Continuation);
        assert_eq!(Setting::from(6), Setting::MaxHeaderListSize);
        assert_eq!(ErrorCode::from(13), ErrorCode::Http11Required);
        assert_eq!(ErrorCode::from(14), ErrorCode::Unknown(14));
    }
}
