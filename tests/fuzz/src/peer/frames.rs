//! The frames of a connection, taken apart and put together again: so that changed ones still get past the framing.
//! It refuses to understand a frame.

use sinew::testing::{Frame, FrameKind};

/// What every client's connection begins with (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before the payload of a frame (section 4.1).
pub(crate) const HEAD: usize = 9;

/// The bytes of a connection.
pub(crate) struct Parts {
    /// A preface, or nothing.
    pub(crate) preface: Vec<u8>,
    pub(crate) frames: Vec<Frame>,
    /// What is no whole frame.
    pub(crate) rest: Vec<u8>,
}

impl Parts {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let (preface, mut rest) = match bytes.strip_prefix(PREFACE) {
            Some(rest) => (PREFACE.to_vec(), rest),
            None => (Vec::new(), bytes),
        };
        let mut frames = Vec::new();
        while let Some((frame, after)) = first(rest) {
            frames.push(frame);
            rest = after;
        }
        Self {
            preface,
            frames,
            rest: rest.to_vec(),
        }
    }

    pub(crate) fn print(&self) -> Vec<u8> {
        let mut out = self.preface.clone();
        for frame in &self.frames {
            out.extend_from_slice(&frame.encode());
        }
        out.extend_from_slice(&self.rest);
        out
    }
}

fn first(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (&[a, b, c, kind, flags, s, t, u, v], after) = bytes.split_first_chunk::<HEAD>()?;
    let len = u32::from_be_bytes([0, a, b, c]);
    let (payload, rest) = after.split_at_checked(usize::try_from(len).ok()?)?;
    let stream = u32::from_be_bytes([s, t, u, v]);
    let frame = Frame::new(FrameKind::from(kind), flags, stream, payload.to_vec());
    Some((frame, rest))
}
