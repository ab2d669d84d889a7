//! How large a block of headers is, and how large one may be.
//! It refuses to shorten: what must go is for others to say.

use http::HeaderMap;

use crate::call::status::Status;

/// The largest block of headers or trailers that is sent, and that is taken, in bytes as RFC 9113 §6.5.2 counts them:
/// names, values, and 32 for each field.
///
/// Four times what peers on hyper take by default: they still answer such a block with 431, and close the connection
/// over a larger one.
pub(crate) const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What h2 is told to take: it refuses a block *of* the size that it is told.
pub(crate) const TAKEN_HEADER_BYTES: u32 = MAX_HEADER_BYTES as u32 + 1;

/// The largest block on the wire. h2 closes a connection over one of more than seven frames, of 16 KiB each.
const MAX_CODED_BYTES: usize = 6 * 16 * 1024;

/// What RFC 9113 §6.5.2 adds for each field.
const FIELD: usize = 32;

/// The longest codes that HPACK (RFC 7541, appendix B) has for a byte, in bits: of letters, digits and usual marks; of
/// what else ASCII shows; of a backslash; of all else.
const CODE_BITS: [usize; 4] = [8, 15, 19, 30];

/// What the protocol itself may add to a block of a reply: `:status`, `content-type`, `grpc-status` and the final mark.
pub(crate) const REPLY_OWN: usize = 256;

/// The size of the pseudo-headers of a request.
pub(crate) fn request_own(authority: &str, path: &str) -> usize {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", authority),
        (":path", path),
    ]
    .iter()
    .map(|(name, value)| field_size(name.len(), value.len()))
    .sum()
}

pub(super) const fn field_size(name: usize, value: usize) -> usize {
    name + value + FIELD
}

/// The size of a block without its pseudo-headers.
pub(crate) fn block_size(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(n, v)| field_size(n.as_str().len(), v.len()))
        .sum()
}

/// Checks a block before it is sent, to which `own` bytes of the protocol come: a peer that finds it too large may
/// close the connection, and every call with it.
///
/// # Errors
/// RESOURCE_EXHAUSTED, naming the size, the limit and the largest field.
pub(crate) fn check_block(headers: &HeaderMap, own: usize) -> Result<(), Status> {
    let size = own + block_size(headers);
    if size > MAX_HEADER_BYTES {
        return Err(too_large(
            headers,
            &format!("{size} bytes (32 for each field included)"),
            MAX_HEADER_BYTES,
        ));
    }
    // Below this no coding makes it too long.
    let longest = CODE_BITS[CODE_BITS.len() - 1];
    if size * longest / 8 > MAX_CODED_BYTES {
        let coded = size
            + headers
                .values()
                .map(|v| lengthened(v.as_bytes()))
                .sum::<usize>();
        if coded > MAX_CODED_BYTES {
            return Err(too_large(
                headers,
                &format!("up to {coded} bytes as HPACK codes their rare characters"),
                MAX_CODED_BYTES,
            ));
        }
    }
    Ok(())
}

/// By how many bytes HPACK may make a value longer.
fn lengthened(value: &[u8]) -> usize {
    let bits = |byte: &u8| match byte {
        b'\\' => CODE_BITS[2],
        b' ' | b'%' | b'-' | b'.' | b'/' | b'_' | b'=' | b':' | b';' | b',' | b'&' => CODE_BITS[0],
        byte if byte.is_ascii_alphanumeric() => CODE_BITS[0],
        b'!'..=b'~' => CODE_BITS[1],
        _ => CODE_BITS[3],
    };
    let bits: usize = value.iter().map(|byte| bits(byte) - 8).sum();
    bits.div_ceil(8)
}

fn too_large(headers: &HeaderMap, size: &str, limit: usize) -> Status {
    let largest = headers
        .iter()
        .max_by_key(|(name, value)| name.as_str().len() + value.len());
    let largest = largest.map_or("", |(name, _)| name.as_str());
    let largest = largest.get(..100).unwrap_or(largest);
    Status::resource_exhausted(format!(
        "metadata of {size} are over the limit of {limit} bytes for headers or trailers; the largest is {largest:?}: \
         send less, or send it in a message"
    ))
}
