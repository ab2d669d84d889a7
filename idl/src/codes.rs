//! The names of gRPC's status codes, as policies spell them.
//! It refuses to give them numbers: those are the runtime's.

/// All but OK, in the order of their numbers (<https://grpc.io/docs/guides/status-codes/>).
pub const CODES: [&str; 16] = [
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

/// What the status of a declared error has where nobody says otherwise.
pub const DEFAULT_ERROR_CODE: &str = "FAILED_PRECONDITION";

/// Why `name` is no code of an error, and what to write instead; nothing if it is one.
#[must_use]
pub fn wrong(name: &str) -> Option<(String, String)> {
    if CODES.contains(&name) {
        return None;
    }
    if name == "OK" {
        let help = "leave it out".to_owned();
        return Some(("`OK` is no error".to_owned(), help));
    }
    let help = match crate::nearest::nearest(name, CODES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the codes are {}", CODES.join(", ")),
    };
    Some((format!("`{name}` is no status code"), help))
}
