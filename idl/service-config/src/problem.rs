//! What is wrong with a service config: where, by which rule, and what to do.
//! It refuses to name a file: whoever read it knows it.

use std::fmt;

/// A place in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `methodConfig[2].retryPolicy.maxAttempts`; empty for the whole.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// 1-based.
    pub end_line: u32,
    /// 1-based, exclusive.
    pub end_column: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing of the file may be used.
    Error,
    /// It may; something is probably not as intended.
    Warning,
}

/// What kind of rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// It is no JSON, or no service config as a whole.
    Syntax,
    /// A value is of the wrong type, or out of its bounds, or missing.
    Value,
    /// A name is none, or is there twice.
    Name,
    /// Two things exclude each other.
    Exclusive,
    /// A field is not known.
    Unknown,
    /// A field is known, and nobody acts on it.
    Idle,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// What kind.
    pub rule: Rule,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where.
    pub place: Place,
    /// Another place that matters, and what it is.
    pub also: Option<(Place, &'static str)>,
}

#[cfg(feature = "json")]
impl Problem {
    pub(crate) fn error(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            message: message.into(),
            help: None,
            place,
            also: None,
        }
    }

    pub(crate) fn warning(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, place, message)
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `2:9: methodConfig[0].timeout: "5" is no duration … (write "5s")`, to stand behind the name of the file.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            path, line, column, ..
        } = &self.place;
        write!(f, "{line}:{column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        let mut text = self.message.clone();
        let also = self.also.as_ref();
        let also = also.map(|(place, what)| format!("{what} at {}:{}", place.line, place.column));
        let notes: Vec<_> = also.into_iter().chain(self.help.clone()).collect();
        if !notes.is_empty() {
            text += &format!(" ({})", notes.join("; "));
        }
        // What a file holds may be anything, a line break too.
        f.write_str(&text.replace(|c: char| c.is_control(), " "))
    }
}
