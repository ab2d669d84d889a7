//! Writes what the parser does not know in a way that it does, and leads the places that it names back to the text.
//! It refuses to take anything out: what is put in stays on its line, so that lines are what they were.

use prost_types::FileDescriptorProto;

use crate::{
    scan::{self, Token},
    source::four,
};

/// A text with insertions.
#[derive(Debug)]
pub(crate) struct Patched {
    pub(crate) text: String,
    /// Sorted by place.
    insertions: Vec<Insertion>,
}

#[derive(Debug)]
struct Insertion {
    /// Where in the text as it was.
    at: usize,
    /// Where in the patched text.
    start: usize,
    length: usize,
}

/// The text as the parser can read it; `None` if it can anyway.
pub(crate) fn patched(source: &str) -> Option<Patched> {
    let mut insertions = Vec::new();
    let mut before: [Option<Token<'_>>; 3] = [None; 3];
    for token in scan::tokens(source, 0) {
        let text = |at: usize| before[at].map_or("", |token| token.text);
        let is_number = text(2).starts_with(|c: char| c.is_ascii_digit());
        if token.text == "[" && is_number && matches!(text(1), "extensions" | ",") {
            // `extensions 100 [`: with options, the parser takes ranges alone.
            let at = before[2].map_or(token.at, |number| number.end());
            insertions.push((at, format!(" to {}", text(2))));
        } else if token.text == "inf" && text(2) == "-" && text(1) == "=" && text(0) != "default" {
            // `(option) = -inf`: a number too large to be written is infinite, too.
            insertions.push((token.at, "9e999/*".to_owned()));
            insertions.push((token.end(), "*/".to_owned()));
        } else if token.text == "nan" && text(2) == "-" && text(1) == "=" && text(0) != "default" {
            // `(option) = -nan`: no number has a sign less than this one.
            let at = before[2].map_or(token.at, |minus| minus.at);
            insertions.push((at, "/*".to_owned()));
            insertions.push((at + 1, "*/".to_owned()));
        }
        before = [before[1], before[2], Some(token)];
    }
    if insertions.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(source.len() + 16 * insertions.len());
    let mut done = 0;
    let mut placed = Vec::with_capacity(insertions.len());
    for (at, insertion) in insertions {
        text.push_str(source.get(done..at)?);
        placed.push(Insertion {
            at,
            start: text.len(),
            length: insertion.len(),
        });
        text.push_str(&insertion);
        done = at;
    }
    text.push_str(source.get(done..)?);
    Some(Patched {
        text,
        insertions: placed,
    })
}

impl Patched {
    /// The byte of the text as it was for one of the patched text.
    pub(crate) fn back(&self, byte: usize) -> usize {
        let before = self.insertions.partition_point(|one| one.start < byte);
        match before.checked_sub(1).map(|last| &self.insertions[last]) {
            None => byte,
            Some(last) if byte < last.start + last.length => last.at,
            Some(last) => last.at + (byte - last.start - last.length),
        }
    }

    /// Leads the locations of a file back.
    pub(crate) fn lead_back(&self, file: &mut FileDescriptorProto) {
        let starts = self.text.match_indices('\n').map(|(at, _)| at + 1);
        let lines: Vec<usize> = std::iter::once(0).chain(starts).collect();
        let column = |line: i32, column: i32| -> Option<i32> {
            let start = *lines.get(usize::try_from(line).ok()?)?;
            let byte = start + usize::try_from(column).ok()?;
            i32::try_from(self.back(byte) - self.back(start)).ok()
        };
        let info = file.source_code_info.as_mut();
        for location in info.into_iter().flat_map(|info| &mut info.location) {
            let Some([line, from, end, to]) = four(&location.span) else {
                continue;
            };
            if let (Some(from), Some(to)) = (column(line, from), column(end, to)) {
                location.span = match line == end {
                    true => vec![line, from, to],
                    false => vec![line, from, end, to],
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_knows_stays_as_it_is() {
        for source in [
            "extensions 1 to 2 [a = b]; x = inf; y = [default = -inf]",
            "extensions 5; reserved 5; optional extensions a = 1 [b = c];",
            "a = { x: -inf } // extensions 5 [",
        ] {
            assert!(patched(source).is_none(), "{source}");
        }
    }

    #[test]
    fn places_lead_back() {
        let source = "extensions 5 [a = - inf];\nextensions 6, 0x7 [b];";
        let patched = patched(source).expect("a patch");
        assert_eq!(
            patched.text,
            "extensions 5 to 5 [a = - 9e999/*inf*/];\nextensions 6, 0x7 to 0x7 [b];"
        );
        for word in ["extensions", "[a", "a =", "];\n", "6,", "[b", "b]"] {
            let at = patched.text.find(word).expect("there");
            assert_eq!(Some(patched.back(at)), source.find(word), "{word}");
        }
        // What was put in stands where it was put.
        assert_eq!(patched.back(14), 12);
        assert_eq!(patched.back(patched.text.len()), source.len());
    }
}
