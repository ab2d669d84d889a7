//! Where the frames of one direction of HTTP/2 begin: finds their heads in the bytes as these pass by.
//! It refuses to copy payloads, and to judge frames.

/// Bytes of a frame's head (RFC 9113, section 4.1).
pub(crate) const HEAD: usize = 9;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

/// On DATA and HEADERS: the stream's last.
pub(crate) const END_STREAM: u8 = 0x1;
/// On HEADERS and CONTINUATION: the block's last.
pub(crate) const END_HEADERS: u8 = 0x4;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) len: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    /// The first byte of its payload, where it is HEADERS and has one.
    pub(crate) first: Option<u8>,
}

impl Frame {
    fn read(head: &[u8; HEAD]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *head;
        Self {
            len: u32::from_be_bytes([0, l0, l1, l2]),
            kind,
            flags,
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
            first: None,
        }
    }

    fn wants_first(&self) -> bool {
        self.kind == HEADERS && self.len > 0
    }
}

/// What of some bytes was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) bytes: usize,
    /// What the frames cost together whose heads came to their end in them.
    pub(crate) cost: usize,
}

/// How far the frames of one direction have been read.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    head: [u8; HEAD],
    /// Bytes of `head` that are there.
    have: usize,
    /// Bytes until the next head.
    left: usize,
    /// A head that only waits for the first byte of its payload.
    waiting: Option<Frame>,
}

impl Frames {
    /// So many bytes come before the first frame.
    pub(crate) fn after(bytes: usize) -> Self {
        Self {
            left: bytes,
            ..Self::default()
        }
    }

    /// Is it between two frames?
    pub(crate) fn is_between(&self) -> bool {
        self.left == 0 && self.have == 0
    }

    /// Is the head of a HEADERS frame there, and nothing more of it?
    pub(crate) fn is_at_first(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes the next bytes, in which `each` frame begins.
    pub(crate) fn read(&mut self, bytes: &[u8], each: impl FnMut(Frame)) {
        self.read_at_most(bytes, usize::MAX, |_| 0, each);
    }

    /// As `read`, but no further than the head with which the frames have cost `most`. It takes some bytes where there
    /// are some, unless `most` is zero.
    pub(crate) fn read_at_most(
        &mut self,
        bytes: &[u8],
        most: usize,
        cost: impl Fn(Frame) -> usize,
        mut each: impl FnMut(Frame),
    ) -> Taken {
        let mut rest = bytes;
        let mut spent = 0;
        while spent < most
            && let Some(&byte) = rest.first()
        {
            if let Some(frame) = self.waiting.take() {
                let first = Some(byte);
                each(Frame { first, ..frame });
            }
            let Some(after) = rest.get(self.left..) else {
                self.left -= rest.len();
                rest = &[];
                break;
            };
            self.left = 0;
            let frame = match after.first_chunk::<HEAD>() {
                Some(head) if self.have == 0 => {
                    rest = &after[HEAD..];
                    Frame::read(head)
                }
                _ => {
                    let n = after.len().min(HEAD - self.have);
                    self.head[self.have..self.have + n].copy_from_slice(&after[..n]);
                    self.have += n;
                    rest = &after[n..];
                    if self.have < HEAD {
                        break;
                    }
                    self.have = 0;
                    Frame::read(&self.head)
                }
            };
            spent += cost(frame);
            self.left = frame.len as usize;
            if frame.wants_first() {
                self.waiting = Some(frame);
            } else {
                each(frame);
            }
        }
        Taken {
            bytes: bytes.len() - rest.len(),
            cost: spent,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(frame: Frame) -> Vec<u8> {
        let mut bytes = frame.len.to_be_bytes()[1..].to_vec();
        bytes.extend([frame.kind, frame.flags]);
        bytes.extend(frame.stream.to_be_bytes());
        let mut payload = vec![0xff; frame.len as usize];
        if let (Some(place), Some(first)) = (payload.first_mut(), frame.first) {
            *place = first;
        }
        bytes.extend(payload);
        bytes
    }

    prop_compose! {
        fn frame()(
            len in prop_oneof![Just(0u32), 0..40u32, 0..20_000u32],
            kind in prop_oneof![Just(HEADERS), any::<u8>()],
            flags in any::<u8>(),
            stream in 0..1u32 << 31,
            first in any::<u8>(),
        ) -> Frame {
            let first = (kind == HEADERS && len > 0).then_some(first);
            Frame { len, kind, flags, stream, first }
        }
    }

    proptest! {
        #[test]
        fn frames_are_found_however_they_come(
            frames in proptest::collection::vec(frame(), 0..10),
            cuts in proptest::collection::vec(1usize..3000, 1..50),
            before in 0usize..30,
        ) {
            let mut bytes = vec![0xee; before];
            bytes.extend(frames.iter().flat_map(|&frame| encoded(frame)));
            let mut found = Vec::new();
            let mut reader = Frames::after(before);
            let mut cuts = cuts.iter().cycle();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                reader.read(piece, |frame| found.push(frame));
                rest = after;
            }
            prop_assert!(reader.is_between());
            prop_assert_eq!(found, frames);
        }

        #[test]
        fn no_more_frames_are_taken_than_are_paid_for(
            frames in proptest::collection::vec(frame(), 0..10),
            mosts in proptest::collection::vec(1usize..9, 1..10),
            cuts in proptest::collection::vec(1usize..3000, 1..50),
        ) {
            let cost = |frame: Frame| if frame.kind == HEADERS { 3 } else { 1 };
            let bytes: Vec<u8> = frames.iter().flat_map(|&frame| encoded(frame)).collect();
            let mut found = Vec::new();
            let mut reader = Frames::default();
            let (mut mosts, mut cuts) = (mosts.iter().cycle(), cuts.iter().cycle());
            let (mut rest, mut paid) = (&bytes[..], 0);
            while !rest.is_empty() {
                let piece = &rest[..rest.len().min(*cuts.next().unwrap())];
                let most = *mosts.next().unwrap();
                let taken = reader.read_at_most(piece, most, cost, |frame| found.push(frame));
                prop_assert!(taken.bytes > 0 && taken.cost < most + 3);
                prop_assert!(taken.bytes == piece.len() || taken.cost >= most);
                rest = &rest[taken.bytes..];
                paid += taken.cost;
            }
            let nothing = Taken { bytes: 0, cost: 0 };
            prop_assert_eq!(reader.read_at_most(&bytes, 0, cost, drop), nothing);
            prop_assert_eq!(paid, frames.iter().map(|&frame| cost(frame)).sum::<usize>());
            prop_assert_eq!(found, frames);
        }

        #[test]
        fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut reader = Frames::default();
            for piece in pieces {
                reader.read(&piece, drop);
            }
        }
    }
}
