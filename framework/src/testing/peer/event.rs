//! What comes from a peer: frames with their header blocks read.
//! It refuses to leave out what no peer should send.

use bytes::{Buf as _, Bytes};

use crate::testing::frame::{ErrorCode, Frame, FrameKind, Setting};
use crate::testing::hpack::Fields;

/// What a peer did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// HEADERS, with the CONTINUATIONs that belong to it.
    Headers {
        /// Its stream.
        stream: u32,
        /// The whole block.
        fields: Fields,
        /// It is the peer's last on the stream.
        end: bool,
    },
    /// DATA, padding taken off.
    Data {
        /// Its stream.
        stream: u32,
        /// What it carries.
        data: Bytes,
        /// It is the peer's last on the stream.
        end: bool,
    },
    /// RST_STREAM.
    Reset {
        /// Its stream.
        stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// SETTINGS; acknowledged already, unless the script does that itself ([`super::Conn::answers`]).
    Settings(Vec<(Setting, u32)>),
    /// Our SETTINGS hold.
    SettingsAck,
    /// PING; answered already, unless the script does that itself.
    Ping([u8; 8]),
    /// Our PING came back.
    PingAck([u8; 8]),
    /// GOAWAY.
    GoAway {
        /// Streams of ours above it were not processed.
        last: u32,
        /// Why.
        code: ErrorCode,
        /// What the peer says besides.
        debug: Bytes,
    },
    /// WINDOW_UPDATE.
    WindowUpdate {
        /// Its stream, or 0 for the connection.
        stream: u32,
        /// So many more may be sent.
        bytes: u32,
    },
    /// Any other frame, and those above when they are of no form that the RFC knows.
    Other(Frame),
    /// The peer has closed its half, or all of the connection; nothing comes after it.
    Closed(Closed),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer closed its half.
    Eof,
    /// The connection broke: mostly by a reset of TCP.
    Broken(std::io::ErrorKind),
}

impl Event {
    /// A frame without a header block.
    pub(super) fn of(frame: Frame) -> Self {
        Self::known(&frame).unwrap_or(Self::Other(frame))
    }

    fn known(frame: &Frame) -> Option<Self> {
        let stream = frame.stream;
        let mut payload = frame.payload.clone();
        let ack = frame.has(Frame::ACK);
        Some(match frame.kind {
            FrameKind::Data => Self::Data {
                stream,
                data: without_padding(frame)?,
                end: frame.has(Frame::END_STREAM),
            },
            FrameKind::Reset => Self::Reset {
                stream,
                code: word(&mut payload)?.into(),
            },
            FrameKind::Settings if ack => Self::SettingsAck,
            FrameKind::Settings if payload.len().is_multiple_of(6) => {
                let setting = |one: &[u8]| {
                    let mut one = one;
                    (one.get_u16().into(), one.get_u32())
                };
                Self::Settings(payload.chunks(6).map(setting).collect())
            }
            FrameKind::Ping => {
                let payload = payload.as_ref().try_into().ok()?;
                if ack {
                    Self::PingAck(payload)
                } else {
                    Self::Ping(payload)
                }
            }
            FrameKind::GoAway => Self::GoAway {
                last: word(&mut payload)?,
                code: word(&mut payload)?.into(),
                debug: payload,
            },
            FrameKind::WindowUpdate => Self::WindowUpdate {
                stream,
                bytes: word(&mut payload)?,
            },
            _ => return None,
        })
    }

    /// What it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Data { data, .. } => data.len(),
            Self::GoAway { debug, .. } => debug.len(),
            Self::Other(frame) => frame.payload.len(),
            Self::Headers { fields, .. } => fields
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum(),
            _ => 0,
        }
    }
}

fn word(payload: &mut Bytes) -> Option<u32> {
    payload.try_get_u32().ok()
}

/// The payload of DATA or HEADERS without its padding; nothing where that is longer than the payload.
pub(super) fn without_padding(frame: &Frame) -> Option<Bytes> {
    let mut payload = frame.payload.clone();
    if frame.has(Frame::PADDED) {
        let padding = usize::from(payload.try_get_u8().ok()?);
        payload.truncate(payload.len().checked_sub(padding)?);
    }
    Some(payload)
}
