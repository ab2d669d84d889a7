//! From the text of a service config to what it says: the whole, its entries and their names.
//! It refuses nothing silently: what is passed over is said, and all errors at once.

use std::collections::HashMap;

use crate::json::{Kind, Node, Text};
use crate::reader::{At, Reader};
use crate::{MethodConfig, Name, Place, Problem, Rule, ServiceConfig, Severity, policies};

/// Problems that are told; a file that has more has one mistake often.
const MOST: usize = 100;

/// What a text says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// What it says. Empty where there is an error.
    pub config: ServiceConfig,
    /// In the order of the text; of more than a hundred the errors first, and the rest is left out.
    pub problems: Vec<Problem>,
}

impl Read {
    /// Is anything so wrong that the whole may not be used?
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|problem| problem.severity == Severity::Error)
    }
}

/// Reads a service config.
#[must_use]
pub fn read(text: &str) -> Read {
    // Editors on Windows write one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text: Text::new(text),
        problems: Vec::new(),
        first: HashMap::new(),
    };
    let mut config = match Node::read(text) {
        Ok(root) => reader.whole(root),
        Err(error) => {
            reader.no_json(text, &error);
            ServiceConfig::default()
        }
    };
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
    // Errors first, so that none is cut off by warnings.
    if problems.len() > MOST {
        problems.sort_by_key(|problem| problem.severity);
        problems.truncate(MOST);
    }
    if problems.iter().any(|p| p.severity == Severity::Error) {
        config = ServiceConfig::default();
    }
    Read { config, problems }
}

