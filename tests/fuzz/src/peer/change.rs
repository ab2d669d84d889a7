//! Changes what a peer sends: bytes, lines of headers, and frames of HTTP/2 whose lengths stay right.
//! It refuses to know what an input is for.

use fastrand::Rng;
use sinew::testing::{ErrorCode, Fields, Frame, FrameKind, Setting};

use super::frames::Parts;

/// The longest input that comes out, in bytes.
const LONGEST: usize = 16 << 10;

/// Bytes at which something begins or ends.
const EDGES: &[u8] = &[
    0, 1, 2, 4, 5, 8, 9, 16, 0x1f, 0x20, 0x25, 0x2c, 0x3a, 0x7f, 0x80, 0xff,
];

/// Values that mean something under one name, in places where they may not.
const VALUES: &[&str] = &[
    "0",
    "-1",
    "00",
    "16",
    "17",
    "99999999H",
    "100000000n",
    "0n",
    "1x",
    "%",
    "%4",
    "%ff%00",
    "%E2%82%AC",
    "====",
    "AAE",
    "AAE=,AQ",
    ",,",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "a=b,c=d",
    "gzip",
    "identity,gzip",
    "application/grpc+proto",
];

/// Names that somebody reads.
const NAMES: &[&str] = &[
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "traceparent",
    "tracestate",
    "content-type",
    "te",
    "x-sinew-final",
    "x-a",
    "x-a-bin",
    "authorization",
];

/// Changes a few places of `input`, which is any bytes.
pub(crate) fn bytes(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..=16)).min(bytes.len());
        let edge = random.choice(EDGES).copied().unwrap_or_default();
        match random.u8(..6) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, edge),
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy.repeat(random.usize(1..=40)));
            }
            3 => bytes.truncate(at),
            4 => bytes[at..end].fill(edge),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// Changes a block of headers line by line.
pub(crate) fn lines(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = input.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..random.usize(1..=3) {
        let at = random.usize(..=lines.len());
        match (random.u8(..5), lines.get_mut(at)) {
            (0, Some(_)) => drop(lines.remove(at)),
            (1, Some(line)) => {
                let copy = line.clone();
                let times = if random.u8(..16) == 0 { 600 } else { 1 };
                lines.extend(std::iter::repeat_n(copy, times));
            }
            (2 | 3, Some(line)) => *line = bytes(line, random),
            _ => {
                let name = random.choice(NAMES).copied().unwrap_or_default();
                let value = random.choice(VALUES).copied().unwrap_or_default();
                let times = if random.u8(..8) == 0 { 200 } else { 1 };
                let line = format!("{name}: {}", value.repeat(times));
                lines.insert(at, line.into_bytes());
            }
        }
    }
    let mut out = lines.join(&b'\n');
    out.truncate(LONGEST);
    out
}

/// Changes the bytes of a connection frame by frame.
pub(crate) fn frames(input: &[u8], random: &mut Rng) -> Vec<u8> {
    if random.u8(..8) == 0 {
        return bytes(input, random);
    }
    let mut parts = Parts::parse(input);
    for _ in 0..random.usize(1..=3) {
        let at = random.usize(..=parts.frames.len());
        match (random.u8(..8), parts.frames.get_mut(at)) {
            (0, Some(_)) => drop(parts.frames.remove(at)),
            (1, Some(frame)) => {
                let copy = frame.clone();
                let times = if random.u8(..8) == 0 { 100 } else { 1 };
                parts
                    .frames
                    .splice(at..at, std::iter::repeat_n(copy, times));
            }
            (2, Some(frame)) => frame.flags ^= 1 << random.u8(..8),
            (3, Some(frame)) => frame.stream = stream(random),
            (4, Some(frame)) => frame.kind = FrameKind::from(random.u8(..12)),
            (5, Some(frame)) => frame.payload = bytes(&frame.payload, random).into(),
            _ => parts.frames.insert(at, frame(random)),
        }
    }
    let mut out = parts.print();
    out.truncate(LONGEST);
    out
}

fn stream(random: &mut Rng) -> u32 {
    let some = [0, 1, 2, 3, 5, 7, 0x7fff_ffff, 0x8000_0001];
    random.choice(some).unwrap_or_default()
}

/// A frame that means something, at a time when it may not.
fn frame(random: &mut Rng) -> Frame {
    let stream = stream(random);
    let number = random
        .choice([0, 1, 65_535, 65_536, 0x7fff_ffff, u32::MAX])
        .unwrap_or_default();
    let fields = Fields::request(if random.bool() { "/a.B/C" } else { "nowhere" });
    let name = random.choice(NAMES).copied().unwrap_or_default();
    let value = random.choice(VALUES).copied().unwrap_or_default();
    let fields = fields.set(name, value);
    match random.u8(..13) {
        0 => Frame::headers(stream, &fields, random.bool()),
        1 => Frame::headers_part(stream, fields.encode(), random.bool()),
        2 => Frame::continuation(stream, fields.encode(), random.bool()),
        3 => Frame::message(stream, value, random.bool()),
        4 => Frame::data(stream, value, random.bool()),
        5 => Frame::reset(stream, ErrorCode::from(random.u32(..16))),
        6 => Frame::settings(&[(Setting::from(random.u16(..9)), number)]),
        7 => Frame::settings_ack(),
        8 => Frame::ping([7; 8]),
        9 => Frame::ping_ack([7; 8]),
        10 => Frame::go_away(stream, ErrorCode::NoError, value),
        11 => Frame::window_update(stream, number),
        _ => Frame::priority(stream, number, 7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::inputs;

    #[test]
    fn a_seed_says_all_and_changed_frames_are_frames() {
        for input in inputs::server() {
            let whole = Parts::parse(&input).print();
            assert_eq!(whole, input);
            let mut framed = 0;
            for seed in 0..100 {
                let change = || frames(&input, &mut Rng::with_seed(seed));
                assert_eq!(change(), change());
                framed += u32::from(Parts::parse(&change()).rest.is_empty());
            }
            assert!(
                framed > 50 || Parts::parse(&input).frames.is_empty(),
                "{framed}"
            );
        }
    }
}
