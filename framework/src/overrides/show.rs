//! The effective policy of methods as a table: option, value, and who said it.
//! It refuses to guess what a call will say of itself.
//!
//! What is not generic is inline, so that programs that ask for it compile it, and not every build of this crate.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::table::{Override, Table, repeats};
use crate::call::policy::Declared;
use crate::call::{DEFAULT_MAX_MESSAGE_BYTES, MethodSpec, Shape};

/// The effective policy of methods: what holds for a call that says nothing itself.
///
/// Displays as a table with a line for each option: method, option, value, where the value stands (`run time` and the
/// file, `service config`, `method`, `service`, `channel` or `server`, `built-in`), and who acts on it, if not this
/// side or nobody yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies(Vec<[String; 5]>);

/// On which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Client,
    Server,
}

/// What the side is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Option<Duration>,
    /// What holds where nobody set a timeout.
    pub(crate) built_in: Option<Duration>,
    pub(crate) max_request_bytes: usize,
    pub(crate) max_reply_bytes: usize,
}

#[inline]
pub(crate) fn show<'a>(
    methods: impl IntoIterator<Item = &'a MethodSpec>,
    run_time: Option<RunTime>,
    at: At,
    settings: Settings,
) -> Policies {
    let name = run_time.as_ref().and_then(|file| file.path.file_name());
    let name = name.unwrap_or_default().to_string_lossy();
    let source = format!("run time ({name})");
    let mut rows = Vec::new();
    for method in methods {
        let over = run_time.as_ref().map(|file| file.of(method));
        let mut of = Of {
            method,
            at,
            run_time: &source,
            rows: &mut rows,
        };
        of.rows(&over.unwrap_or_default(), settings);
    }
    Policies(rows)
}

/// What a file says of methods.
pub(crate) struct RunTime {
    pub(super) path: PathBuf,
    pub(super) table: Arc<Table>,
}

impl RunTime {
    /// What it says of repetitions only where it holds.
    #[inline]
    fn of(&self, method: &MethodSpec) -> Override {
        let Some((found, level)) = self.table.of(method) else {
            return Override::default();
        };
        let mut found = *found;
        if !repeats(level, method) {
            (found.retry, found.hedge) = (None, None);
        }
        found
    }
}

struct Of<'a> {
    method: &'a MethodSpec,
    at: At,
    run_time: &'a str,
    rows: &'a mut Vec<[String; 5]>,
}

const CLIENT: &str = "the client acts";
const NOBODY: &str = "nobody acts yet";

impl Of<'_> {
    #[inline]
    fn rows(&mut self, over: &Override, settings: Settings) {
        let policy = self.method.policy();
        let elsewhere = if self.at == At::Server { CLIENT } else { "" };
        let side = if self.at == At::Server {
            "server"
        } else {
            "channel"
        };
        let set = |is_built_in| if is_built_in { "built-in" } else { side };
        if !self.said(
            "timeout",
            over.timeout.map(Time),
            policy.timeout.map(time),
            elsewhere,
        ) && self.method.shape() == Shape::Unary
            && let Some(timeout) = settings.timeout
        {
            let source = set(settings.timeout == settings.built_in);
            self.row("timeout", &Time(timeout), source, "");
        }
        let idle_timeout = over
            .idle_timeout
            .filter(|_| self.method.shape().server_streams());
        let declared = policy.idle_timeout.map(time);
        self.said("idle_timeout", idle_timeout.map(Time), declared, elsewhere);
        let (run_time, declared) = (over.max_request_bytes, policy.max_request_bytes);
        if !self.said("max_request_bytes", run_time, declared, "") {
            let bytes = settings.max_request_bytes;
            let source = set(bytes == DEFAULT_MAX_MESSAGE_BYTES);
            self.row("max_request_bytes", &bytes, source, "");
        }
        let (run_time, declared) = (over.max_reply_bytes, policy.max_reply_bytes);
        if self.at == At::Server || !self.said("max_reply_bytes", run_time, declared, "") {
            let bytes = settings.max_reply_bytes;
            let source = set(bytes == DEFAULT_MAX_MESSAGE_BYTES);
            self.row("max_reply_bytes", &bytes, source, "");
        }
        let (run_time, declared) = (over.wait_for_ready, policy.wait_for_ready);
        self.said("wait_for_ready", run_time, declared, elsewhere);
        // One excludes the other.
        let is_over = over.retry.is_some() || over.hedge.is_some();
        let (retry, hedge) = match is_over {
            true => (None, None),
            false => (policy.retry, policy.hedge),
        };
        self.said("retry", over.retry, retry, NOBODY);
        self.said("hedge", over.hedge, hedge, NOBODY);
        self.said("hash_key", None, policy.hash_key, elsewhere);
        self.said("hash_key", None, policy.routing, elsewhere);
        self.said("criticality", over.criticality, policy.criticality, NOBODY);
        self.said("user_key", None, policy.user_key, NOBODY);
        for (message, code) in policy.errors {
            let error = format!("{message} ({})", code.as_str());
            self.row("errors", &error, "method", "");
        }
    }

    /// A row of what somebody says, if anybody does.
    #[inline]
    fn said<T: Display>(
        &mut self,
        option: &str,
        run_time: Option<T>,
        declared: Option<Declared<T>>,
        note: &str,
    ) -> bool {
        match (run_time, declared) {
            (Some(value), _) => self.row(option, &value, self.run_time, note),
            (None, Some(Declared { value, source })) => {
                self.row(option, &value, &source.to_string(), note);
            }
            (None, None) => return false,
        }
        true
    }

    #[inline]
    fn row(&mut self, option: &str, value: &dyn Display, source: &str, note: &str) {
        let row = [
            self.method.to_string(),
            option.to_owned(),
            value.to_string(),
            source.to_owned(),
            note.to_owned(),
        ];
        self.rows.push(row);
    }
}

/// A duration as `1.5s`.
struct Time(Duration);

#[inline]
fn time(declared: Declared<Duration>) -> Declared<Time> {
    Declared {
        value: Time(declared.value),
        source: declared.source,
    }
}

impl Display for Time {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Display for Policies {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["method", "option", "value", "source", ""].map(str::to_owned);
        let all = || std::iter::once(&head).chain(&self.0);
        let width = |column: usize| {
            let widths = all().map(|row| row[column].chars().count());
            widths.max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2), width(3)];
        let mut before = "";
        for row in all() {
            // A method is named in the first of its lines.
            let method = if row[0] == before { "" } else { &row[0] };
            before = &row[0];
            let mut line = String::new();
            for (text, width) in [method, &row[1], &row[2], &row[3]].into_iter().zip(widths) {
                line += &format!("{text:width$}  ");
            }
            line += &row[4];
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
