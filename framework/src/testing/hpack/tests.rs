//! The examples of RFC 7541 (appendix C), what must not decode, and the blocks that h2 writes.

use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn fields(fields: &[(&str, &str)]) -> Fields {
    let add = |all: Fields, (name, value): &(&str, &str)| all.with(name, value);
    fields.iter().fold(Fields::new(), add)
}

/// Appendix C.4: three requests of one connection, Huffman-coded.
#[test]
fn requests_of_the_rfc_decode() {
    let mut decoder = Decoder::default();
    let first = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    let second = [&first[..], &[("cache-control", "no-cache")]].concat();
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    for (block, expected, used) in [
        ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", &first[..], 57),
        ("8286 84be 5886 a8eb 1064 9cbf", &second, 110),
        (
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            &third,
            164,
        ),
    ] {
        assert_eq!(decoder.decode(&bytes(block)), Ok(fields(expected)));
        assert_eq!(decoder.used, used);
    }
}

/// Appendix C.6: three replies of one connection, with a table of 256 bytes that has to evict.
#[test]
fn replies_of_the_rfc_decode_and_evict() {
    let mut decoder = Decoder {
        size: 256,
        ..Decoder::default()
    };
    let status = |code, date| {
        [
            (":status", code),
            ("cache-control", "private"),
            ("date", date),
            ("location", "https://www.example.com"),
        ]
    };
    let before = "Mon, 21 Oct 2013 20:13:21 GMT";
    let after = "Mon, 21 Oct 2013 20:13:22 GMT";
    let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    let more = [("content-encoding", "gzip"), ("set-cookie", cookie)];
    let third = [&status("200", after)[..], &more].concat();
    // In the third block the encoding stands before the cookie and after the location.
    for (block, expected, used) in [
        (
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 \
             63c7 8f0b 97c8 e9ae 82ae 43d3",
            status("302", before).to_vec(),
            222,
        ),
        ("4883 640e ffc1 c0bf", status("307", before).to_vec(), 222),
        (
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 \
             b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
            third,
            215,
        ),
    ] {
        assert_eq!(decoder.decode(&bytes(block)), Ok(fields(&expected)));
        assert_eq!(decoder.used, used);
    }
}

#[test]
fn what_is_no_block_is_refused() {
    for (block, says) in [
        ("80", "index 0"),
        ("be", "beyond the table"),
        ("7f ff ff ff ff", "without end"),
        ("7f", "ends within"),
        ("00 05 61", "ends within"),
        ("00", "ends within"),
        ("3f e2 1f", "larger than was allowed"),
        // Huffman: EOS, half a code, padding of zeros, a byte of padding.
        ("00 84 ff ff ff ff 00", "end of a string"),
        ("00 81 fe 00", "within a code"),
        ("00 81 00 00", "within a code"),
        ("00 82 1f ff 00", "within a code"),
    ] {
        let refused = Decoder::default().decode(&bytes(block)).unwrap_err();
        assert!(refused.0.contains(says), "{block}: {refused:?}");
    }
    let mut decoder = Decoder::default();
    decoder
        .decode(&Fields::new().with("x", "y".repeat(4000)).encode())
        .unwrap();
    let bomb = [
        &[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..],
        &[b'y'; 4000],
        &[0xbe; 1000],
    ]
    .concat();
    let refused = decoder.decode(&bomb).unwrap_err();
    assert_eq!(refused, Malformed("a block of more than 1 MiB"));
}

#[test]
fn a_size_that_we_allow_may_be_used() {
    let mut decoder = Decoder::default();
    decoder.allow(8192);
    decoder.decode(&bytes("3f e2 1f")).unwrap();
    assert_eq!(decoder.size, 4097);
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(
        pairs in proptest::collection::vec((any::<Vec<u8>>(), any::<Vec<u8>>()), 0..8),
        long in 0..70_000_usize,
    ) {
        let fields = pairs.iter().fold(Fields::new(), |all, (name, value)| all.with(name, value));
        let fields = fields.with("long", vec![b'x'; long]);
        prop_assert_eq!(Decoder::default().decode(&fields.encode()), Ok(fields));
    }

    #[test]
    fn no_block_panics(blocks in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let mut decoder = Decoder::default();
        for block in blocks {
            let _ = decoder.decode(&block);
        }
    }
}
