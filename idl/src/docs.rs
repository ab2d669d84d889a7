//! Comments of an IDL as rustdoc that never becomes a doctest, a link to nowhere, or HTML; and comments of Rust as text
//! for an IDL.
//! It refuses to be Markdown of its own: prose stays prose, code becomes fenced text, and lists and headings are left
//! as they are.

use std::fmt::Write as _;

use crate::model::Docs;

/// The lines of rustdoc for a comment, each for one `#[doc = "…"]`; a line that is not empty starts with a space, as
/// after `///`.
#[must_use]
pub fn rustdoc(docs: &Docs) -> Vec<String> {
    let lines = match docs {
        Docs::Plain(lines) => lines,
        Docs::Rustdoc(lines) => return lines.clone(),
    };
    let lines: Vec<String> = lines.iter().flat_map(|line| clean(line)).collect();
    let mut out = Vec::new();
    let mut rest = lines.as_slice();
    // Four spaces make code unless they follow prose.
    let mut after_prose = false;
    while let [line, tail @ ..] = rest {
        if let Some(fence) = Fence::open(line) {
            let end = tail.iter().position(|line| fence.is_closed_by(line));
            let (code, after) = tail.split_at(end.unwrap_or(tail.len()));
            push_code(&mut out, code, fence.indent);
            rest = after.get(1..).unwrap_or_default();
            after_prose = false;
        } else if !after_prose && indent(line) >= 4 {
            let is_code = |line: &&String| indent(line) >= 4 || line.trim().is_empty();
            let mut length = rest.iter().take_while(is_code).count();
            let (code, _) = rest.split_at(length);
            length -= code
                .iter()
                .rev()
                .take_while(|line| line.trim().is_empty())
                .count();
            let (code, after) = rest.split_at(length);
            push_code(&mut out, code, 4);
            rest = after;
        } else {
            after_prose = !line.trim().is_empty();
            out.push(prose(line));
            rest = tail;
        }
    }
    let start = out.iter().take_while(|line| line.is_empty()).count();
    out.drain(..start);
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    for line in out.iter_mut().filter(|line| !line.is_empty()) {
        line.insert(0, ' ');
    }
    out
}

/// A line without what rustc refuses in comments: control characters, and marks that turn the direction of text around.
/// What ends a line for anyone ends it here.
fn clean(line: &str) -> Vec<String> {
    // Nearly every line, and what build scripts, which nobody optimizes, would spend a tenth of their time on.
    if line.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return vec![line.to_owned()];
    }
    line.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ])
    .map(|part| {
        let turns = |c| {
            let marks = ['\u{200e}', '\u{200f}', '\u{61c}'];
            marks.contains(&c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        part.chars()
            .filter(|&c| !turns(c) && (c == '\t' || !c.is_control()))
            .collect()
    })
    .collect()
}

/// The columns before the text; a tab reaches to the next multiple of four.
fn indent(line: &str) -> usize {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            ' ' => columns += 1,
            '\t' => columns += 4 - columns % 4,
            _ => return columns,
        }
    }
    0
}

/// The start of fenced code.
struct Fence {
    mark: char,
    length: usize,
    indent: usize,
}