impl<'a> Reader<'a> {
    fn no_json(&mut self, text: &str, error: &serde_json::Error) {
        let place = Place {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX).max(1),
            ..Place::default()
        };
        let place = Place {
            end_line: place.line,
            end_column: place.column,
            ..place
        };
        if text.trim().is_empty() {
            let empty = Problem::error(Rule::Syntax, place, "it is empty");
            self.problems.push(empty.help("`{}` says nothing"));
            return;
        }
        let said = error.to_string();
        let why = said.rsplit_once(" at line ").map_or(&*said, |(why, _)| why);
        let message = format!("it is no JSON: {why}");
        self.problems
            .push(Problem::error(Rule::Syntax, place, message));
    }

    fn whole(&mut self, node: Node<'a>) -> ServiceConfig {
        let path = String::new();
        if node.kind() != Kind::Object {
            let message = format!("it is {}, and not an object", node.kind());
            let place = self.text.place(node.text(), path);
            let wrong = Problem::error(Rule::Syntax, place, message);
            self.problems.push(match node.kind() {
                Kind::Array => wrong
                    .help("records of DNS hold arrays: write what stands at `serviceConfig` there"),
                _ => wrong,
            });
            return ServiceConfig::default();
        }
        let known = [
            "methodConfig",
            "loadBalancingPolicy",
            "loadBalancingConfig",
            "retryThrottling",
            "healthCheckConfig",
        ];
        let Some(object) = self.object(At { node, path }, &known) else {
            return ServiceConfig::default();
        };
        for name in &known[1..] {
            if let Some(at) = object.field(name) {
                self.idle(&at, "Sinew reads `methodConfig` alone");
            }
        }
        policies::retry_throttling(self, &object);
        let entries = object.field("methodConfig");
        let entries = entries.and_then(|at| self.array(&at)).unwrap_or_default();
        ServiceConfig {
            methods: entries
                .into_iter()
                .filter_map(|at| self.entry(at))
                .collect(),
        }
    }

    fn entry(&mut self, at: At<'a>) -> Option<MethodConfig> {
        let object = self.object(
            at,
            &[
                "name",
                "timeout",
                "waitForReady",
                "maxRequestMessageBytes",
                "maxResponseMessageBytes",
                "retryPolicy",
                "hedgingPolicy",
                "sinew",
            ],
        )?;
        let names = object.field("name");
        let is_unnamed = names.as_ref().is_none_or(|at| at.node.text() == "[]");
        let names = names.and_then(|at| self.array(&at)).unwrap_or_default();
        if is_unnamed {
            let place = self.place(&object.at);
            let message = "it has no `name`, and holds for no method";
            let unused = Problem::warning(Rule::Name, place, message);
            self.problems
                .push(unused.help("`\"name\": [{}]` is for all"));
        }
        let own = object
            .field("sinew")
            .and_then(|at| self.object(at, &["idleTimeout", "criticality"]));
        let retry = object.field("retryPolicy");
        let hedge = object.field("hedgingPolicy");
        if let (Some(retry), Some(hedge)) = (&retry, &hedge) {
            let place = self.place(hedge);
            let message = "`retryPolicy` and `hedgingPolicy` exclude each other";
            let both = Problem::error(Rule::Exclusive, place, message);
            let also = Some((self.place(retry), "`retryPolicy` stands"));
            self.problems.push(Problem { also, ..both });
        }
        Some(MethodConfig {
            names: names.into_iter().filter_map(|at| self.name(at)).collect(),
            timeout: object.field("timeout").and_then(|at| self.positive(&at)),
            wait_for_ready: object.field("waitForReady").and_then(|at| self.bool(&at)),
            max_request_bytes: object
                .field("maxRequestMessageBytes")
                .and_then(|at| self.size(&at)),
            max_reply_bytes: object
                .field("maxResponseMessageBytes")
                .and_then(|at| self.size(&at)),
            retry: retry.and_then(|at| policies::retry(self, at)),
            hedge: hedge.and_then(|at| policies::hedge(self, at)),
            idle_timeout: own
                .as_ref()
                .and_then(|own| own.field("idleTimeout"))
                .and_then(|at| self.positive(&at)),
            criticality: own
                .as_ref()
                .and_then(|own| own.field("criticality"))
                .and_then(|at| policies::criticality(self, &at)),
        })
    }

    fn name(&mut self, at: At<'a>) -> Option<Name> {
        let before = self.problems.len();
        let object = self.object(at, &["service", "method"])?;
        // To pass over a misspelt `method` would be to mean all methods.
        for problem in &mut self.problems[before..] {
            problem.severity = Severity::Error;
            problem.message = problem.message.replace(", and passed over", "");
        }
        let place = self.place(&object.at);
        let text = |reader: &mut Self, field: &str| match object.field(field) {
            None => Some(String::new()),
            Some(at) => reader.string(&at),
        };
        let (service, method) = (text(self, "service")?, text(self, "method")?);
        let is_word = |word: &str| {
            let is_letter = |c: char| c.is_alphanumeric() || c == '_';
            !word.is_empty() && word.chars().all(is_letter)
        };
        let wrong = if service.is_empty() && !method.is_empty() {
            let all = "for all methods of all services write `{}`";
            Some((format!("`{method}` of no service"), all.to_owned()))
        } else if !service.is_empty() && !service.split('.').all(is_word) {
            let plain = service.trim_matches(['/', '.']);
            let help = match plain.split('.').all(is_word) {
                true => format!("write \"{plain}\""),
                false => {
                    "a service is named by its package and itself, \"shop.v1.Cart\"".to_owned()
                }
            };
            Some((format!("\"{service}\" is no name of a service"), help))
        } else if !method.is_empty() && !is_word(&method) {
            let plain = method.rsplit(['/', '.']).next().unwrap_or_default();
            let help = match is_word(plain) {
                true => format!("write \"{plain}\""),
                false => "a method is named by itself, \"AddLine\"; without `method` all are meant"
                    .to_owned(),
            };
            Some((format!("\"{method}\" is no name of a method"), help))
        } else {
            None
        };
        if let Some((message, help)) = wrong {
            let wrong = Problem::error(Rule::Name, place, message);
            self.problems.push(wrong.help(help));
            return None;
        }
        let key = (service.clone(), method.clone());
        if let Some(first) = self.first.get(&key) {
            let what = match (service.as_str(), method.as_str()) {
                ("", _) => "the default".to_owned(),
                (service, "") => format!("`{service}`"),
                (service, method) => format!("`{service}/{method}`"),
            };
            let first = Some((first.clone(), "first named"));
            let twice = Problem::error(Rule::Name, place, format!("{what} is named twice"));
            self.problems.push(Problem {
                also: first,
                ..twice
            });
            return None;
        }
        self.first.insert(key, place.clone());
        Some(Name {
            service,
            method,
            place,
        })
    }
}
