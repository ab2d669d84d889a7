//! Compression of messages: what is built in, how the wire names it, and what compressing and decompressing one gives.
//! It refuses to decide whether a call is compressed, and to keep anything of one message for the next.

#[cfg(any(feature = "gzip", feature = "zstd"))]
mod bounded;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::frame::{Limit, PREFIX};
use super::{Code, Status, wire};

/// Smaller messages are sent as they are: with their heads they fit into one TCP segment on Ethernet (1,460 bytes)
/// anyway, so that compressing them would cost time and save no packet.
pub(crate) const SMALLEST: usize = 1024;

/// A way to compress messages. A variant is there when the feature of its name is: `gzip`, `zstd`.
///
/// What is built in is taken from every peer. It is sent only where it is switched on, for a channel
/// ([`ChannelBuilder::compress`]), a call ([`Call::compress`]) or a server ([`Server::compress`]); then messages of
/// 1 KiB and more that become smaller go out compressed, one by one, and all others as they are.
///
/// Do not compress what has a secret in it beside text that an attacker can choose: its length betrays the secret
/// (CRIME, BREACH).
///
/// [`ChannelBuilder::compress`]: crate::ChannelBuilder::compress
/// [`Call::compress`]: crate::Call::compress
/// [`Server::compress`]: crate::Server::compress
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// What every implementation of gRPC takes (RFC 1952), at its fastest level.
    #[cfg(feature = "gzip")]
    Gzip,
    /// Smaller and several times faster (RFC 8878), for peers that are known to take it: Sinew, and tonic.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// What there is to know of one way.
struct Coder {
    /// Its name in `grpc-encoding`.
    name: &'static str,
    /// Compresses to the start of a buffer, and says how much that is; nothing when it does not fit.
    compress: fn(&[u8], &mut [u8]) -> Option<usize>,
    decompress: Decompress,
}

/// Decompresses, behind the prefix of a message that did not come compressed; nothing when it has more bytes than the
/// limit that is given.
type Decompress = fn(&[u8], usize) -> io::Result<Option<Vec<u8>>>;

/// What is built in.
const BUILT_IN: &[Compression] = &[
    #[cfg(feature = "gzip")]
    Compression::Gzip,
    #[cfg(feature = "zstd")]
    Compression::Zstd,
];

/// `grpc-accept-encoding`: what is taken.
pub(crate) static ACCEPTED: HeaderValue = HeaderValue::from_static(ACCEPTED_NAMES);

const ACCEPTED_NAMES: &str = match (cfg!(feature = "gzip"), cfg!(feature = "zstd")) {
    (false, false) => "identity",
    (true, false) => "identity,gzip",
    (false, true) => "identity,zstd",
    (true, true) => "identity,gzip,zstd",
};

/// Whether there is more to take than messages as they are: a peer that is not told takes it that there is not.
pub(crate) const IS_BUILT_IN: bool = !BUILT_IN.is_empty();

/// A `grpc-encoding` that is not built in; shown, it says what is.
#[derive(Debug)]
pub(crate) struct Unknown(HeaderValue);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}, which is not taken here; what is: {ACCEPTED_NAMES}",
            self.0
        )
    }
}

impl Compression {
    /// What a head says of the messages behind it: nothing when they come as they are.
    ///
    /// # Errors
    /// When they are compressed in a way that is not built in.
    pub(crate) fn from_head(headers: &HeaderMap) -> Result<Option<Self>, Unknown> {
        match headers.get(&wire::GRPC_ENCODING) {
            None => Ok(None),
            Some(value) if value == "identity" => Ok(None),
            Some(value) => {
                let known = BUILT_IN.iter().find(|known| value == known.name());
                known
                    .copied()
                    .map(Some)
                    .ok_or_else(|| Unknown(value.clone()))
            }
        }
    }

    /// Does the peer that sent this head take it?
    pub(crate) fn is_accepted(self, headers: &HeaderMap) -> bool {
        headers
            .get_all(&wire::GRPC_ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|name| name.trim() == self.name())
    }

    /// `grpc-encoding`
    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn name(self) -> &'static str {
        self.coder().name
    }

    fn coder(self) -> &'static Coder {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => &gzip::CODER,
            #[cfg(feature = "zstd")]
            Self::Zstd => &zstd::CODER,
        }
    }

    /// A message with its prefix, compressed; as it came when it is too small for that, or becomes no smaller.
    pub(crate) fn pack(self, framed: Bytes) -> Bytes {
        let packed = framed
            .split_at_checked(PREFIX)
            .and_then(|(prefix, message)| {
                let plain = prefix.first() == Some(&0) && message.len() >= SMALLEST;
                plain.then(|| self.smaller(message)).flatten()
            });
        packed.unwrap_or(framed)
    }

    fn smaller(self, message: &[u8]) -> Option<Bytes> {
        // A byte less than it is, so that what does not become smaller does not fit.
        let mut out = vec![0; PREFIX + message.len() - 1];
        let (prefix, room) = out.split_at_mut_checked(PREFIX)?;
        let len = (self.coder().compress)(message, room)?;
        prefix[0] = 1;
        prefix[1..].copy_from_slice(&u32::try_from(len).ok()?.to_be_bytes());
        out.truncate(PREFIX + len);
        Some(trimmed(out))
    }

    /// A message that came compressed, with the prefix of one that did not. The buffer begins at twice of what came,
    /// and doubles when it is full, up to `limit`: what a peer says of the size is not asked.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when more than `limit` comes out; INTERNAL when it is broken, or something is behind it.
    pub(crate) fn unpack(self, compressed: &[u8], limit: Limit) -> Result<Bytes, Status> {
        if compressed.is_empty() {
            return Err(self.broken(&"it is empty"));
        }
        match (self.coder().decompress)(compressed, limit.bytes) {
            Ok(Some(framed)) => Ok(trimmed(framed)),
            Ok(None) => Err(limit.exceeded_unpacked()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn broken(self, why: &dyn fmt::Display) -> Status {
        let name = self.name();
        let message =
            format!("a compressed message is no {name} from its first byte to its last: {why}");
        Status::new(Code::Internal, message)
    }
}

/// Messages may stay for long, and are not to hold much more than they are.
fn trimmed(mut out: Vec<u8>) -> Bytes {
    if out.capacity() / 2 > out.len() {
        out.shrink_to_fit();
    }
    out.into()
}