impl Fence {
    fn open(line: &str) -> Option<Self> {
        let text = line.trim_start();
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        // Three backticks with a fourth behind them are code within a line.
        let opens = length >= 3 && indent(line) < 4 && !(mark == '`' && info.contains('`'));
        opens.then(|| Self {
            mark,
            length,
            indent: indent(line),
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        let is_marks = text.chars().all(|c| c == self.mark);
        is_marks && text.len() >= self.length && indent(line) < 4
    }
}

/// Code as text, fenced by more backticks than it holds, with up to `indent` columns less in front.
fn push_code(out: &mut Vec<String>, code: &[String], indent: usize) {
    let longest = code.iter().flat_map(|line| line.split(|c| c != '`'));
    let longest = longest.map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    out.push(format!("{fence}text"));
    for line in code {
        let mut line = line.as_str();
        let mut left = indent;
        while let Some(c) = line.chars().next().filter(|c| matches!(c, ' ' | '\t')) {
            let columns = if c == '\t' { 4 } else { 1 };
            if left < columns {
                break;
            }
            left -= columns;
            line = line.get(1..).unwrap_or_default();
        }
        out.push(line.trim_end().to_owned());
    }
    out.push(fence);
}

/// One line of prose: nothing in it opens a link, a tag or a fence, and no run of spaces is wide enough to make code in
/// a list.
fn prose(line: &str) -> String {
    // With the space in front of every line it stays below the four that make code.
    let mut out = " ".repeat(indent(line).min(2));
    let mut rest = line.trim();
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            rest = code_or_backticks(&mut out, rest);
            continue;
        }
        if c == 'h'
            && let Some(url) = url(rest)
        {
            let _ = write!(out, "<{url}>");
            rest = rest.get(url.len()..).unwrap_or_default();
            continue;
        }
        match c {
            '[' | ']' | '<' | '&' | '\\' | '~' | '$' | '|' => out.extend(['\\', c]),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        // A comment may not end a comment, whoever prints it.
        if c == '*' && rest.starts_with('/') {
            out.push('\\');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Copies code within a line, if it is closed there, or else escapes the backticks.
fn code_or_backticks<'a>(out: &mut String, line: &'a str) -> &'a str {
    let after = line.trim_start_matches('`');
    let marks = line.get(..line.len() - after.len()).unwrap_or_default();
    let mut from = 0;
    while let Some(at) = after.get(from..).and_then(|rest| rest.find('`')) {
        let tail = after.get(from + at..).unwrap_or_default();
        let length = tail.len() - tail.trim_start_matches('`').len();
        if length == marks.len() {
            let end = marks.len() + from + at + length;
            let code = line.get(..end).unwrap_or_default();
            out.extend(code.chars().map(|c| if c == '\t' { ' ' } else { c }));
            return line.get(end..).unwrap_or_default();
        }
        from += at + length;
    }
    for _ in marks.chars() {
        out.push_str("\\`");
    }
    after
}

/// The URL that `text` starts with, without the punctuation of the sentence around it.
fn url(text: &str) -> Option<&str> {
    let start = ["https://", "http://"];
    let scheme = start.iter().find(|scheme| text.starts_with(**scheme))?;
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>[]{}()|\\^`\"*".contains(c);
    let end = text.find(ends).unwrap_or(text.len());
    let url = text
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '_']);
    (url.len() > scheme.len()).then_some(url)
}

/// The lines of a `//` or `/* */` comment, as a descriptor holds it, without what belongs to its marks: the space
/// behind `//`, the third `/` and the second `*`.
#[must_use]
pub fn plain(comment: &str) -> Docs {
    let mut lines: Vec<&str> = comment
        .split('\n')
        .map(|line| line.trim_end_matches(['\r', ' ', '\t']))
        .collect();
    if let Some(first) = lines.first_mut() {
        *first = match first.strip_prefix('*') {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest,
            _ => first,
        };
    }
    strip(&mut lines, '/');
    strip(&mut lines, ' ');
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    Docs::Plain(lines.into_iter().map(str::to_owned).collect())
}

/// The lines of a comment as text, to be printed behind `// ` in an IDL: none ends earlier for anyone, none ends in
/// blanks, and what all are indented by is left out. Read again by [`plain`], they are the same.
#[must_use]
pub fn text(docs: &Docs) -> Vec<String> {
    let lines = docs.lines().iter();
    let lines = lines.flat_map(|line| clean(&line.replace("\r\n", "\n")));
    let lines = lines.map(|line| line.trim_end().to_owned());
    let mut lines: Vec<String> = match docs {
        Docs::Plain(_) => lines.collect(),
        // Attributes that are written as such have no space in front, and may stand among lines of `///`.
        Docs::Rustdoc(_) => lines
            .map(|line| line.strip_prefix(' ').map(str::to_owned).unwrap_or(line))
            .collect(),
    };
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    let written = lines.iter().filter(|line| !line.is_empty());
    let spaces = written.map(|line| line.len() - line.trim_start_matches(' ').len());
    let common = spaces.min().unwrap_or(0);
    for line in &mut lines {
        line.drain(..common.min(line.len()));
    }
    lines
}

/// Takes `mark` from the start of all lines, if every line that is not empty has it.
fn strip(lines: &mut [&str], mark: char) {
    if lines
        .iter()
        .all(|line| line.is_empty() || line.starts_with(mark))
    {
        for line in lines {
            *line = line.strip_prefix(mark).unwrap_or(line);
        }
    }
}

#[cfg(test)]
mod tests;
