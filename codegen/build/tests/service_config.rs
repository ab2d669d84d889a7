//! Service configs merged over the IDL: what comes into the descriptors, and what is said of a file, with its place.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sinew_build::{Config, Diagnostics, Report};

const IDL: &str = r#"syntax = "proto3";
package shop.v1;
import "sinew/options.proto";
service Cart {
  option (sinew.service) = { timeout: "1s" idle_timeout: "30s" };
  rpc Get(Line) returns (Line) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (sinew.method) = { timeout: "250ms" hedge: { max_attempts: 2 delay: "p95" } max_request_bytes: 100 };
  }
  rpc Add(Line) returns (Line);
  rpc Watch(Line) returns (stream Line);
  rpc Upload(stream Line) returns (Line);
}
message Line { string id = 1; }
"#;

struct Case(PathBuf);

impl Case {
    fn new(name: &str, configs: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("service-config")
            .join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("idl")).unwrap();
        fs::write(folder.join("idl/cart.proto"), IDL).unwrap();
        for (name, text) in configs {
            fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn compile(&self, configs: &[&str]) -> Result<Report, Diagnostics> {
        let config = Config::new(self.0.join("idl")).out_dir(self.0.join("out"));
        let add = |config: Config, name: &&str| config.service_config(self.0.join(name));
        configs.iter().fold(config, add).try_compile()
    }

    /// What is said of the configs, without the folder in front.
    fn lines(&self, found: &Diagnostics) -> Vec<String> {
        let folder = format!("{}/", self.0.display());
        let lines = found
            .lines()
            .into_iter()
            .map(|line| line.replace(&folder, ""));
        lines.filter(|line| !line.starts_with("idl/")).collect()
    }

    /// The descriptor of a method, in one line.
    fn descriptor(&self, name: &str) -> String {
        let text = fs::read_to_string(self.0.join("out/sinew/shop.v1.rs")).unwrap();
        let start = text.find(&format!("pub static {name}:")).unwrap();
        let text = text[start..].split_once(';').unwrap().0;
        let text: String = text.split_whitespace().collect();
        text.rsplit_once("=::sinew::Method::")
            .unwrap()
            .1
            .replace("::core::time::", "")
            .replace("::sinew::", "")
    }
}

#[test]
fn the_file_stands_in_place_of_the_idl_and_the_descriptors_say_so() {
    let config = r#"{"methodConfig": [
  {"name": [{"service": "shop.v1.Cart"}], "timeout": "2s", "waitForReady": true,
   "retryPolicy": {"initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                   "retryableStatusCodes": [14]}, "sinew": {"idleTimeout": "5s"}},
  {"name": [{"service": "shop.v1.Cart", "method": "Get"}], "maxResponseMessageBytes": 7,
   "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                   "retryableStatusCodes": [14]}}
]}"#;
    let case = Case::new("merged", &[("policy.json", config)]);
    let report = case.compile(&["policy.json"]).unwrap();
    // Of its own entry, and nothing of its service's; the IDL's where that is silent, but for the hedge.
    assert_eq!(
        case.descriptor("GET"),
        "unary(\"/shop.v1.Cart/Get\",)\
         .idempotency(Idempotency::Safe).timeout(Duration::from_millis(250)).max_request_bytes(100)\
         .by_service_config().max_reply_bytes(7).retry(policy::Retry::new().max_attempts(3)\
         .initial_backoff(Duration::from_millis(100)).max_backoff(Duration::from_secs(1)).multiplier(2.0)\
         .codes(&[Code::Unavailable]),)"
    );
    // A retry for a whole service does not reach what may do harm.
    assert_eq!(
        case.descriptor("ADD"),
        "unary(\"/shop.v1.Cart/Add\",).by_service_config().timeout(Duration::from_secs(2)).wait_for_ready(true)"
    );
    // As in gRPC, and unlike the timeout of a service in the IDL, streams have it too.
    assert_eq!(
        case.descriptor("WATCH"),
        "server_stream(\"/shop.v1.Cart/Watch\",).by_service_config().timeout(Duration::from_secs(2))\
         .idle_timeout(Duration::from_secs(5)).wait_for_ready(true)"
    );
    assert_eq!(
        case.lines(&report.warnings),
        [
            "policy.json:3:19: M0418 methodConfig[0].retryPolicy: left out where nothing in the IDL says that it may \
             be repeated: `Add`, `Watch` (if repeating does no harm, say so: `option idempotency_level = \
             IDEMPOTENT;`, or name the method here)",
            "policy.json:3:19: M0418 methodConfig[0].retryPolicy: left out where the requests stream: `Upload` (a \
             stream that has been sent cannot be sent again)",
            "policy.json:3:19: M0503 `retryPolicy`: declared, not acted on by this version",
        ]
    );
}

#[test]
fn an_idle_timeout_without_a_stream_of_replies_is_said() {
    let idle = r#""sinew": {"idleTimeout": "5s"}"#;
    let config = format!(
        r#"{{"methodConfig": [
  {{"name": [{{"service": "shop.v1.Cart", "method": "Get"}}, {{"service": "shop.v1.Cart", "method": "Watch"}},
            {{"service": "shop.v1.Cart", "method": "Upload"}}], {idle}}},
  {{"name": [{{"service": "shop.v1.Cart"}}], {idle}}},
  {{"name": [{{}}], {idle}}}
]}}"#
    );
    let case = Case::new("idle", &[("policy.json", &config)]);
    let report = case.compile(&["policy.json"]).unwrap();
    // Of `Add`, which only the second entry is for, nobody has asked it; `Watch` has an entry of its own.
    assert_eq!(
        case.lines(&report.warnings),
        [
            "policy.json:3:88: M0419 methodConfig[0].sinew.idleTimeout: left out where the replies do not stream: \
             `Get`, `Upload` (it bounds the silence in a stream of replies; `timeout` bounds the call)",
            "policy.json:4:68: M0419 methodConfig[1].sinew.idleTimeout: left out where the replies do not stream: \
             `Add` (it bounds the silence in a stream of replies; `timeout` bounds the call)",
        ]
    );
    assert!(!case.descriptor("GET").contains("idle_timeout"));
    assert!(
        case.descriptor("WATCH")
            .contains(".by_service_config().idle_timeout(Duration::from_secs(5))")
    );
}

