//! Bytes of one message in, bytes of the same message out: decoded twice and encoded, with what the encoder says of
//! itself held against what it does.
//! It refuses to end with a message that it cannot take: each gets an answer of its own.

use std::panic::{self, AssertUnwindSafe};

use sinew::codegen::{
    bytes::Buf,
    prost::{DecodeError, Message},
};

/// What became of a message.
pub(crate) enum Outcome {
    /// Encoded again.
    Back(Vec<u8>),
    /// It does not decode.
    Refused(DecodeError),
    /// The code disagrees with itself, or panicked.
    Broken(String),
    /// No such type.
    Unknown,
}

impl Outcome {
    /// A letter, and the bytes that go with it.
    pub(crate) fn parts(self) -> (u8, Vec<u8>) {
        match self {
            Self::Back(bytes) => (b'b', bytes),
            Self::Refused(error) => (b'r', error.to_string().into_bytes()),
            Self::Broken(why) => (b'x', why.into_bytes()),
            Self::Unknown => (b'u', Vec::new()),
        }
    }
}

pub(crate) type Exchange = fn(&[u8]) -> Outcome;

/// The exchange of messages of type `M`.
pub(crate) fn exchange<M: Message + Default>(bytes: &[u8]) -> Outcome {
    let whole = M::decode(bytes);
    // As it may come from a connection: then numbers can lie across the pieces, and other code reads them.
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let pieces = M::decode(head.chain(tail));
    let (whole, pieces) = match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => (whole, pieces),
        (Err(error), Err(_)) => return Outcome::Refused(error),
        (Ok(_), Err(error)) => {
            return Outcome::Broken(format!("in two pieces it is refused: {error}"));
        }
        (Err(error), Ok(_)) => {
            return Outcome::Broken(format!("only in two pieces it is taken: {error}"));
        }
    };
    let back = whole.encode_to_vec();
    for (what, length) in [
        ("`encoded_len`", whole.encoded_len()),
        (
            "`encoded_len` of the message that came in two pieces",
            pieces.encoded_len(),
        ),
        (
            "what the message that came in two pieces encodes to",
            pieces.encode_to_vec().len(),
        ),
    ] {
        if length != back.len() {
            return Outcome::Broken(format!(
                "{} bytes encoded, and {what} is {length}",
                back.len()
            ));
        }
    }
    Outcome::Back(back)
}

/// Runs an exchange; a panic is an answer like any other.
pub(crate) fn caught(exchange: Exchange, bytes: &[u8]) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(|| exchange(bytes)))
        .unwrap_or_else(|_| Outcome::Broken("it panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use sinew::codegen::prost_types::Duration;

    use super::*;

    #[test]
    fn a_message_comes_back_without_what_its_type_does_not_know() {
        let outcome = exchange::<Duration>(&[0x08, 0x05, 0x98, 0x06, 0x01]);
        assert!(matches!(outcome, Outcome::Back(bytes) if bytes == [0x08, 0x05]));
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        assert!(matches!(exchange::<Duration>(&[0x08]), Outcome::Refused(_)));
    }

    #[test]
    fn a_panic_is_an_answer() {
        let outcome = caught(|_| panic!("for the test"), &[]);
        assert!(matches!(outcome, Outcome::Broken(_)));
    }
}
