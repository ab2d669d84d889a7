//! What a client wants of a node: one call of the load, told apart from all others.
//! It refuses to know who serves it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::call::{Idempotency, Method, Payload, RawCall, Status};

static WORK: Method<(), ()> = Method::unary("/sinew.sim.Node/Work");
static REPEATABLE: Method<(), ()> =
    Method::unary("/sinew.sim.Node/Ask").idempotency(Idempotency::Safe);

/// One call of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask {
    /// The client that makes it.
    pub client: u32,
    /// Which one of that client's calls it is.
    pub number: u32,
    /// What it is about, where the load has keys: 0 is asked for most often ([`super::Load::zipf`]).
    pub key: Option<u32>,
    /// A random number, which says how much work it is. The same call has the same one however calls are balanced.
    pub dice: u64,
    /// Whether it may be repeated.
    pub is_repeatable: bool,
}

/// What is on the way in place of a key where there is none.
const NO_KEY: u32 = u32::MAX;

/// Bytes of one on its way.
const BYTES: usize = 21;

impl Ask {
    /// The call, as simulated nodes take it. One with a key is placed by that.
    pub fn call(self) -> RawCall {
        let method = if self.is_repeatable {
            REPEATABLE.spec()
        } else {
            WORK.spec()
        };
        let mut message = BytesMut::with_capacity(BYTES);
        message.put_u32(self.client);
        message.put_u32(self.number);
        message.put_u32(self.key.unwrap_or(NO_KEY));
        message.put_u64(self.dice);
        message.put_u8(self.is_repeatable.into());
        RawCall::with(method.into(), Payload::message(&message)).hash_key(&self.key)
    }

    /// What came, if it is one.
    pub(super) fn read(mut message: Bytes) -> Option<Self> {
        (message.len() == BYTES).then(|| Self {
            client: message.get_u32(),
            number: message.get_u32(),
            key: Some(message.get_u32()).filter(|key| *key != NO_KEY),
            dice: message.get_u64(),
            is_repeatable: message.get_u8() != 0,
        })
    }

    /// The ask in a call that came to a node.
    pub(super) fn of(call: &RawCall) -> Result<Self, Status> {
        let message = call.message().unwrap_or_default();
        Self::read(message).ok_or_else(|| {
            Status::invalid_argument("a simulated node takes calls of the load alone: `Ask::call`")
        })
    }
}
