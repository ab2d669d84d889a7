use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_traceparent_is_valid_or_it_is_not() {
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (text, valid) in [
        (PARENT.to_owned(), true),
        (format!("00-{id}-00f067aa0ba902b7-00"), true),
        (format!("01-{id}-00f067aa0ba902b7-01"), true),
        (
            format!("cc-{id}-00f067aa0ba902b7-01-what-the-future-holds"),
            true,
        ),
        (format!("cc-{id}-00f067aa0ba902b7-01.what"), false),
        (format!("00-{id}-00f067aa0ba902b7-01-more"), false),
        (format!("ff-{id}-00f067aa0ba902b7-01"), false),
        (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
        (format!("00-{id}-0000000000000000-01"), false),
        (PARENT.to_uppercase(), false),
        (PARENT.replace('-', "_"), false),
        (PARENT[..54].to_owned(), false),
        (format!(" {PARENT}"), false),
        (String::new(), false),
    ] {
        assert_eq!(Trace::parse(&text).is_some(), valid, "{text:?}");
    }
}

#[test]
fn the_parts_can_be_read() {
    let trace = Trace::parse(PARENT).unwrap();
    assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace.parent_id(), "00f067aa0ba902b7");
    assert!(trace.is_sampled());
    for (flags, sampled) in [("00", false), ("02", false), ("03", true), ("ff", true)] {
        let trace = Trace::parse(&format!("{}{flags}", &PARENT[..53])).unwrap();
        assert_eq!(trace.is_sampled(), sampled, "{flags}");
    }
}

#[test]
fn a_tracestate_is_carried_left_out_or_shortened() {
    let entry = |key: &str, length: usize| format!("{key}={}", "v".repeat(length - key.len() - 1));
    let many = |count: usize| {
        (0..count)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let (short, long) = (entry("short", 100), entry("long", 129));
    for (came, carried) in [
        ("rojo=00f067aa0ba902b7,t@s/x*_-=a b".to_owned(), true),
        (many(32), true),
        (many(33), false),
        (String::new(), false),
        ("a".to_owned(), false),
        ("a=".to_owned(), false),
        ("A=b".to_owned(), false),
        ("a=b=c".to_owned(), false),
        (format!("a={}", "v".repeat(257)), false),
    ] {
        let trace = Trace::parse(PARENT).unwrap().with_state(&came);
        assert_eq!(trace.tracestate(), carried.then_some(came.as_str()));
    }
    for (came, kept) in [
        // 5 × 100 + 4 fit as they are; with one more, the last one goes.
        (vec![&short; 5], vec![&short; 5]),
        (vec![&short; 6], vec![&short; 5]),
        // Long ones go first, wherever they are.
        (vec![&long, &short, &short, &short, &short], vec![&short; 4]),
        (vec![&long, &long, &long, &long], vec![&long; 3]),
    ] {
        let join =
            |entries: Vec<&String>| entries.into_iter().cloned().collect::<Vec<_>>().join(",");
        let trace = Trace::parse(PARENT).unwrap().with_state(&join(came));
        assert_eq!(trace.tracestate(), Some(join(kept).as_str()));
    }
}

#[test]
fn headers_go_in_and_come_out() {
    let mut headers = HeaderMap::new();
    assert_eq!(Trace::from_headers(&headers), None);
    headers.append("traceparent", HeaderValue::from_static(PARENT));
    headers.append("tracestate", HeaderValue::from_static("a=1"));
    headers.append("tracestate", HeaderValue::from_static(" b=2 ,, c=3"));
    let trace = Trace::from_headers(&headers).unwrap();
    assert_eq!(trace.tracestate(), Some("a=1,b=2,c=3"));

    let mut out = HeaderMap::new();
    out.append("tracestate", HeaderValue::from_static("old=1"));
    trace.write_to(&mut out);
    assert_eq!(Trace::from_headers(&out), Some(trace));
    assert_eq!(out.len(), 2);

    Trace::parse(PARENT).unwrap().write_to(&mut out);
    assert_eq!(out.len(), 1, "the state of another trace does not stay");

    headers.append("traceparent", HeaderValue::from_static(PARENT));
    assert_eq!(Trace::from_headers(&headers), None, "two parents are none");
}

#[test]
fn a_state_that_is_not_valid_does_not_cost_the_trace() {
    let trace = Trace::parse(PARENT).unwrap().with_state("a=1,?");
    assert_eq!((trace.traceparent(), trace.tracestate()), (PARENT, None));
}

proptest! {
    #[test]
    fn nothing_that_a_peer_sends_panics_or_grows(
        parent in "[0-9a-f\\-]{50,60}",
        state in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let mut headers = HeaderMap::new();
        for parent in [parent.as_str(), PARENT] {
            headers.insert("traceparent", HeaderValue::from_str(parent).unwrap());
            if let Ok(state) = HeaderValue::from_bytes(&state) {
                headers.insert("tracestate", state);
            }
            if let Some(trace) = Trace::from_headers(&headers) {
                prop_assert_eq!(trace.trace_id().len() + trace.parent_id().len(), 48);
                prop_assert!(trace.tracestate().is_none_or(|state| state.len() <= 512));
            }
        }
    }
}
