//! The codes that a gRPC call can end with.
//! It says what a code is called, not what it means for retries or health: that is the outcome's.

use std::fmt;

use http::HeaderValue;

/// How a call ended: the 17 codes of gRPC, with their numbers on the wire.
///
/// The meaning of each is that of gRPC's "Status codes and their use in gRPC".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// The call succeeded. A [`Status`](crate::Status) never has this code.
    Ok = 0,
    /// The caller gave the call up.
    Cancelled = 1,
    /// An error that nothing more is known about.
    Unknown = 2,
    /// The request is wrong, whatever the state of the system.
    InvalidArgument = 3,
    /// Time ran out before the call ended; what it was to change may have changed.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What was to be created exists.
    AlreadyExists = 6,
    /// The caller is known, and may not do this.
    PermissionDenied = 7,
    /// A quota, a limit or a resource is used up.
    ResourceExhausted = 8,
    /// The system is not in the state that the call needs; repeating it does not help until that changes.
    FailedPrecondition = 9,
    /// The call lost against a concurrent one; repeat it from where its transaction began.
    Aborted = 10,
    /// The request reaches past the end of what is there.
    OutOfRange = 11,
    /// The peer does not have this method.
    Unimplemented = 12,
    /// Something that must hold does not: a defect on the side that reports it.
    Internal = 13,
    /// The service cannot be reached or cannot serve now; it may soon.
    Unavailable = 14,
    /// Data are lost or damaged for good.
    DataLoss = 15,
    /// The caller is not known: credentials are missing or wrong.
    Unauthenticated = 16,
}

impl Code {
    /// All codes, in the order of their numbers.
    pub const ALL: [Code; 17] = [
        Code::Ok,
        Code::Cancelled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    /// The code with this number; [`Code::Unknown`] for a number that gRPC does not define.
    pub const fn from_i32(number: i32) -> Self {
        if number >= 0 && (number as usize) < Self::ALL.len() {
            Self::ALL[number as usize]
        } else {
            Code::Unknown
        }
    }

    /// The code that the value of a `grpc-status` header spells; `None` when it is not the
    /// decimal number of a code.
    pub const fn from_wire(value: &[u8]) -> Option<Self> {
        match value {
            [digit @ b'0'..=b'9'] => Some(Self::from_i32((*digit - b'0') as i32)),
            [b'1', digit @ b'0'..=b'6'] => Some(Self::from_i32((*digit - b'0') as i32 + 10)),
            _ => None,
        }
    }

    /// The name as gRPC writes it: `NOT_FOUND`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Ok => "OK",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::OutOfRange => "OUT_OF_RANGE",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DataLoss => "DATA_LOSS",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// The value of a `grpc-status` header. Does not allocate.
    pub const fn as_header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Code::Ok => "0",
            Code::Cancelled => "1",
            Code::Unknown => "2",
            Code::InvalidArgument => "3",
            Code::DeadlineExceeded => "4",
            Code::NotFound => "5",
            Code::AlreadyExists => "6",
            Code::PermissionDenied => "7",
            Code::ResourceExhausted => "8",
            Code::FailedPrecondition => "9",
            Code::Aborted => "10",
            Code::OutOfRange => "11",
            Code::Unimplemented => "12",
            Code::Internal => "13",
            Code::Unavailable => "14",
            Code::DataLoss => "15",
            Code::Unauthenticated => "16",
        })
    }

    /// What the code says, in a few words for a person.
    pub const fn description(self) -> &'static str {
        match self {
            Code::Ok => "the call succeeded",
            Code::Cancelled => "the call was cancelled by its caller",
            Code::Unknown => "an unknown error",
            Code::InvalidArgument => "the request is not valid",
            Code::DeadlineExceeded => "the deadline passed before the call ended",
            Code::NotFound => "what was asked for does not exist",
            Code::AlreadyExists => "what was to be created exists already",
            Code::PermissionDenied => "the caller is not allowed to do this",
            Code::ResourceExhausted => "a quota or a resource is used up",
            Code::FailedPrecondition => "the system is not in the state that the call needs",
            Code::Aborted => "the call lost against a concurrent one",
            Code::OutOfRange => "the request reaches past the end of what is there",
            Code::Unimplemented => "the peer does not implement this method",
            Code::Internal => "something inside the peer is broken",
            Code::Unavailable => "the service cannot be reached or cannot serve now",
            Code::DataLoss => "data are lost or damaged",
            Code::Unauthenticated => "the caller did not show who it is",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Code> for i32 {
    fn from(code: Code) -> i32 {
        code as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_from_its_number_and_its_header() {
        for (number, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, number);
            assert_eq!(Code::from_i32(number as i32), code);
            assert_eq!(code.as_header(), number.to_string());
            assert_eq!(Code::from_wire(code.as_header().as_bytes()), Some(code));
        }
    }

    #[test]
    fn other_numbers_are_unknown() {
        for number in [-1, 17, 99, i32::MIN, i32::MAX] {
            assert_eq!(Code::from_i32(number), Code::Unknown);
        }
    }

    #[test]
    fn other_spellings_are_no_code() {
        for value in ["", "17", "-1", "00", "05", " 5", "5 ", "x", "1x", "100"] {
            assert_eq!(Code::from_wire(value.as_bytes()), None, "{value:?}");
        }
    }

    #[test]
    fn names_are_those_of_grpc() {
        assert_eq!(Code::NotFound.to_string(), "NOT_FOUND");
        assert_eq!(Code::Cancelled.to_string(), "CANCELLED");
        assert_eq!(format!("{:>4}", Code::Ok), "  OK");
    }
}
