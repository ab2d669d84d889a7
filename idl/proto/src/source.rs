//! The text of one `.proto` file, and where in it a byte or a location of a descriptor is.
//! It refuses to understand the text.

use std::{path::PathBuf, sync::Arc};

use sinew_idl::diag::Span;

/// One file: the name it is imported with, and its text without a byte order mark.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) name: Arc<str>,
    /// Where it was read from; `None` for built-in files.
    pub(crate) path: Option<PathBuf>,
    pub(crate) text: Arc<str>,
    /// The byte at which each line starts.
    lines: Vec<usize>,
}

impl SourceFile {
    pub(crate) fn new(name: impl Into<Arc<str>>, path: Option<PathBuf>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.into(),
            path,
            lines: std::iter::once(0).chain(starts).collect(),
            text: text.into(),
        }
    }

    /// The span of the bytes from `from` to before `to`.
    pub(crate) fn span(&self, from: usize, to: usize) -> Span {
        let (line, column) = self.position(from);
        let (end_line, end_column) = self.position(to.max(from));
        Span::Idl {
            file: self.name.clone(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// The bytes of a location: 0-based lines, and 0-based columns in bytes, with three numbers if it ends on the line
    /// where it starts.
    pub(crate) fn bytes(&self, location: &[i32]) -> Option<(usize, usize)> {
        let [line, column, end_line, end_column] = four(location)?;
        let from = self.offset(line, column)?;
        Some((from, self.offset(end_line, end_column)?.max(from)))
    }

    fn offset(&self, line: i32, column: i32) -> Option<usize> {
        let start = self.lines.get(usize::try_from(line).ok()?)?;
        Some((start + usize::try_from(column).ok()?).min(self.text.len()))
    }

    /// 1-based line and column, in characters.
    fn position(&self, byte: usize) -> (u32, u32) {
        let byte = byte.min(self.text.len());
        let line = self.lines.partition_point(|&start| start <= byte).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.as_bytes().get(start..byte).unwrap_or_default();
        // Counts the bytes that start a character, so that a byte inside of one does no harm.
        let column = before.iter().filter(|&&b| b & 0xC0 != 0x80).count() + 1;
        (saturated(line), saturated(column))
    }
}

/// A location as start line, start column, end line, end column; `None` if it is none.
pub(crate) fn four(location: &[i32]) -> Option<[i32; 4]> {
    match *location {
        [line, from, to] => Some([line, from, line, to]),
        [line, from, end, to] => Some([line, from, end, to]),
        _ => None,
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(span: &Span) -> (u32, u32, u32, u32) {
        match *span {
            Span::Idl {
                line,
                column,
                end_line,
                end_column,
                ..
            } => (line, column, end_line, end_column),
            _ => (0, 0, 0, 0),
        }
    }

    #[test]
    fn columns_are_characters_whatever_the_line_ends_and_the_mark_at_the_start() {
        let file = SourceFile::new("a.proto", None, "\u{feff}a\r\n\tü€b\n\nc");
        for (bytes, expected) in [
            ((0, 1), (1, 1, 1, 2)),
            ((3, 4), (2, 1, 2, 2)),
            ((4, 6), (2, 2, 2, 3)),
            ((9, 10), (2, 4, 2, 5)),
            ((11, 11), (3, 1, 3, 1)),
            ((12, 13), (4, 1, 4, 2)),
            ((12, 999), (4, 1, 4, 2)),
            ((5, 5), (2, 3, 2, 3)),
        ] {
            assert_eq!(place(&file.span(bytes.0, bytes.1)), expected, "{bytes:?}");
        }
    }

    #[test]
    fn locations_are_bytes() {
        let file = SourceFile::new("a.proto", None, "ab\ncd\n");
        assert_eq!(file.bytes(&[1, 0, 2]), Some((3, 5)));
        assert_eq!(file.bytes(&[0, 1, 1, 1]), Some((1, 4)));
        for odd in [&[][..], &[0], &[9, 0, 1], &[-1, 0, 1], &[0, -4, 1]] {
            assert_eq!(file.bytes(odd), None, "{odd:?}");
        }
    }
}
