use std::time::Duration;

use super::*;

const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;

/// `:status: 200`, and a status that has no byte.
const REPLY: u8 = 0x88;
const EARLY: u8 = 0x48;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&len[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

struct Talk {
    conduct: Conduct,
    now: Instant,
}

impl Talk {
    fn with_client(streams: u32) -> Self {
        let now = Instant::now();
        let conduct = Conduct::of_client(streams, now);
        Self { conduct, now }
    }

    fn with_server() -> Self {
        let now = Instant::now();
        let mut conduct = Conduct::of_server(0, now);
        conduct.said(&[0; PREFACE]);
        Self { conduct, now }
    }

    fn hears(&mut self, bytes: &[u8]) -> Result<(), Unruly> {
        let taken = self.conduct.heard(bytes, usize::MAX, || self.now)?;
        assert_eq!(taken.bytes, bytes.len());
        Ok(())
    }

    /// How many of these it takes at once.
    fn takes(&mut self, bytes: &[u8]) -> u32 {
        (0..)
            .find(|_| self.hears(bytes).is_err())
            .unwrap_or_default()
    }
}

#[test]
fn control_frames_are_taken_in_bursts_and_for_ever_as_time_pays_for_them() {
    for (kind, payload) in [
        (0, &[][..]),
        (2, &[0; 5]),
        (3, &[0; 4]),
        (4, &[]),
        (PING, &[0; 8]),
        (WINDOW_UPDATE, &[0; 4]),
        (CONTINUATION, &[1]),
        (0x77, &[0; 100]),
    ] {
        let control = frame(kind, 0, 1, payload);
        let mut talk = Talk::with_client(0);
        assert_eq!(talk.takes(&control), BURST, "{kind}");
        talk.now += Duration::from_secs(2);
        // One was too much before.
        assert_eq!(talk.takes(&control), 2 * PER_SECOND - 1, "{kind}");
        talk.now += Duration::from_secs(1);
        for _ in 0..1000 {
            talk.now += Duration::from_millis(500);
            let second = control.repeat(PER_SECOND as usize / 2);
            assert_eq!(talk.hears(&second), Ok(()), "{kind}");
        }
        talk.now += Duration::from_secs(1_000_000);
        // A burst that was paid for, and what was left of the one before.
        let burst = talk.takes(&control);
        assert!((BURST..BURST + PER_SECOND).contains(&burst), "{kind}");
    }
    // What every stream may need is there.
    assert_eq!(
        Talk::with_client(50).takes(&frame(3, 0, 1, &[0; 4])),
        BURST + 100
    );
}

#[test]
fn calls_are_never_too_many_and_pay_for_what_they_need() {
    let request = frame(HEADERS, END_HEADERS, 1, &[0x83]);
    let data = frame(DATA, 0, 1, b"message");
    let end = frame(DATA, END_STREAM, 1, b"");
    let control = frame(PING, 0, 0, &[0; 8]).repeat(PER_CALL_FRAME as usize);
    let mut talk = Talk::with_client(0);
    for _ in 0..10_000 {
        for bytes in [&request, &control, &data, &end] {
            assert_eq!(talk.hears(bytes), Ok(()));
        }
        // The reply: a head, a message, and its end.
        for bytes in [&request, &data, &request] {
            talk.conduct.said(bytes);
            assert_eq!(talk.hears(&control), Ok(()));
        }
    }
    // Answers to PING are no frames of calls.
    for _ in 0..BURST {
        talk.conduct.said(&frame(PING, 1, 0, &[0; 8]));
    }
    assert!(talk.takes(&frame(PING, 0, 0, &[0; 8])) <= BURST);
}

#[test]
fn early_heads_are_taken_one_a_call_and_some() {
    let early = frame(HEADERS, END_HEADERS, 1, &[EARLY, 3, b'1', b'0', b'3']);
    let reply = frame(HEADERS, END_HEADERS, 1, &[REPLY]);
    let end = frame(HEADERS, END_HEADERS | END_STREAM, 1, &[EARLY]);
    let request = frame(HEADERS, END_HEADERS, 1, &[0x83]);
    let mut talk = Talk::with_server();
    for _ in 0..10_000 {
        talk.conduct.said(&request);
        for bytes in [&early, &reply, &end] {
            assert_eq!(talk.hears(bytes), Ok(()));
        }
    }
    // So many replies at once, to calls that were made before, are no flood.
    for _ in 0..10_000 {
        assert_eq!(talk.hears(&reply), Ok(()));
        assert_eq!(talk.hears(&end), Ok(()));
    }
    talk.conduct.said(&request);
    assert_eq!(i64::from(talk.takes(&early)), EARLY_HEADS);
    // No time helps.
    talk.now += Duration::from_secs(1000);
    assert_eq!(talk.hears(&early), Err(Unruly::Flood));
}

#[test]
fn a_head_is_open_from_its_first_byte_to_its_last() {
    let head = [
        frame(HEADERS, 0, 1, &[0x83, 0x84]),
        frame(CONTINUATION, 0, 1, &[]),
        frame(CONTINUATION, END_HEADERS, 1, &[0x86]),
    ]
    .concat();
    let mut talk = Talk::with_client(0);
    for (at, byte) in head.iter().enumerate() {
        talk.hears(&[*byte]).unwrap();
        // What kind of frame it is stands in its ninth byte.
        let open = at + 1 >= HEAD && at + 1 < head.len();
        assert_eq!(talk.conduct.is_in_head(), open, "{at}");
    }
    talk.hears(&frame(DATA, 0, 1, &[0; 100])[..50]).unwrap();
    assert!(!talk.conduct.is_in_head());
    // A server has as long as its caller waits.
    let mut talk = Talk::with_server();
    talk.hears(&head[..12]).unwrap();
    assert!(!talk.conduct.is_in_head());
}

#[test]
fn a_peer_is_told_of_the_last_stream_and_not_within_a_frame() {
    let mut talk = Talk::with_client(0);
    for stream in [1, 7, 5] {
        let head = frame(HEADERS, END_HEADERS, stream, &[0x83]);
        talk.hears(&head).unwrap();
    }
    assert_eq!(talk.conduct.may_go_away(), Some(7));
    let reply = frame(DATA, 0, 1, &[0; 100]);
    talk.conduct.said(&reply[..50]);
    assert_eq!(talk.conduct.may_go_away(), None);
    talk.conduct.said(&reply[50..]);
    assert_eq!(talk.conduct.may_go_away(), Some(7));
    let told = [7u32.to_be_bytes(), 11u32.to_be_bytes()].concat();
    let told = frame(GOAWAY, 0, 0, &[&told, &b"flood"[..]].concat());
    assert_eq!(Unruly::Flood.go_away(7), told);
    let mut talk = Talk::with_server();
    talk.hears(&frame(HEADERS, END_HEADERS, 4, &[REPLY]))
        .unwrap();
    assert_eq!(talk.conduct.may_go_away(), Some(0));
}

#[test]
fn what_resets_a_call_costs_more_than_what_makes_it() {
    let costs = [
        (DATA, 0, 1),
        (DATA, END_STREAM, 1),
        (HEADERS, END_HEADERS, 1),
        (HEADERS, END_HEADERS | END_STREAM, CALL_COST),
        (RST_STREAM, 0, RESET_COST),
        (PING, 0, 1),
        (WINDOW_UPDATE, 0, 1),
    ];
    for (kind, flags, cost) in costs {
        let two = frame(kind, flags, 1, &[0; 8]).repeat(2);
        // As far as the head for which there was room; what a server says begins nothing.
        for (mut talk, cost) in [(Talk::with_client(0), cost), (Talk::with_server(), 1)] {
            let taken = talk.conduct.heard(&two, 1, || talk.now);
            assert_eq!(taken, Ok(Taken { bytes: HEAD, cost }), "{kind} {flags}");
        }
    }
}
