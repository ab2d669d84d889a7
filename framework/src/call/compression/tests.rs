//! What compressing and decompressing promise, whichever way: the same bytes again, bounds, and no surprise on garbage.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::call::frame::{Deframer, frame};

const LIMIT: Limit = Limit {
    bytes: 64 * 1024,
    setting: "`max_reply_bytes`",
};

fn limit(bytes: usize) -> Limit {
    Limit { bytes, ..LIMIT }
}

/// Compressed by others' means, whatever the size.
fn compressed(compression: Compression, message: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            out.write_all(message).unwrap();
            out.finish().unwrap()
        }
        Compression::Zstd => ::zstd::bulk::compress(message, 19).unwrap(),
    }
}

fn on_the_wire(compressed: &[u8]) -> Vec<u8> {
    let mut wire = frame(compressed).to_vec();
    wire[0] = 1;
    wire
}

fn message(framed: &Bytes) -> &[u8] {
    assert_eq!(framed[0], 0);
    assert_eq!(
        framed[1..PREFIX],
        ((framed.len() - PREFIX) as u32).to_be_bytes()
    );
    &framed[PREFIX..]
}

/// Something to compress: runs of bytes.
fn runs() -> impl Strategy<Value = Vec<u8>> {
    let run = (any::<u8>(), 1usize..600);
    proptest::collection::vec(run, 0..40).prop_map(|runs| {
        let runs = runs.into_iter();
        runs.flat_map(|(byte, times)| std::iter::repeat_n(byte, times))
            .collect()
    })
}

/// Each way, and the errors' word for it.
const WAYS: [(Compression, &str); 2] = [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_messages_and_the_pieces_they_come_out_as_they_went_in(
        messages in proptest::collection::vec(runs(), 0..6),
        noise in proptest::collection::vec(any::<u8>(), 0..3000),
        cuts in proptest::collection::vec(1usize..3000, 1..50),
    ) {
        for (compression, _) in WAYS {
            let messages: Vec<_> = messages.iter().chain([&noise]).collect();
            let mut wire = Vec::new();
            for message in &messages {
                wire.extend_from_slice(&compression.pack(frame(message)));
            }
            let mut wire = Bytes::from(wire);
            let mut deframer = Deframer::new(LIMIT);
            deframer.decompress(Some(compression));
            let mut got = Vec::new();
            let mut cuts = cuts.iter().cycle();
            while !wire.is_empty() {
                deframer.push(wire.split_to((*cuts.next().unwrap()).min(wire.len())));
                while let Some(message) = deframer.next().unwrap() {
                    got.push(message);
                }
            }
            prop_assert!(!deframer.is_partial());
            prop_assert_eq!(got, messages);
        }
    }

    #[test]
    fn no_bytes_panic_or_come_out_over_the_limit(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        most in 0usize..300,
    ) {
        for (compression, _) in WAYS {
            // Behind what begins well it gets further.
            let mut start = compressed(compression, b"hello, hello, hello");
            start.truncate(bytes.len() % 20);
            for bytes in [&bytes[..], &[&start[..], &bytes].concat()] {
                if let Ok(framed) = compression.unpack(bytes, limit(most)) {
                    prop_assert!(message(&framed).len() <= most);
                }
            }
        }
    }
}

#[test]
fn a_byte_changed_or_lost_anywhere_is_never_a_panic_and_a_lost_end_is_an_error() {
    let text = "one two three four five six seven ".repeat(40);
    for (compression, name) in WAYS {
        let whole = compressed(compression, text.as_bytes());
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            for flip in [0x01, 0x80, 0xff] {
                changed[at] = whole[at] ^ flip;
                let _ = compression.unpack(&changed, LIMIT);
            }
            let status = compression.unpack(&whole[..at], LIMIT).unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{name} {at}: {status}");
            assert!(status.message().contains(name), "{status}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        let status = compression.unpack(&longer, LIMIT).unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{name}: {status}");
    }
}

#[test]
fn a_changed_checksum_of_gzip_is_noticed() {
    let mut broken = compressed(Compression::Gzip, b"hello");
    for back in 1..=8 {
        let at = broken.len() - back;
        broken[at] ^= 1;
        let status = Compression::Gzip.unpack(&broken, LIMIT).unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{back}");
        broken[at] ^= 1;
    }
}

/// Nobody sends it, and many that are empty would cost much more time than they have bytes.
#[test]
fn a_second_member_or_frame_is_refused() {
    for (compression, name) in WAYS {
        let two = [b"hello, ".as_slice(), b"world"].map(|part| compressed(compression, part));
        let status = compression.unpack(&two.concat(), LIMIT).unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{name}");
        let says = format!("{} bytes stand behind its end", two[1].len());
        assert!(status.message().contains(&says), "{status}");
    }
}

#[test]
fn the_limit_is_on_what_comes_out() {
    for (compression, name) in WAYS {
        for (len, most, fits) in [
            (0, 0, true),
            (1, 0, false),
            (1000, 1000, true),
            (1001, 1000, false),
            (60_000, 60_000, true),
            (60_001, 60_000, false),
        ] {
            let bytes = compressed(compression, &vec![7; len]);
            match compression.unpack(&bytes, limit(most)) {
                Ok(framed) => {
                    assert!(fits, "{name} {len}");
                    assert_eq!(message(&framed), vec![7; len]);
                }
                Err(status) => {
                    assert!(!fits, "{name} {len}: {status}");
                    assert_eq!(status.code(), Code::ResourceExhausted);
                    let says = format!(
                        "a received message that came compressed is over the limit of {most} bytes; raise it with \
                         `max_reply_bytes`"
                    );
                    assert_eq!(status.message(), says);
                }
            }
        }
    }
}

