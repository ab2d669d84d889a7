//! What an explanation shows, to people and to programs.

use std::sync::Arc;

use crate::client::Channel;
use crate::client::tests::{ONCE, scripted, two};
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
