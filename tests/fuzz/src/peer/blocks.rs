//! Blocks of headers and trailers, and the details of a status: whatever came, what is read of it can be sent again.
//! It refuses to read the block itself off the wire: HPACK is the business of h2, which `pipes.rs` goes through.

use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use sinew::details::{
    BadRequest, DebugInfo, ErrorInfo, Help, LocalizedMessage, PreconditionFailure, QuotaFailure,
    RequestInfo, ResourceInfo, RetryInfo,
};
use sinew::testing::readers;
use sinew::{Code, Compression, Metadata, MetadataValue, Status};

use super::holds;

/// The longest message of a status that is sent unshortened, whatever is in it: a third of 8 KiB.
const ALWAYS_WHOLE: usize = 8 * 1024 / 3;

/// A block: each line is `name: value`, and a line that is no header is passed over, as no peer can send it.
pub(crate) fn headers(input: &[u8]) -> Result<(), String> {
    let block = block(input);
    metadata(&block)?;
    if let Some(status) = readers::status(&block) {
        outcome(status)?;
    }
    trace(&block)?;
    for value in block.get_all("grpc-timeout") {
        timeout(value)?;
    }
    for value in block.get_all("grpc-message") {
        message(value)?;
    }
    for value in block.values() {
        bytes(value)?;
    }
    // What they say is a matter of unit tests: here they only have to come back.
    let _ = readers::compression(&block);
    let _ = readers::is_accepted(Compression::Gzip, &block);
    let content_type = block.get("content-type");
    let _ = content_type.map(readers::is_grpc);
    Ok(())
}

/// The bytes of `google.rpc.Status`, as the details of a status that has the same code, where there is one.
pub(crate) fn details(input: &[u8]) -> Result<(), String> {
    let said = prost_types::Any::decode(input).map(|any| any.value.len());
    let code = match input {
        // Field 1, a varint of one byte.
        [8, code, ..] => HeaderValue::from(u32::from(*code)),
        _ => HeaderValue::from(said.unwrap_or(13).clamp(1, 16)),
    };
    let mut block = HeaderMap::new();
    block.insert("grpc-status", code);
    block.insert("grpc-message", HeaderValue::from_static("a%20message"));
    block.insert("grpc-status-details-bin", readers::bytes_value(input));
    let status = readers::status(&block).ok_or("a status that is not found")?;
    outcome(status)
}

/// The fields that an input spells.
pub(crate) fn block(input: &[u8]) -> HeaderMap {
    let mut block = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let colon = line.iter().skip(1).position(|byte| *byte == b':');
        let Some((name, value)) = colon.and_then(|colon| line.split_at_checked(colon + 1)) else {
            continue;
        };
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value[1..].trim_ascii_start());
        if let (Ok(name), Ok(value)) = (name, value) {
            block.append(name, value);
        }
    }
    block
}

fn metadata(block: &HeaderMap) -> Result<(), String> {
    let metadata = readers::metadata(block.clone());
    let mut seen = Vec::new();
    for (key, value) in &metadata {
        let is_own = ["grpc-", "x-sinew-"].iter().any(|own| key.starts_with(own));
        holds(!is_own, || format!("{key} of the protocol is shown"))?;
        let is_found = match &value {
            MetadataValue::Ascii(text) => metadata.get_all(key).any(|found| found == *text),
            MetadataValue::Binary(bytes) => metadata.get_all_bin(key).any(|found| found == *bytes),
        };
        holds(is_found && metadata.contains(key), || {
            format!("{key} is not found")
        })?;
        seen.push((key.to_owned(), format!("{value:?}")));
    }
    holds(metadata.len() == seen.len(), || {
        "its length is another".to_owned()
    })?;
    let _ = format!("{metadata:?}");
    let Some(sent) = readers::metadata_block(&metadata) else {
        return holds(block.len() >= 1024, || "it cannot be sent".to_owned());
    };
    let _ = readers::is_sendable(&sent);
    let again: Metadata = readers::metadata(sent);
    let again: Vec<_> = again
        .iter()
        .map(|(key, value)| (key.to_owned(), format!("{value:?}")))
        .collect();
    holds(again == seen, || {
        format!("{seen:?} comes back as {again:?}")
    })
}

fn outcome(outcome: Result<(), Status>) -> Result<(), String> {
    let Err(status) = outcome else {
        return Ok(());
    };
    holds(status.code() != Code::Ok, || "OK is an error".to_owned())?;
    let _ = format!("{status} {status:?}");
    standard_details(&status);
    let trailers = readers::trailers(&status);
    let Some(Err(again)) = readers::status(&trailers) else {
        return Err(format!("{status} does not come back"));
    };
    let same = again.code() == status.code()
        && again.is_final() == status.is_final()
        && status.message().starts_with(again.message())
        && (again.message() == status.message() || status.message().len() > ALWAYS_WHOLE);
    holds(same, || format!("{status} comes back as {again}"))?;
    // What is too large to be sent is left out as a whole.
    let details = again.details();
    holds(details == status.details() || details.is_empty(), || {
        format!("{:?} come back as {details:?}", status.details())
    })
}

/// Whatever is in a detail, to look for one does not fail in another way than not to find it.
fn standard_details(status: &Status) {
    let _ = status.detail::<BadRequest>();
    let _ = status.detail::<DebugInfo>();
    let _ = status.detail::<ErrorInfo>();
    let _ = status.detail::<Help>();
    let _ = status.detail::<LocalizedMessage>();
    let _ = status.detail::<PreconditionFailure>();
    let _ = status.detail::<QuotaFailure>();
    let _ = status.detail::<RequestInfo>();
    let _ = status.detail::<ResourceInfo>();
    let _ = status.detail::<RetryInfo>().map(|retry| retry.delay());
}

fn trace(block: &HeaderMap) -> Result<(), String> {
    let Some(trace) = readers::trace(block) else {
        return Ok(());
    };
    let ids = (trace.trace_id().len(), trace.parent_id().len());
    let _ = trace.is_sampled();
    let state = trace.tracestate().map(str::len);
    holds(ids == (32, 16) && state.unwrap_or(1) <= 512, || {
        format!("{trace:?}")
    })?;
    let again = readers::trace(&readers::trace_head(&trace));
    holds(again.as_ref() == Some(&trace), || {
        format!("{trace:?} comes back as {again:?}")
    })
}

fn timeout(value: &HeaderValue) -> Result<(), String> {
    let Some(timeout) = readers::timeout(value) else {
        return Ok(());
    };
    let sent = readers::timeout_value(timeout);
    let again = readers::timeout(&sent).unwrap_or_default();
    // Three significant digits, rounded down.
    holds(again <= timeout && again >= timeout / 101 * 100, || {
        format!("{timeout:?} is sent as {sent:?}")
    })
}

fn message(value: &HeaderValue) -> Result<(), String> {
    let message = readers::message(value);
    let again = readers::message(&readers::message_value(&message));
    let same = message.starts_with(&again);
    let whole = again.len() == message.len() || message.len() > ALWAYS_WHOLE;
    holds(same && whole, || {
        format!("{message:?} comes back as {again:?}")
    })
}

fn bytes(value: &HeaderValue) -> Result<(), String> {
    let Some(bytes) = readers::bytes(value.as_bytes()) else {
        return Ok(());
    };
    let again = readers::bytes(readers::bytes_value(&bytes).as_bytes());
    holds(again.as_ref() == Some(&bytes), || {
        format!("{bytes:?} comes back as {again:?}")
    })
}
