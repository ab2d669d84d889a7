//! Text as JSON writes it, for the few things that are written here.
//! It refuses to be a library for JSON: what needs one has serde_json.

use std::fmt::Write as _;

/// Writes a string with its quotes.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                // The control characters stand below U+00A0: writing them to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
