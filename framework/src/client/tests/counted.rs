//! What is counted of calls that are dropped half-way: each once.

use std::collections::BTreeMap;

use super::*;
use crate::observe::Prometheus;

/// The values of all series whose names begin so.
fn series(metrics: &Arc<Prometheus>, prefix: &str) -> BTreeMap<String, u64> {
    let text = metrics.render();
    let lines = text.lines().filter(|line| line.starts_with(prefix));
    let parsed = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    parsed.collect()
}

fn sum(metrics: &Arc<Prometheus>, prefix: &str) -> u64 {
    series(metrics, prefix).values().sum()
}

const METHODS: [&str; 4] = ["Once", "Down", "Up", "Both"];

#[tokio::test]
async fn a_call_dropped_at_any_poll_is_counted_as_cancelled_once() {
    for (way, layers) in WAYS {
        for (shape, method) in METHODS.into_iter().enumerate() {
            let metrics = Prometheus::new();
            let server = Server::new()
                .add(Skeleton::new(Count))
                .metrics(metrics.clone());
            let builder = Channel::builder("http://pipe:1").metrics(metrics.clone());
            let channel = over(way, layered(builder, layers), server);
            whole(&channel, shape).await.unwrap();
            let mut dropped = 0;
            for polls in 0..500 {
                let before = sum(&metrics, "sinew_client_calls_total{");
                let call = Limited {
                    future: Some(Box::pin(whole(&channel, shape))),
                    polls,
                };
                let ended = call.await;
                let what = format!("{way:?}, layers {layers}, {method}, dropped at poll {polls}");
                settle(&what, || {
                    sum(&metrics, "sinew_client_calls_in_flight{") == 0
                        && sum(&metrics, "sinew_server_calls_in_flight{") == 0
                })
                .await;
                let now = sum(&metrics, "sinew_client_calls_total{");
                assert!(now <= before + 1, "{what}");
                if layers {
                    // Those of the user see a call before it is counted.
                    dropped += now - before;
                } else {
                    assert_eq!(now - before, u64::from(polls > 0), "{what}");
                    dropped += u64::from(polls > 0);
                }
                if let Some(result) = ended {
                    result.unwrap();
                    break;
                }
            }
            let calls = |side: &str, code: &str| {
                let path = format!("test.v1.Count/{method}");
                sum(
                    &metrics,
                    &format!("sinew_{side}_calls_total{{method=\"{path}\",code=\"{code}\"}}"),
                )
            };
            let what = format!("{way:?}, layers {layers}, {method}");
            // The first and the last were not dropped, and one before may have ended in its last poll.
            let (ok, cancelled) = (calls("client", "OK"), calls("client", "CANCELLED"));
            assert_eq!(ok + cancelled, dropped + 1, "{what}");
            assert!(ok >= 2 && cancelled > 0, "{what}: {ok} {cancelled}");
            let all = |side: &str| sum(&metrics, &format!("sinew_{side}_calls_total{{"));
            assert_eq!(all("client"), ok + cancelled, "{what}: no other code");
            assert!(all("server") <= all("client"), "{what}");
            assert_eq!(sum(&metrics, "sinew_client_calls_waiting{"), 0, "{what}");
        }
    }
}
