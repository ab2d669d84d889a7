//! Places in the sources of an IDL, and what is wrong there: one line for build logs, a full report with the source for
//! people.
//! It refuses to know any rule: whoever checks something makes the diagnostic and names its code
//! (`docs/diagnostics.md`).

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// How many diagnostics are shown; the rest is counted. More than a screenful helps nobody.
pub const MOST_SHOWN: usize = 50;

/// A place in a source that diagnostics point at.
#[derive(Clone, Debug, Default)]
pub enum Span {
    /// A file of the IDL, by the name it is imported with, and a 1-based line and column (in characters).
    Idl {
        /// The file, as imported.
        file: Arc<str>,
        /// 1-based; 0 means the file as a whole.
        line: u32,
        /// 1-based, in characters.
        column: u32,
        /// 1-based, exclusive end; equals the start where it is not known.
        end_line: u32,
        /// 1-based, exclusive.
        end_column: u32,
    },
    /// Tokens of a Rust source.
    Rust(proc_macro2::Span),
    /// Nowhere in particular.
    #[default]
    None,
}

impl Span {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self::Idl {
            file: file.into(),
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
        }
    }

    /// Sorts by file, line and column; places without a file come last.
    fn key(&self) -> (u8, &str, u32, u32) {
        match self {
            Self::Idl {
                file, line, column, ..
            } => (0, file, *line, *column),
            Self::Rust(_) => (1, "", 0, 0),
            Self::None => (2, "", 0, 0),
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Code is generated, but something is probably not as intended.
    Warning,
}

/// One thing that is wrong in an IDL.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The code under which `docs/diagnostics.md` explains it: `M0110`.
    pub code: &'static str,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where.
    pub span: Span,
    /// Other places that matter, each with what it is (`first declared here`).
    pub secondary: Vec<(Span, String)>,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            help: None,
            span,
            secondary: Vec::new(),
        }
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, span)
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names another place that matters; `label` says what it is: `first declared`.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push((span, label.into()));
        self
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.span.key(), self.code, &self.message).cmp(&(
            other.span.key(),
            other.code,
            &other.message,
        ))
    }

    fn is_same(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }
}

/// The texts that diagnostics quote, by the name a file is imported with.
#[derive(Clone, Debug, Default)]
pub struct SourceMap(BTreeMap<Arc<str>, Source>);

#[derive(Clone, Debug)]
struct Source {
    path: Option<PathBuf>,
    text: Arc<str>,
}

impl SourceMap {
    /// Adds a file: the name it is imported with, where it lies (if it lies anywhere), and its text.
    pub fn insert(
        &mut self,
        file: impl Into<Arc<str>>,
        path: Option<PathBuf>,
        text: impl Into<Arc<str>>,
    ) {
        self.0.insert(
            file.into(),
            Source {
                path,
                text: text.into(),
            },
        );
    }

    /// Where the file lies on disk.
    #[must_use]
    pub fn path(&self, file: &str) -> Option<&Path> {
        self.0.get(file)?.path.as_deref()
    }

    fn line(&self, file: &str, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.0.get(file)?.text.split('\n').nth(index)?;
        Some(text.strip_suffix('\r').unwrap_or(text))
    }

    /// `path/to/file.proto:3:7`, as editors and terminals link it; `None` without a file.
    #[must_use]
    pub fn place(&self, span: &Span) -> Option<String> {
        let Span::Idl {
            file, line, column, ..
        } = span
        else {
            return None;
        };
        let mut place = match self.path(file) {
            Some(path) => path.display().to_string(),
            None => file.to_string(),
        };
        if *line > 0 {
            // Writing to a string does not fail.
            let _ = write!(place, ":{line}:{column}");
        }
        Some(place)
    }
}

/// Everything that is wrong, sorted by place, with the sources it is quoted from.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    sources: SourceMap,
}

impl Diagnostics {
    /// Sorts by file, line and column, and drops what was said twice.
    #[must_use]
    pub fn new(mut list: Vec<Diagnostic>, sources: SourceMap) -> Self {
        list.sort_by(Diagnostic::order);
        list.dedup_by(|a, b| a.is_same(b));
        Self { list, sources }
    }

