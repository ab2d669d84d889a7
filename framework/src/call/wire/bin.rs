//! Binary header values in base64, as gRPC carries them under names that end in `-bin`.
//! It knows neither the names nor what the bytes mean.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;

/// Writes without padding and reads both, as gRPC's PROTOCOL-HTTP2 asks.
static BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The header value that carries `bytes`.
pub(crate) fn encode_bin(bytes: &[u8]) -> HeaderValue {
    // base64 has no byte that a header could refuse: the empty value is never taken.
    HeaderValue::try_from(BASE64.encode(bytes)).unwrap_or(HeaderValue::from_static(""))
}

/// The bytes that one value (not several joined by commas) carries; `None` when it is not base64.
pub(crate) fn decode_bin(value: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(value.trim_ascii()).ok()
}
