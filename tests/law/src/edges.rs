//! The dependency law: who may import whom, which files decide without clock,
//! runtime or chance, and what may stand in `lib.rs`.
//! It finds no paths itself.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

use crate::names::Names;

/// A file of the runtime: its path below `src/`, and its text.
pub struct Source {
    /// With forward slashes, as `client/mod.rs`.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// A top module, and the other top modules that it may import. A new module
/// needs a line here, with the reason for each of its edges in a review.
pub const MAY_IMPORT: &[(&str, &[&str])] = &[
    // What a call is: everyone's vocabulary, so it knows nobody.
    ("call", &[]),
    ("rt", &[]),
    // A node is an endpoint with its connection, of which it tells.
    (
        "endpoint",
        &["call", "middleware", "observe", "rt", "transport"],
    ),
    // Picks among endpoints by numbers: no bodies, no connections.
    ("balance", &["endpoint", "rt"]),
    // Finds endpoints; what is called there is not its business.
    ("discovery", &["observe", "rt", "transport"]),
    // Carries an attempt to an address: it knows no retry, balance, discovery.
    ("transport", &["call", "rt"]),
    ("middleware", &["call"]),
    ("observe", &["call"]),
    // What a file says of methods; changes of it are told.
    ("overrides", &["call", "observe", "rt"]),
    // A service as a file for other languages; no call passes it.
    ("export", &["call"]),
    // The two sides never import each other.
    (
        "client",
        &[
            "call",
            "balance",
            "discovery",
            "endpoint",
            "middleware",
            "observe",
            "overrides",
            "rt",
            "transport",
        ],
    ),
    (
        "server",
        &[
            "call",
            "discovery",
            "endpoint",
            "middleware",
            "observe",
            "overrides",
            "rt",
            "services",
            "transport",
        ],
    ),
    // What a server brings along; their generated code names public types, as everybody's does.
    ("services", &["call"]),
    // The door for generated code, which is client and server at once.
    ("codegen", &["call", "client", "server"]),
    // Test tools stand outside of the stack: they speak its wire, carry its bytes, measure its
    // decisions, and simulate clusters of servers under channels.
    (
        "testing",
        &[
            "balance",
            "call",
            "client",
            "discovery",
            "endpoint",
            "observe",
            "server",
            "transport",
        ],
    ),
];

/// Files, or folders with a final slash, whose decisions are pure functions of
/// what they are given: no runtime, no span, no clock, no global random source.
pub const PURE: &[&str] = &[
    "discovery/change.rs",
    "discovery/dns/pace.rs",
    "discovery/dns/records.rs",
    "discovery/dns/url.rs",
    "discovery/found.rs",
    "discovery/instance.rs",
    "discovery/instance/",
    "discovery/json.rs",
    "discovery/judge.rs",
    "discovery/judge/edit.rs",
    "discovery/judge/flaps.rs",
    "discovery/judge/rank.rs",
    "discovery/judge/read.rs",
    "transport/target.rs",
    "transport/target/",
    "rt/backoff.rs",
];

/// As [`PURE`], for what is still being built: checked as soon as it is there.
pub const PURE_LATER: &[&str] = &[
    "balance/",
    "call/code.rs",
    "call/details.rs",
    "call/details/",
    "call/metadata.rs",
    "call/metadata/",
    "call/method.rs",
    "call/outcome.rs",
    "call/report.rs",
    "call/report/",
    "call/status.rs",
    "call/status/",
    "call/trace.rs",
    "call/trace/",
    "call/wire.rs",
    "call/wire/",
    "client/budget.rs",
    "client/hedge.rs",
    "client/retry.rs",
    "client/throttle.rs",
    "endpoint/outlier.rs",
    "server/gate.rs",
    "server/load/rates.rs",
    "server/load/service_time.rs",
    "server/queue.rs",
];

/// Every breach of the law in `sources`, one sentence each.
///
/// # Errors
/// When a file is not Rust.
pub fn breaches(sources: &[Source]) -> Result<Vec<String>, LexError> {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut found = Vec::new();
    for Source { path, text } in sources {
        if path == "lib.rs" {
            found.extend(front_page(text)?);
            continue;
        }
        let names = Names::of(path, text)?;
        found.extend(imports(path, &names, &allowed));
        if is_in(path, PURE) || is_in(path, PURE_LATER) {
            found.extend(impurities(path, &names));
        }
    }
    Ok(found)
}

/// The lines of [`PURE`] that match none of `sources`.
pub fn idle_rules(sources: &[Source]) -> Vec<&'static str> {
    let matches = |rule: &&str| sources.iter().any(|source| is_in(&source.path, &[rule]));
    PURE.iter().copied().filter(|rule| !matches(rule)).collect()
}

