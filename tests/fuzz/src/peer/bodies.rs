//! The bodies of requests and replies: messages cut out of pieces, and messages decompressed.
//! It refuses to decode what is in a message: prost does, for types of the user.

use bytes::Bytes;
use sinew::testing::readers;
use sinew::{Code, Compression, Status};

use super::holds;

/// The limits on messages that inputs choose from, in bytes.
const LIMITS: [usize; 4] = [0, 100, 4 << 10, 64 << 10];

const COMPRESSIONS: [Option<Compression>; 3] =
    [None, Some(Compression::Gzip), Some(Compression::Zstd)];

/// The body of a call. The first byte says how it is compressed, which limit it has, and how long the pieces are that
/// it comes in.
pub(crate) fn messages(input: &[u8]) -> Result<(), String> {
    let Some((&choice, body)) = input.split_first() else {
        return Ok(());
    };
    let choice = usize::from(choice);
    let (compression, choice) = (COMPRESSIONS[choice % 3], choice / 3);
    let (limit, choice) = (LIMITS[choice % 4], choice / 4);
    let body = Bytes::copy_from_slice(body);
    let pieces = body.chunks(choice + 1).map(Bytes::copy_from_slice);
    let whole = readers::messages([body.clone()], compression, limit);
    let cut = readers::messages(pieces, compression, limit);
    holds(shown(&whole) == shown(&cut), || {
        format!(
            "pieces make a difference: {:?}, {:?}",
            shown(&whole),
            shown(&cut)
        )
    })?;
    let (messages, end) = whole;
    let longest = messages.iter().map(Bytes::len).max().unwrap_or_default();
    holds(longest <= limit, || {
        format!("{longest} bytes over a limit of {limit}")
    })?;
    if let Err(status) = &end {
        is_expected(status)?;
    }
    if compression.is_some() {
        return Ok(());
    }
    let again: Vec<u8> = messages
        .iter()
        .flat_map(|message| readers::framed(message))
        .collect();
    holds(body.starts_with(&again), || {
        format!("{messages:?} is not what came")
    })?;
    let is_partial = end.map_or(true, |partial| partial);
    holds(is_partial == (again.len() < body.len()), || {
        format!("{} of {} bytes are messages", again.len(), body.len())
    })
}

/// A compressed message. The first byte says how, and which limit there is.
pub(crate) fn compressed(input: &[u8]) -> Result<(), String> {
    let Some((&choice, compressed)) = input.split_first() else {
        return Ok(());
    };
    let choice = usize::from(choice);
    let (Some(compression), limit) = (COMPRESSIONS[1 + choice % 2], LIMITS[choice / 2 % 4]) else {
        return Ok(());
    };
    let message = match readers::unpacked(compression, compressed, limit) {
        Ok(message) => message,
        Err(status) => return is_expected(&status),
    };
    holds(message.len() <= limit, || {
        format!("{} bytes over a limit of {limit}", message.len())
    })?;
    let packed = readers::packed(compression, &message);
    let (again, end) = readers::messages([packed], Some(compression), limit);
    holds(again == [message] && matches!(end, Ok(false)), || {
        format!("it does not come back: {end:?}")
    })
}

/// What comes of a body, for comparing.
fn shown(of: &(Vec<Bytes>, Result<bool, Status>)) -> (&[Bytes], Result<bool, String>) {
    let end = of.1.as_ref().map_err(Status::to_string);
    (&of.0, end.copied())
}

fn is_expected(status: &Status) -> Result<(), String> {
    let is_expected = matches!(status.code(), Code::Internal | Code::ResourceExhausted);
    holds(is_expected && !status.message().is_empty(), || {
        format!("{status}")
    })
}