    /// Nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, shown or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The sources they are quoted from.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Adds what a later pass found.
    #[must_use]
    pub fn with(mut self, more: Vec<Diagnostic>) -> Self {
        self.list.extend(more);
        Self::new(self.list, self.sources)
    }

    /// One line each, `file:line:col: CODE message (help)`, for cargo's `cargo::error=` lines: each stands alone.
    /// At most [`MOST_SHOWN`], and then a line with the number of those that are not shown.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self
            .list
            .iter()
            .take(MOST_SHOWN)
            .map(|d| self.line(d))
            .collect();
        lines.extend(self.rest());
        lines
    }

    /// The full report: each with the line of the source it is about, the other places, and the help.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for diagnostic in self.list.iter().take(MOST_SHOWN) {
            self.render_one(&mut out, diagnostic);
            out.push('\n');
        }
        if let Some(rest) = self.rest() {
            out.push_str(&rest);
            out.push('\n');
        }
        out
    }

    fn rest(&self) -> Option<String> {
        let rest = self.list.len().checked_sub(MOST_SHOWN)?;
        (rest > 0).then(|| format!("{rest} more not shown"))
    }

    fn line(&self, diagnostic: &Diagnostic) -> String {
        let mut line = match self.sources.place(&diagnostic.span) {
            Some(place) => format!("{place}: {} ", diagnostic.code),
            None => format!("{} ", diagnostic.code),
        };
        line.push_str(&diagnostic.message);
        let notes: Vec<_> = diagnostic
            .secondary
            .iter()
            .map(|(span, label)| match self.sources.place(span) {
                Some(place) => format!("{label} at {place}"),
                None => label.clone(),
            })
            .chain(diagnostic.help.clone())
            .collect();
        if !notes.is_empty() {
            let _ = write!(line, " ({})", notes.join("; "));
        }
        // A name in a malformed file may hold anything, a line break too.
        line.replace(|c: char| c.is_control(), " ")
    }

    fn render_one(&self, out: &mut String, diagnostic: &Diagnostic) {
        let kind = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = writeln!(out, "{kind}[{}]: {}", diagnostic.code, diagnostic.message);
        let width = diagnostic
            .secondary
            .iter()
            .map(|(span, _)| span)
            .chain([&diagnostic.span])
            .map(|span| span.key().2.to_string().len())
            .max()
            .unwrap_or(1);
        self.render_place(out, width, "-->", &diagnostic.span, "");
        for (span, label) in &diagnostic.secondary {
            if self.sources.place(span).is_none() {
                let _ = writeln!(out, "{:width$} = note: {label}", "");
            }
            self.render_place(out, width, ":::", span, label);
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "{:width$} = help: {help}", "");
        }
    }

    fn render_place(&self, out: &mut String, width: usize, arrow: &str, span: &Span, label: &str) {
        let Some(place) = self.sources.place(span) else {
            return;
        };
        let _ = writeln!(out, "{:width$}{arrow} {place}", "");
        let Span::Idl {
            file,
            line,
            column,
            end_line,
            end_column,
        } = span
        else {
            return;
        };
        let Some(text) = self.sources.line(file, *line) else {
            if !label.is_empty() {
                let _ = writeln!(out, "{:width$} = note: {label}", "");
            }
            return;
        };
        let length = text.chars().count();
        let start = (*column as usize).saturating_sub(1).min(length);
        let end = match end_line.cmp(line) {
            Ordering::Greater => length,
            _ => (*end_column as usize).saturating_sub(1),
        };
        // Tabs are kept in the margin, so that the marks stand under what they mark whatever a tab's width.
        let margin: String = text
            .chars()
            .take(start)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let marks = "^".repeat(end.saturating_sub(start).max(1));
        let marked = format!("{margin}{marks} {label}");
        let _ = writeln!(out, "{:width$} |", "");
        let _ = writeln!(out, "{line:width$} | {text}");
        let _ = writeln!(out, "{:width$} | {}", "", marked.trim_end());
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests;