fn is_in(path: &str, rules: &[&str]) -> bool {
    rules
        .iter()
        .any(|rule| path == *rule || (rule.ends_with('/') && path.starts_with(rule)))
}

fn imports(path: &str, names: &Names, allowed: &BTreeMap<&str, &[&str]>) -> Vec<String> {
    let top = path.split(['/', '.']).next().unwrap_or(path);
    let Some(may) = allowed.get(top) else {
        return vec![format!(
            "{path}: `{top}` is not in the table of the law: add it"
        )];
    };
    let judge = |named: &Vec<String>| {
        let shown = format!("crate::{}", named.join("::"));
        match named.first().map(String::as_str) {
            Some(to) if to == top || may.contains(&to) => None,
            Some(to) if allowed.contains_key(to) => {
                Some(format!("{path}: {shown}: `{top}` may not import `{to}`"))
            }
            _ => Some(format!(
                "{path}: {shown}: goes through the crate root; import it from its folder"
            )),
        }
    };
    names.inside.iter().filter_map(judge).collect()
}

fn impurities(path: &str, names: &Names) -> Vec<String> {
    let judge = |named: &Vec<String>| {
        let segments: Vec<&str> = named.iter().map(String::as_str).collect();
        let why = match segments[..] {
            ["tokio" | "tracing" | "h2" | "hyper" | "http_body", ..] => "knows a runtime or a wire",
            ["fastrand", second, ..] if second != "Rng" => "draws from the global random source",
            ["fastrand", "Rng", "new", ..] => "makes a random source of its own",
            [.., "Instant" | "SystemTime", "now"] => "reads a clock",
            _ => return None,
        };
        Some(format!(
            "{path}: {}: a pure decision {why}",
            segments.join("::")
        ))
    };
    let waits = (names.awaits > 0).then(|| format!("{path}: a pure decision waits (`.await`)"));
    names
        .outside
        .iter()
        .filter_map(judge)
        .chain(waits)
        .collect()
}

/// `lib.rs` holds modules, re-exports, docs and macros.
fn front_page(text: &str) -> Result<Vec<String>, LexError> {
    let stream: TokenStream = text.parse()?;
    let mut found = Vec::new();
    let mut item: Vec<TokenTree> = Vec::new();
    for token in stream {
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => {
                group.delimiter() == Delimiter::Brace && !words(&item).contains(&"use".to_owned())
            }
            _ => false,
        };
        item.push(token);
        if ends {
            found.extend(misplaced(&item));
            item.clear();
        }
    }
    Ok(found)
}

/// The item's words, attributes aside.
fn words(item: &[TokenTree]) -> Vec<String> {
    item.iter()
        .filter(|token| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => !matches!(punct.as_char(), '#' | '!'),
            _ => true,
        })
        .map(ToString::to_string)
        .collect()
}

