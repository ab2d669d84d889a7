//! Room for small encoded messages: cut from a chunk that the thread keeps, so that a message costs no allocation of
//! its own, and a copy of it to send once more costs none either. It refuses to hold a message: a chunk is free again
//! when the last message in it is.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};

/// Bytes of a chunk. A message that stays long keeps its chunk from being used again: it is a small multiple of what an
/// allocation of its own, its reference count and a stream's state take anyway.
const CHUNK: usize = 8 * 1024;

/// Larger messages have allocations of their own: next to the work on them one is nothing, and a chunk of several is
/// soon used up.
const SMALL: usize = CHUNK / 8;

thread_local! {
    static ROOM: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(CHUNK));
}

/// What `put` appends, in room for `len` bytes.
pub(super) fn cut(len: usize, mut put: impl FnMut(&mut BytesMut)) -> Bytes {
    let small = len <= SMALL;
    let cut = small.then(|| {
        ROOM.try_with(|room| Some(cut_from(&mut *room.try_borrow_mut().ok()?, len, &mut put)))
    });
    match cut {
        Some(Ok(Some(bytes))) => bytes,
        // Too large; or the thread is ending, or in the middle of another message.
        _ => {
            let mut own = BytesMut::with_capacity(len);
            put(&mut own);
            own.freeze()
        }
    }
}

fn cut_from(room: &mut BytesMut, len: usize, put: &mut impl FnMut(&mut BytesMut)) -> Bytes {
    // A message whose encoding panicked may have left something.
    room.clear();
    room.reserve(len);
    put(room);
    room.split().freeze()
}

#[cfg(test)]
mod tests {
    use bytes::BufMut as _;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn messages_of_all_sizes_are_what_was_put() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut kept = Vec::new();
        for n in 0..2000u32 {
            let len = rng.usize(0..3 * SMALL / 2);
            let bytes = cut(len, |out| out.put_bytes(n as u8, len));
            kept.push((n as u8, len, bytes));
            if rng.bool() {
                kept.swap_remove(rng.usize(..kept.len()));
            }
        }
        for (byte, len, bytes) in kept {
            assert_eq!(bytes, vec![byte; len]);
        }
    }

    #[test]
    fn small_messages_and_their_copies_cost_no_allocation() {
        let ping = || {
            let message = cut(21, |out| out.put_bytes(1, 21));
            let copy = message.clone();
            assert_eq!(message, copy);
        };
        ping();
        let cost = allocation_counter::measure(|| (0..10_000).for_each(|_| ping()));
        assert_eq!(cost.count_total, 0);
    }

    #[test]
    fn messages_that_are_kept_share_chunks() {
        let mut kept = Vec::with_capacity(10_000);
        let cost = allocation_counter::measure(|| {
            kept.extend((0..10_000).map(|_| cut(20, |out| out.put_bytes(1, 20))));
        });
        // A chunk and its count for every four hundred.
        assert!(cost.count_total <= 2 * 10_000 / 400, "{}", cost.count_total);
    }

    #[test]
    fn a_panic_leaves_nothing_behind_and_a_message_within_a_message_is_one() {
        let broken = AssertUnwindSafe(|| {
            cut(4, |out| {
                out.put_bytes(9, 2);
                panic!("told to");
            })
        });
        assert!(catch_unwind(broken).is_err());
        let outer = cut(2, |out| {
            let inner = cut(1, |out| out.put_bytes(5, 1));
            out.put_u8(inner[0]);
            out.put_u8(6);
        });
        assert_eq!(&outer[..], [5, 6]);
    }
}