/// 64 MiB of zeros, in a few KiB or less of what comes.
#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    for (compression, name) in WAYS {
        let zeros = vec![0; 64 * 1024 * 1024];
        let bomb = compressed(compression, &zeros);
        assert!(bomb.len() < zeros.len() / 500, "{name}: {}", bomb.len());
        drop(zeros);
        let cost = allocation_counter::measure(|| {
            let status = compression.unpack(&bomb, LIMIT).unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{name}");
        });
        // What grew and what it grew into, and the decompressor.
        let most = 2 * LIMIT.bytes as u64 + 2 * bomb.len() as u64 + 64 * 1024;
        assert!(cost.bytes_max < most, "{name}: {} bytes", cost.bytes_max);
    }
}

/// Its window would be 128 MiB: more than a decoder has to take, and more than a message within the limit can use.
#[test]
fn a_window_that_no_message_needs_is_refused_by_zstd() {
    let mut encoder = ::zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(b"hello").unwrap();
    let greedy = encoder.finish().unwrap();
    let status = Compression::Zstd.unpack(&greedy, LIMIT).unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status}");
    let framed = Compression::Zstd.unpack(&greedy, limit(1 << 27)).unwrap();
    assert_eq!(message(&framed), b"hello");
}

#[test]
fn what_is_small_or_becomes_no_smaller_is_sent_as_it_is() {
    let mut rng = fastrand::Rng::with_seed(3);
    let noise: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(5000).collect();
    for (compression, name) in WAYS {
        for (message, packs) in [
            (vec![0; 0], false),
            (vec![0; SMALLEST - 1], false),
            (vec![0; SMALLEST], true),
            (noise.clone(), false),
            ([&noise[..], &noise[..]].concat(), true),
        ] {
            let framed = frame(&message);
            let packed = compression.pack(framed.clone());
            assert_eq!(packed[0], u8::from(packs), "{name} {}", message.len());
            if packs {
                assert!(packed.len() < framed.len());
                let unpacked = compression.unpack(&packed[PREFIX..], LIMIT).unwrap();
                assert_eq!(unpacked, framed);
                assert_eq!(compression.pack(packed.clone()), packed, "not twice");
            } else {
                assert_eq!(packed.as_ptr(), framed.as_ptr(), "{name}");
            }
        }
    }
}

#[test]
fn a_message_that_did_not_fit_leaves_nothing_for_the_next() {
    let mut rng = fastrand::Rng::with_seed(5);
    let noise: Vec<u8> = std::iter::repeat_with(|| rng.u8(..))
        .take(100_000)
        .collect();
    let text = "to be or not to be ".repeat(200);
    for (compression, name) in WAYS {
        let first = compression.pack(frame(text.as_bytes()));
        assert_eq!(compression.pack(frame(&noise))[0], 0, "{name}");
        assert_eq!(compression.pack(frame(text.as_bytes())), first, "{name}");
    }
}

#[test]
fn heads_name_what_is_built_in() {
    let mut headers = HeaderMap::new();
    let from = |headers: &HeaderMap| Compression::from_head(headers);
    assert_eq!(from(&headers).unwrap(), None);
    for (value, want) in [
        ("identity", Some(None)),
        ("gzip", Some(Some(Compression::Gzip))),
        ("zstd", Some(Some(Compression::Zstd))),
        ("snappy", None),
        ("", None),
    ] {
        headers.insert(&wire::GRPC_ENCODING, HeaderValue::from_static(value));
        match from(&headers) {
            Ok(got) => assert_eq!(Some(got), want, "{value}"),
            Err(unknown) => {
                assert_eq!(want, None, "{value}");
                let says =
                    format!("{value:?}, which is not taken here; what is: identity,gzip,zstd");
                assert_eq!(unknown.to_string(), says);
            }
        }
    }
    for (values, gzip, zstd) in [
        (&[][..], false, false),
        (&["identity"], false, false),
        (&["identity,deflate,gzip"], true, false),
        (&["identity", " zstd , gzip"], true, true),
        (&["gzipped", "x-gzip"], false, false),
    ] {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_static(value);
            headers.append(&wire::GRPC_ACCEPT_ENCODING, value);
        }
        assert_eq!(Compression::Gzip.is_accepted(&headers), gzip, "{values:?}");
        assert_eq!(Compression::Zstd.is_accepted(&headers), zstd, "{values:?}");
    }
    assert_eq!(Compression::Zstd.to_header(), "zstd");
}

#[test]
fn a_compressed_message_that_was_not_announced_is_refused_at_its_first_byte() {
    let wire = on_the_wire(&compressed(Compression::Gzip, b"hello"));
    let mut deframer = Deframer::new(LIMIT);
    deframer.push(Bytes::copy_from_slice(&wire[..1]));
    let status = deframer.next().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("grpc-encoding"), "{status}");
}

#[test]
fn each_message_says_for_itself_whether_it_is_compressed() {
    let packed = on_the_wire(&compressed(Compression::Zstd, b"hello"));
    let mut deframer = Deframer::new(LIMIT);
    deframer.decompress(Some(Compression::Zstd));
    deframer.push([&packed[..], &frame(b"plain"), &packed].concat().into());
    for (message, compressed) in [("hello", true), ("plain", false), ("hello", true)] {
        assert_eq!(deframer.next().unwrap().unwrap(), message);
        assert_eq!(deframer.was_compressed(), compressed);
    }
}
