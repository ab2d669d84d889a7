//! Several files in one text, each behind a line with its name: so that an input is one file that a person can read.
//! It refuses no bytes: what stands before the first name is a file, too.

use std::{collections::BTreeMap, ops::Range};

/// What a line with a name starts with.
const HEAD: &[u8] = b"=== ";

/// The name of a file that has none.
pub(crate) const UNNAMED: &str = "a.proto";

/// More would only make inputs slow.
const MOST_FILES: usize = 8;

/// Files by the names that they are imported with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// Contents by name; a name is a plain relative path that ends in `.proto`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Words of a file `options`: what the user of the compiler chose.
    pub options: Vec<String>,
}

impl Archive {
    /// One file.
    #[must_use]
    pub fn single(text: &[u8]) -> Self {
        let mut archive = Self::default();
        archive.files.insert(UNNAMED.to_owned(), text.to_vec());
        archive
    }

    /// Takes any bytes apart; of two files of one name the later counts.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut archive = Self::default();
        for part in parts(bytes).into_iter().take(MOST_FILES) {
            let text = bytes.get(part.text).unwrap_or_default();
            match bytes.get(part.name).unwrap_or_default() {
                b"options" => {
                    let words = String::from_utf8_lossy(text);
                    let words = words.split_whitespace().map(str::to_owned);
                    archive.options.extend(words);
                }
                b"" if text.is_empty() => {}
                name => {
                    let name = plain(name).unwrap_or_else(|| UNNAMED.to_owned());
                    archive.files.insert(name, text.to_vec());
                }
            }
        }
        archive
    }

    /// The text that [`Self::parse`] takes apart.
    #[must_use]
    pub fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.options.is_empty() {
            out.extend_from_slice(HEAD);
            out.extend_from_slice(b"options\n");
            out.extend_from_slice(self.options.join(" ").as_bytes());
            out.push(b'\n');
        }
        for (name, text) in &self.files {
            out.extend_from_slice(HEAD);
            out.extend_from_slice(name.as_bytes());
            out.push(b'\n');
            out.extend_from_slice(text);
            if !text.is_empty() && !text.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        out
    }
}

/// Where the name and the text of one file stand.
struct Part {
    name: Range<usize>,
    text: Range<usize>,
}

fn parts(bytes: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part {
        name: 0..0,
        text: 0..0,
    }];
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if line.starts_with(HEAD) {
            let name = line.trim_ascii_end().len().max(HEAD.len());
            parts.push(Part {
                name: at + HEAD.len()..at + name,
                text: end..end,
            });
        } else if let Some(part) = parts.last_mut() {
            part.text.end = end;
        }
        at = end;
    }
    parts
}

/// A name that is a path inside of a folder, and can be no folder for another.
fn plain(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let (folders, _) = name
        .strip_suffix(".proto")?
        .rsplit_once('/')
        .unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let wrong = name.len() > 60
        || !name.chars().all(is_plain)
        || folders.contains('.')
        || name.contains("//")
        || name.starts_with(['/', '.'])
        || name.contains("/.");
    (!wrong).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let text = b"=== options\nbytes serde\n=== a/b.proto\nsyntax\n\n=== c.proto\n";
        let archive = Archive::parse(text);
        assert_eq!(archive.options, ["bytes", "serde"]);
        let files: Vec<_> = archive.files.iter().map(|(n, t)| (&**n, &**t)).collect();
        assert_eq!(files, [("a/b.proto", &b"syntax\n\n"[..]), ("c.proto", b"")]);
        assert_eq!(archive.print(), text);
    }

    #[test]
    fn bytes_without_a_name_are_one_file() {
        assert_eq!(Archive::parse(b"\xff"), Archive::single(b"\xff"));
        assert!(Archive::parse(b"").files.is_empty());
    }

    #[test]
    fn names_never_leave_the_folder() {
        for name in [
            "",
            "a",
            "/a.proto",
            "../a.proto",
            "a/../b.proto",
            "a.proto/b.proto",
            "a//b.proto",
            "é.proto",
            ".proto",
            "a/.proto",
            "a\0.proto",
            "a\\b.proto",
        ] {
            assert_eq!(plain(name.as_bytes()), None, "{name}");
        }
        assert_eq!(
            plain(b"a/b-1_c.d.proto").as_deref(),
            Some("a/b-1_c.d.proto")
        );
    }
}
