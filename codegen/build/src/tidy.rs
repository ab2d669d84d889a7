//! Formats what the message back end writes, as prettyplease would, by its lines alone: a syntax tree of all messages
//! would cost as much as all else that the generator does.
//! It refuses to change anything but white space and the commas that a broken line needs: a line that it does not know
//! stays as it is.

/// The widest line that is not broken: prettyplease's margin.
const MARGIN: usize = 89;
/// However deep a line stands, it may have so many columns of its own: prettyplease's, too.
const LEAST: usize = 60;
const INDENT: &str = "    ";

/// The line before code that is formatted already, and the one behind it.
const VERBATIM: &str = "// sinew-verbatim";
const VERBATIM_END: &str = "// sinew-verbatim-end";

/// Marks code that is formatted already, to be put between what is not.
pub(crate) fn verbatim(code: &str) -> String {
    format!("{VERBATIM}\n{code}{VERBATIM_END}\n")
}

/// Formats code that has a declaration or a part of one in each line.
pub(crate) fn tidy(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + code.len() / 8);
    let mut lines = code.lines().peekable();
    // That of the line before: what the back end writes without one stands as deep as what is before it.
    let mut indent = "";
    while let Some(line) = lines.next() {
        if line.starts_with("// This file is @generated") {
            continue;
        }
        if line.starts_with("#[prost(prost_path") {
            push(&mut out, indent, line);
            continue;
        }
        if line == VERBATIM {
            for line in lines.by_ref().take_while(|line| *line != VERBATIM_END) {
                push(&mut out, "", line);
            }
            continue;
        }
        let text = line.trim_start();
        let own = &line[..line.len() - text.len()];
        if is_name(line) {
            name(&mut out, indent, line, &mut lines);
            continue;
        }
        indent = own;
        if text.starts_with("//") {
            push(&mut out, own, text);
        } else if text.ends_with(" {") && lines.peek().map(|l| l.trim_start()) == Some("}") {
            lines.next();
            push(&mut out, own, &format!("{text}}}"));
        } else if !fits(own, text) {
            broken(&mut out, own, text);
        } else {
            push(&mut out, own, text);
        }
    }
    out
}

fn fits(indent: &str, text: &str) -> bool {
    text.chars().count() <= MARGIN.saturating_sub(indent.len()).max(LEAST)
}

fn push(out: &mut String, indent: &str, text: &str) {
    out.push_str(indent);
    out.push_str(text);
    out.push('\n');
}

/// `impl …::Name for Message {`, which is written without white space in front, as all of it.
fn is_name(line: &str) -> bool {
    line.starts_with("impl ") && line.contains("::Name for ")
}

/// The whole of that: two constants, and two functions in one line.
fn name<'a>(
    out: &mut String,
    indent: &str,
    first: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) {
    match first.split_once(" for ") {
        Some((name, message)) if !fits(indent, first) => {
            push(out, indent, name);
            push(out, indent, &format!("for {message}"));
        }
        _ => push(out, indent, first),
    }
    let inner = format!("{indent}{INDENT}");
    for line in lines {
        let Some(functions) = line.strip_suffix("}}") else {
            push(out, &inner, line);
            continue;
        };
        for function in functions.split_inclusive("}fn ") {
            let function = function.strip_suffix("}fn ").unwrap_or(function);
            let function = function.strip_prefix("fn ").unwrap_or(function);
            if let Some((head, body)) = function.split_once(" { ") {
                push(out, &inner, &format!("fn {head} {{"));
                body_of(out, &inner, body.trim_end());
                push(out, &inner, "}");
            }
        }
        push(out, indent, "}");
        return;
    }
}

/// `"a text".into()`, in two lines if it has to be.
fn body_of(out: &mut String, indent: &str, body: &str) {
    let inner = format!("{indent}{INDENT}");
    match body.strip_suffix(".into()") {
        Some(text) if !fits(&inner, body) => {
            push(out, &inner, text);
            push(out, &inner, &format!("{INDENT}.into()"));
        }
        _ => push(out, &inner, body),
    }
}

/// A line that is too wide: the outermost brackets of what it declares are opened.
fn broken(out: &mut String, indent: &str, text: &str) {
    if let Some((start, list)) = text
        .strip_suffix(")]")
        .and_then(|text| text.split_once('('))
    {
        push(out, indent, &format!("{start}("));
        let list = parts(list);
        for (index, one) in list.iter().enumerate() {
            let comma = if index + 1 < list.len() { "," } else { "" };
            push(out, indent, &format!("{INDENT}{one}{comma}"));
        }
        push(out, indent, ")]");
        return;
    }
    if let Some((pattern, value)) = text.split_once(" => ")
        && let Some(value) = value.strip_suffix(',')
    {
        // The comma is no reason to break: the broken arm has none.
        if fits(indent, &text[..text.len() - 1]) {
            return push(out, indent, text);
        }
        push(out, indent, &format!("{pattern} => {{"));
        open(out, &format!("{indent}{INDENT}"), value);
        return push(out, indent, "}");
    }
    if let Some((head, rest)) = text.split_once('(').filter(|_| text.ends_with('{'))
        && let Some((arguments, rest)) = rest.split_once(')')
    {
        push(out, indent, &format!("{head}("));
        push(out, indent, &format!("{INDENT}{arguments},"));
        return push(out, indent, &format!("){rest}"));
    }
    open(out, indent, text);
}

/// `a<b, c<d>>,` as lines, as far as they are too wide.
fn open(out: &mut String, indent: &str, text: &str) {
    if fits(indent, text) {
        return push(out, indent, text);
    }
    let Some((from, to)) = text.find(['<', '(']).zip(text.rfind(['>', ')'])) else {
        return push(out, indent, text);
    };
    push(out, indent, &text[..=from]);
    let inner = format!("{indent}{INDENT}");
    let parts = parts(&text[from + 1..to]);
    for (index, part) in parts.iter().enumerate() {
        // An attribute stands in a line of its own as soon as what is around it is broken.
        let mut part = *part;
        if let Some(end) = part.find("] ").filter(|_| part.starts_with("#[")) {
            push(out, &inner, &part[..=end]);
            part = &part[end + 2..];
        }
        let text = format!("{part},");
        // The comma of the last is there only because the line is broken, and no reason to break it further.
        if index + 1 == parts.len() && fits(&inner, part) {
            push(out, &inner, &text);
        } else {
            open(out, &inner, &text);
        }
    }
    push(out, indent, &text[to..]);
}

/// What commas part that are in no brackets.
fn parts(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in list.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests;