fn misplaced(item: &[TokenTree]) -> Option<String> {
    let words = words(item);
    let kind = words.iter().find(|word| *word != "pub")?;
    let inline = matches!(item.last(), Some(TokenTree::Group(_)));
    let fine = match kind.as_str() {
        "mod" => !inline,
        "use" => words.first().is_some_and(|first| first == "pub"),
        // The name by which generated code knows this crate.
        "extern" => words.join(" ") == "extern crate self as sinew ;",
        "macro_rules" | ";" => true,
        _ => false,
    };
    (!fine).then(|| {
        let shown: Vec<&str> = words.iter().take(3).map(String::as_str).collect();
        format!(
            "lib.rs: `{} …`: only modules, `pub use`, docs and macros stand here",
            shown.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches_of(path: &str, text: &str) -> Vec<String> {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        breaches(&[source]).unwrap()
    }

    #[test]
    fn a_broken_edge_is_found() {
        for (path, text, expected) in [
            (
                "call/raw.rs",
                "use crate::transport::Io;",
                "call/raw.rs: crate::transport::Io: `call` may not import `transport`",
            ),
            (
                "client/mod.rs",
                "use crate::server::Route;",
                "client/mod.rs: crate::server::Route: `client` may not import `server`",
            ),
            (
                "server/mod.rs",
                "fn f(_: crate::client::X) {}",
                "server/mod.rs: crate::client::X: `server` may not import `client`",
            ),
            (
                "balance/sed.rs",
                "use super::super::transport::pool;",
                "balance/sed.rs: crate::transport::pool: `balance` may not import `transport`",
            ),
            (
                "balance/ring.rs",
                "use crate::call::{body::Body};",
                "balance/ring.rs: crate::call::body::Body: `balance` may not import `call`",
            ),
            (
                "transport/http2.rs",
                "use crate::discovery::X;",
                "transport/http2.rs: crate::discovery::X: `transport` may not import `discovery`",
            ),
            (
                "discovery/dns.rs",
                "use crate::call::Call;",
                "discovery/dns.rs: crate::call::Call: `discovery` may not import `call`",
            ),
            (
                "endpoint/set.rs",
                "use crate::client::X;",
                "endpoint/set.rs: crate::client::X: `endpoint` may not import `client`",
            ),
            (
                "client/enter.rs",
                "use crate::Status;",
                "client/enter.rs: crate::Status: goes through the crate root; import it from its folder",
            ),
            (
                "observe.rs",
                "use super::*;",
                "observe.rs: crate::: goes through the crate root; import it from its folder",
            ),
            (
                "novel/mod.rs",
                "",
                "novel/mod.rs: `novel` is not in the table of the law: add it",
            ),
        ] {
            assert_eq!(breaches_of(path, text), [expected]);
        }
    }

    #[test]
    fn edges_of_the_law_are_not() {
        for (path, text) in [
            (
                "client/mod.rs",
                "use crate::{call::RawCall, transport::Io}; use super::client::x;",
            ),
            (
                "client/x/y.rs",
                "use super::super::attempts; use super::z::*;",
            ),
            (
                "transport/connect.rs",
                "use crate::call::Status; use tokio::net;",
            ),
            (
                "codegen.rs",
                "pub use crate::server::Dispatch; pub use crate::client::unary;",
            ),
            (
                "server/mod.rs",
                "#[cfg(test)] mod tests { use crate::client::Channel; }",
            ),
        ] {
            assert_eq!(breaches_of(path, text), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_decision_that_is_not_pure_is_found() {
        for (text, expected) in [
            (
                "use tokio::time::Instant;",
                "tokio::time::Instant: a pure decision knows a runtime or a wire",
            ),
            (
                "fn f() { tracing::info!(\"x\") }",
                "tracing::info: a pure decision knows a runtime or a wire",
            ),
            (
                "fn f() { fastrand::u64(..); }",
                "fastrand::u64: a pure decision draws from the global random source",
            ),
            (
                "fn f() { fastrand::Rng::new(); }",
                "fastrand::Rng::new: a pure decision makes a random source of its own",
            ),
            (
                "fn f() { std::time::Instant::now(); }",
                "std::time::Instant::now: a pure decision reads a clock",
            ),
            (
                "async fn f() { g().await }",
                "a pure decision waits (`.await`)",
            ),
        ] {
            assert_eq!(
                breaches_of("rt/backoff.rs", text),
                [format!("rt/backoff.rs: {expected}")]
            );
            let later = breaches_of("balance/ring.rs", text);
            assert_eq!(later, [format!("balance/ring.rs: {expected}")]);
            assert_eq!(breaches_of("rt/clock.rs", text), [""; 0]);
        }
        assert_eq!(
            breaches_of("rt/backoff.rs", "fn f(rng: &mut fastrand::Rng) {}"),
            [""; 0]
        );
        let clock = "use std::time::Instant; fn f(now: Instant) {}";
        assert_eq!(breaches_of("rt/backoff.rs", clock), [""; 0]);
    }

    #[test]
    fn a_rule_for_a_file_that_is_gone_is_found() {
        let left = Source {
            path: "transport/target/invalid.rs".to_owned(),
            text: String::new(),
        };
        let idle = idle_rules(&[left]);
        assert_eq!(idle.len(), PURE.len() - 1);
        assert!(!idle.contains(&"transport/target/"));
    }

    #[test]
    fn the_front_page_holds_modules_reexports_and_macros() {
        let fine = "//! Docs.
            #![doc = \"x\"]
            extern crate self as sinew;
            mod a; pub mod b; #[cfg(unix)] #[doc(hidden)] pub mod c;
            pub use a::{B, c::D}; #[doc(inline)] pub use b::E;
            #[macro_export] macro_rules! m { () => {}; }";
        assert_eq!(breaches_of("lib.rs", fine), [""; 0]);
        for (text, shown) in [
            ("pub type R<T> = X<T>;", "pub type R"),
            ("pub fn f() {}", "pub fn f"),
            ("struct S;", "struct S ;"),
            ("impl S { }", "impl S { }"),
            ("mod a { fn f() {} }", "mod a { fn f () { } }"),
            ("use a::b; mod c;", "use a :"),
            ("const X: u8 = 1;", "const X :"),
            ("extern crate std as core;", "extern crate std"),
        ] {
            let expected =
                format!("lib.rs: `{shown} …`: only modules, `pub use`, docs and macros stand here");
            assert_eq!(breaches_of("lib.rs", text), [expected]);
        }
    }
}
