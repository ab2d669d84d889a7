//! Service configs in the public format, each with what is read of it and what is said of it.
//! It writes the expected texts only when `SINEW_BLESS` is set.
#![allow(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sinew_service_config::{MethodConfig, Name, Severity, read};

fn shown(text: &str) -> String {
    let read = read(text);
    let mut out = String::new();
    writeln!(
        out,
        "{}",
        if read.is_refused() {
            "refused"
        } else {
            "loads"
        }
    )
    .unwrap();
    for problem in &read.problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        // As it stands behind the name of the file.
        writeln!(out, "{severity}: {:?}: config.json:{problem}", problem.rule).unwrap();
    }
    for config in &read.config.methods {
        let names: Vec<String> = config.names.iter().map(name).collect();
        writeln!(out, "[{}]", names.join(", ")).unwrap();
        for line in values(config) {
            writeln!(out, "  {line}").unwrap();
        }
    }
    out
}

fn name(name: &Name) -> String {
    match (name.service.as_str(), name.method.as_str()) {
        ("", _) => "default".to_owned(),
        (service, "") => service.to_owned(),
        (service, method) => format!("{service}/{method}"),
    }
}

fn values(config: &MethodConfig) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        config
            .timeout
            .as_ref()
            .map(|v| format!("timeout {:?}", v.value)),
    );
    let idle_timeout = config.idle_timeout.as_ref();
    lines.extend(idle_timeout.map(|v| format!("idle_timeout {:?}", v.value)));
    let waits = config.wait_for_ready.as_ref();
    lines.extend(waits.map(|v| format!("wait_for_ready {}", v.value)));
    let (request, reply) = (&config.max_request_bytes, &config.max_reply_bytes);
    lines.extend(
        request
            .as_ref()
            .map(|v| format!("max_request_bytes {}", v.value)),
    );
    lines.extend(
        reply
            .as_ref()
            .map(|v| format!("max_reply_bytes {}", v.value)),
    );
    lines.extend(config.retry.as_ref().map(|v| format!("{:?}", v.value)));
    lines.extend(config.hedge.as_ref().map(|v| format!("{:?}", v.value)));
    let criticality = config.criticality.as_ref();
    lines.extend(criticality.map(|v| format!("criticality {:?}", v.value)));
    lines
}

#[test]
fn every_config_loads_or_says_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let entries = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut configs: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    configs.sort();
    assert!(configs.len() > 20, "{}", configs.len());
    let mut wrong = Vec::new();
    for path in configs {
        let shown = shown(&fs::read_to_string(&path).unwrap());
        let expected = path.with_extension("txt");
        if std::env::var_os("SINEW_BLESS").is_some() {
            fs::write(&expected, &shown).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if wanted != shown {
            wrong.push(format!("{}\n{shown}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_most_specific_entry_is_taken_and_nothing_of_the_others() {
    let text = r#"{"methodConfig": [
        {"name": [{}], "timeout": "1s", "waitForReady": true},
        {"name": [{"service": "a.A"}], "timeout": "2s"},
        {"name": [{"service": "a.A", "method": "Get"}], "waitForReady": false}
    ]}"#;
    let config = read(text).config;
    for (service, method, timeout, waits) in [
        ("b.B", "Get", Some(1), Some(true)),
        ("a.A", "Put", Some(2), None),
        ("a.A", "Get", None, Some(false)),
        ("a.AA", "Get", Some(1), Some(true)),
    ] {
        let (found, _) = config.of(service, method).unwrap();
        let seconds = found.timeout.as_ref().map(|v| v.value.as_secs());
        assert_eq!(seconds, timeout, "{service}/{method}");
        assert_eq!(
            found.wait_for_ready.as_ref().map(|v| v.value),
            waits,
            "{service}/{method}"
        );
    }
}

#[test]
fn a_file_with_many_mistakes_is_cut_short() {
    let fields: Vec<String> = (0..5000).map(|n| format!("\"unknown{n}\": 1")).collect();
    let text = format!("{{{}, \"methodConfig\": 5}}", fields.join(", "));
    let read = read(&text);
    assert!(read.is_refused());
    assert_eq!(read.problems.len(), 100);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(at in 0usize..1200, len in 0usize..40, put in ".{0,6}|[\\[\\]{}\",:0-9.]{0,6}") {
        let mut text = include_str!("configs/complete.json").to_owned();
        let at = at.min(text.len());
        let end = (at + len).min(text.len());
        text.replace_range(at..end, &put);
        for problem in read(&text).problems {
            assert!(problem.place.line > 0 && problem.place.column > 0, "{problem}");
        }
    }
}
