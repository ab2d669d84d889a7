//! gRPC's status codes, as a service config names them: `"UNAVAILABLE"`, in any case, or 14 (gRFC A6).
//! It refuses OK, after which nobody repeats a call.

/// All of them, in the order of their numbers.
pub(crate) const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The code of this name, whatever the case of its letters.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    CODES
        .into_iter()
        .find(|code| code.eq_ignore_ascii_case(name))
}

/// The code of this number.
pub(crate) fn numbered(number: u32) -> Option<&'static str> {
    CODES.get(usize::try_from(number).ok()?).copied()
}
