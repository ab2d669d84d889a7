//! What an explanation shows, to people and to programs.

use std::sync::Arc;

use crate::client::Channel;
use crate::client::tests::{ONCE, quiet, scripted, two};
use crate::transport::scripted::Scripted;

fn channel() -> Channel {
    let answers = || Scripted::Answers(Arc::new(two));
    let links = vec![("a", answers()), ("b", answers()), ("c", Scripted::Closing)];
    scripted(Channel::builder("http://scripted:1"), links)
}

#[tokio::test]
async fn a_table_and_json_say_the_same() {
    let channel = channel();
    for n in 0..3 {
        crate::client::unary(&channel, &ONCE, n).await.unwrap();
    }
    let explained = channel.explain();
    let shown = explained.to_string();
    assert!(
        shown.starts_with("given endpoints: 3 endpoints, shortest_delay\n"),
        "{shown}"
    );
    for part in ["warm", "joined", "connected", "a call", "considered were"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(explained.picks().len(), 1, "the first of 1,024");
    let picked = explained.picks()[0].picked().unwrap();
    assert!(
        explained
            .endpoints()
            .iter()
            .any(|endpoint| endpoint.name() == picked)
    );
    let json: serde_json::Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(json["endpoints"].as_array().unwrap().len(), 3);
    assert_eq!(json["endpoints"][0]["state"], "warm");
    assert_eq!(json["balance"], "shortest_delay");
    assert_eq!(json["picks"][0]["picked"], picked);
}

#[tokio::test]
async fn an_owner_that_has_its_part_of_the_load_is_passed_over_for_that() {
    let links = ["a", "b", "c"].map(|name| (name, Scripted::Hangs)).to_vec();
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    // It weighs its endpoints from then on.
    channel.ready().await.unwrap();
    quiet().await;
    let mut calls = Vec::new();
    let full = |channel: &Channel| {
        let explained = channel.explain_key("cart-7");
        let of = explained.candidates().iter().map(|candidate| {
            let why = candidate.passed_over().unwrap_or_default();
            (candidate.is_picked(), why.contains("part of the load"))
        });
        of.collect::<Vec<_>>()
    };
    for want in [
        [(true, false), (false, false), (false, false)],
        [(true, false), (false, false), (false, false)],
        [(false, true), (true, false), (false, false)],
    ] {
        assert_eq!(full(&channel), want, "with {} calls", calls.len());
        let call = crate::client::unary(&channel, &ONCE, 1).hash_key("cart-7");
        calls.push(tokio::spawn(call.into_future()));
        quiet().await;
    }
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_key_has_an_owner_and_candidates() {
    let channel = channel();
    let explained = channel.explain_key("cart-7");
    assert_eq!(explained.candidates().len(), 3);
    assert_eq!(
        explained
            .candidates()
            .iter()
            .filter(|c| c.is_picked())
            .count(),
        1
    );
    let shown = explained.to_string();
    assert!(shown.contains("owner") && shown.contains("→"), "{shown}");
    let json: serde_json::Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(json["candidates"].as_array().unwrap().len(), 3);
    let digest = channel.explain().digest();
    assert_eq!(json["digest"], format!("{:016x}", digest.unwrap()));
    let shares: f64 = channel
        .explain()
        .endpoints()
        .iter()
        .filter_map(|e| e.share())
        .sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    assert!(channel.explain_key("").to_string().contains("by load"));
}
