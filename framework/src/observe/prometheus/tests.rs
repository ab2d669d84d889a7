//! The exposition, to the byte.

use std::time::Duration;

use super::*;
use crate::call::{Code, Method, MethodHandle, Shape};
use crate::observe::{CallEnd, Observer, names};

static ADD: Method<(), ()> = Method::unary("/shop.v1.Cart/AddLine");
static GET: Method<(), ()> = Method::unary("/shop.v1.Cart/Get");

fn end(code: Code, elapsed: Duration) -> CallEnd {
    CallEnd {
        code,
        elapsed,
        refused: None,
    }
}

/// Everything that can be told, told.
fn all() -> Arc<Prometheus> {
    let metrics = Prometheus::new();
    let ms = Duration::from_millis;

    let add = metrics.method(Side::Client, ADD.spec());
    for (code, elapsed) in [(Code::Ok, 2), (Code::Ok, 10_000), (Code::Unavailable, 40)] {
        add.started();
        add.attempt();
        add.ended(&end(code, ms(elapsed)));
    }
    add.started();
    add.waiting();
    add.waiting();
    add.waited(ms(5));
    add.attempt();
    add.sent_again("refused");
    add.sent_again("gone_away");
    add.sent_again("refused");
    metrics.connection_opened(Side::Client);
    metrics.connect_failed("lookup", &"no such name");
    metrics.endpoint_changed("ejected", "failures_in_a_row");
    metrics.policy_file(Side::Client, true, &"");
    metrics.policy_file(Side::Server, false, &"");
    metrics.tls_files(Side::Server, true, &"");
    metrics.discovery_began("local:///shop.v1.Cart");
    metrics.discovery_read("local:///shop.v1.Cart", "taken");
    metrics.discovery_read("local:///shop.v1.Cart", "failed");
    metrics.discovery_relisted("local:///shop.v1.Cart", "suspect");
    metrics.discovery_held("local:///shop.v1.Cart", 3);

    let get = metrics.method(Side::Server, GET.spec());
    get.started();
    get.ended(&end(Code::NotFound, ms(60_000)));
    get.started();
    get.ended(&CallEnd {
        refused: Some("expired"),
        ..end(Code::DeadlineExceeded, ms(1))
    });
    for _ in 0..3 {
        metrics.connection_opened(Side::Server);
    }
    metrics.connection_told_to_end("age");
    metrics.connection_cut_off();
    metrics.connection_broken_off("flood");
    metrics.connection_closed(Side::Server);
    metrics.refused_connection("full", &"too many");
    metrics
}

/// An age is what it is when it is asked for.
fn without_age(shown: &str) -> String {
    let lines = shown.lines().map(|line| match line.rsplit_once(' ') {
        Some((series, _)) if series.starts_with("sinew_discovery_set_age_seconds{") => {
            format!("{series} 0\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

const ALL: &str = include_str!("tests/all.txt");

#[test]
fn all_that_is_told_is_shown_and_nothing_else() {
    assert_eq!(without_age(&all().render()), ALL);
    // Once more: showing counts nothing.
    let metrics = all();
    metrics.render();
    assert_eq!(without_age(&metrics.render()), ALL);
}

#[test]
fn each_metric_with_a_name_is_shown() {
    for name in names::ALL {
        assert!(ALL.contains(&format!("# TYPE {name} ")), "{name}");
        let meaning = names::meaning(name);
        assert!(meaning.ends_with('.'), "{name}: {meaning:?}");
    }
    let shown = ALL.lines().filter(|line| line.starts_with("# TYPE"));
    assert_eq!(shown.count(), names::ALL.len());
}

#[test]
fn a_series_is_shown_once_and_in_the_text_format() {
    let mut seen = std::collections::BTreeSet::new();
    for line in ALL.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(name.bytes().all(is_name), "{line}");
        assert!(labels.ends_with('}') && !labels.contains(",}"), "{line}");
    }
    let cumulative: Vec<u64> = ALL
        .lines()
        .filter(|line| line.starts_with("sinew_client_call_seconds_bucket"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert_eq!(cumulative.len(), 13);
    assert!(cumulative.is_sorted());
}

/// Names come from the code, but for those of `#[service]`, which may be whatever Rust takes.
#[test]
fn a_label_is_escaped() {
    let metrics = Prometheus::new();
    let odd = MethodSpec::named("/a.\"A\\/B\n", Shape::Unary);
    metrics.method(Side::Server, &odd).started();
    let shown = metrics.render();
    let line = r#"sinew_server_calls_in_flight{method="a.\"A\\/B\n"} 1"#;
    assert!(shown.lines().any(|shown| shown == line), "{shown}");
}

#[test]
fn a_registry_of_ones_own_takes_it_beside_other_metrics() {
    let mut registry = Registry::with_prefix("shop");
    let lines = prometheus_client::metrics::counter::Counter::<u64>::default();
    registry.register("lines", "Lines in carts", lines.clone());
    lines.inc();
    registry.register_collector(Box::new(all()));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("\nshop_lines_total 1\n"), "{text}");
    assert!(text.contains("\nshop_sinew_server_connections_open 2\n"));
    assert!(text.ends_with("\n# EOF\n"));
}

#[test]
fn channels_and_servers_that_share_it_are_counted_together() {
    let metrics = Prometheus::new();
    for _ in 0..2 {
        let observer = Observer::new(metrics.clone());
        let method = MethodHandle::from(ADD.spec());
        for side in [Side::Client, Side::Server] {
            let handle = observer.method(side, &method).unwrap();
            handle.started();
            handle.ended(&end(Code::Ok, Duration::ZERO));
        }
    }
    let shown = metrics.render();
    for side in ["client", "server"] {
        let line =
            format!("sinew_{side}_calls_total{{method=\"shop.v1.Cart/AddLine\",code=\"OK\"}} 2\n");
        assert!(shown.contains(&line), "{shown}");
    }
}