#[test]
fn a_name_that_nothing_has_is_said() {
    let config = r#"{"methodConfig": [
  {"name": [{"service": "shop.v1.Crat"}, {"service": "shop.v1.Cart", "method": "Ad"}, {}], "timeout": "2s"},
  {"name": [{"service": "shop.v1.Cart", "method": "Add"}, {"service": "other.Service", "method": "Get"}],
   "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                   "retryableStatusCodes": [14]}}
]}"#;
    let case = Case::new("nothing", &[("policy.json", config)]);
    let report = case.compile(&["policy.json"]).unwrap();
    assert_eq!(
        case.lines(&report.warnings),
        [
            "policy.json:2:13: M0417 methodConfig[0].name[0]: `shop.v1.Crat` is no service that is compiled here (did \
             you mean `shop.v1.Cart`?)",
            "policy.json:2:42: M0417 methodConfig[0].name[1]: `shop.v1.Cart` has no method `Ad` (did you mean `Add`?)",
            "policy.json:3:59: M0417 methodConfig[1].name[1]: `other.Service` is no service that is compiled here",
            "policy.json:4:19: M0418 methodConfig[1].retryPolicy: nothing in the IDL says that this may be repeated: \
             `Add` (if repeating does no harm, say so: `option idempotency_level = IDEMPOTENT;`)",
            "policy.json:4:19: M0503 `retryPolicy`: declared, not acted on by this version",
        ]
    );
    assert!(
        case.descriptor("ADD")
            .contains(".by_service_config().retry(")
    );
}

#[test]
fn what_is_wrong_fails_the_build_with_file_place_path_and_rule() {
    let bad =
        "{\"methodConfig\": [\n  {\"name\": [{}], \"timeout\": \"250ms\", \"timeuot\": 1}\n]}";
    let good = "{\"methodConfig\": [{\"name\": [{}], \"timeout\": \"1s\"}]}";
    let files = [("bad.json", bad), ("good.json", good), ("again.json", good)];
    let case = Case::new("wrong", &files);
    let found = case.compile(&["bad.json"]).unwrap_err();
    assert_eq!(
        case.lines(&found),
        [
            "bad.json:2:29: M0412 methodConfig[0].timeout: \"250ms\" is no duration: its unit is not `s` (write \
             seconds, as in \"1.5s\")",
            "bad.json:2:38: M0415 methodConfig[0].timeuot: `timeuot` is no field of a service config here, and passed \
             over (did you mean `timeout`?)",
        ]
    );
    assert!(found.render().contains("^^^^^^^"), "{}", found.render());
    assert!(!case.0.join("out").exists(), "nothing is written");
    let found = case.compile(&["good.json", "again.json"]).unwrap_err();
    assert_eq!(
        case.lines(&found),
        [
            "again.json:1:29: M0413 methodConfig[0].name[0]: the default is named in two files (first named at \
          good.json:1:29)"
        ]
    );
    let found = case.compile(&["none.json"]).unwrap_err();
    assert!(case.lines(&found)[0].starts_with("M0403 "), "{found}");
}
