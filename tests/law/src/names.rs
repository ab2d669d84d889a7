//! Finds the paths that a source file names: inside the crate, and outside it.
//! It judges none of them.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

/// What one file names, its tests aside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Paths from `crate::`, `self::` and `super::`, from the crate's root.
    pub inside: Vec<Vec<String>>,
    /// All other paths, as they are written.
    pub outside: Vec<Vec<String>>,
    /// How often `.await` stands there.
    pub awaits: usize,
}

impl Names {
    /// Reads `text`, the file at `path` below `src/`. Comments, doc texts and
    /// items under `#[cfg(test)]` are passed over.
    ///
    /// # Errors
    /// When `text` is not Rust.
    pub fn of(path: &str, text: &str) -> Result<Self, LexError> {
        let mut names = Self::default();
        names.walk(text.parse()?, &module_of(path));
        Ok(names)
    }

    fn walk(&mut self, stream: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            i = self.step(&tokens, i, module);
        }
    }

    /// Reads what stands at `i`, and says where to go on.
    fn step(&mut self, tokens: &[TokenTree], i: usize, module: &[String]) -> usize {
        if let Some(after) = skip_attribute(tokens, i) {
            return after;
        }
        if let TokenTree::Group(group) = &tokens[i] {
            self.walk(group.stream(), module);
            return i + 1;
        }
        match (ident(tokens, i).as_deref(), ident(tokens, i + 1)) {
            (Some("mod"), Some(name)) => {
                if let Some(TokenTree::Group(body)) = tokens.get(i + 2) {
                    let inner: Vec<String> = module.iter().cloned().chain([name]).collect();
                    self.walk(body.stream(), &inner);
                    return i + 3;
                }
                i + 2
            }
            (Some("use"), _) => {
                let start = if is_path_separator(tokens, i + 1) {
                    i + 3
                } else {
                    i + 1
                };
                self.path(tokens, start, Vec::new(), module)
            }
            (Some("await"), _) if i > 0 && is_punct(tokens, i - 1, '.') => {
                self.awaits += 1;
                i + 1
            }
            (Some(_), _) if is_path_separator(tokens, i + 1) => {
                self.path(tokens, i, Vec::new(), module)
            }
            _ => i + 1,
        }
    }

    /// Reads the rest of a path, or of the tree of a `use`.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        mut i: usize,
        mut segments: Vec<String>,
        module: &[String],
    ) -> usize {
        loop {
            match tokens.get(i) {
                Some(TokenTree::Ident(name)) => segments.push(name.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let tree: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in tree.split(|token| punct(token) == Some(',')) {
                        self.path(branch, 0, segments.clone(), module);
                    }
                    return i + 1;
                }
                _ => break,
            }
            i += 1;
            if !is_path_separator(tokens, i) {
                break;
            }
            i += 2;
        }
        self.record(segments, module);
        i
    }

    fn record(&mut self, segments: Vec<String>, module: &[String]) {
        let mut base = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => module.to_vec(),
            Some(_) => return self.outside.push(segments),
            None => return,
        };
        let ups = segments.iter().filter(|s| *s == "super").count();
        base.truncate(base.len().saturating_sub(ups));
        let named = segments
            .into_iter()
            .skip_while(|s| matches!(s.as_str(), "crate" | "self" | "super"));
        base.extend(named);
        self.inside.push(base);
    }
}

/// `client/retry.rs` is `client::retry`, `client/mod.rs` is `client`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}

/// Passes over an attribute, and over the item under a `#[cfg(test)]`.
fn skip_attribute(tokens: &[TokenTree], i: usize) -> Option<usize> {
    if !is_punct(tokens, i, '#') {
        return None;
    }
    let at = if is_punct(tokens, i + 1, '!') {
        i + 2
    } else {
        i + 1
    };
    let Some(TokenTree::Group(attribute)) = tokens.get(at) else {
        return None;
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    if !text.starts_with("cfg(test)") && !text.starts_with("cfg(all(test,") {
        return Some(at + 1);
    }
    let ends_item = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => punct(token) == Some(';'),
    };
    let end = tokens[at..].iter().position(ends_item);
    Some(end.map_or(tokens.len(), |end| at + end + 1))
}

fn ident(tokens: &[TokenTree], i: usize) -> Option<String> {
    match tokens.get(i) {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

fn punct(token: &TokenTree) -> Option<char> {
    match token {
        TokenTree::Punct(punct) => Some(punct.as_char()),
        _ => None,
    }
}

fn is_punct(tokens: &[TokenTree], i: usize, expected: char) -> bool {
    tokens.get(i).and_then(punct) == Some(expected)
}

fn is_path_separator(tokens: &[TokenTree], i: usize) -> bool {
    is_punct(tokens, i, ':') && is_punct(tokens, i + 1, ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(paths: &[Vec<String>]) -> Vec<String> {
        paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn paths_inside_are_found_however_they_are_written() {
        for (file, text, expected) in [
            ("a/b.rs", "use crate::c::D;", vec!["c::D"]),
            (
                "a/b.rs",
                "pub(crate) use crate::{c::{D, e::*}, f};",
                vec!["c::D", "c::e", "f"],
            ),
            ("a/b.rs", "use super::c::D as E;", vec!["a::c::D"]),
            ("a/b.rs", "use super::super::c::D;", vec!["c::D"]),
            (
                "a/mod.rs",
                "use super::c; use self::d::E;",
                vec!["c", "a::d::E"],
            ),
            ("a.rs", "use super::*;", vec![""]),
            ("a.rs", "mod x { use super::super::c::D; }", vec!["c::D"]),
            (
                "a.rs",
                "fn f() -> crate::c::D<crate::e::F> { crate::g::<u8>() }",
                vec!["c::D", "e::F", "g"],
            ),
            (
                "a.rs",
                "pin_project! { struct S { #[pin] f: crate::c::D } }",
                vec!["c::D"],
            ),
            (
                "a.rs",
                "pub(in crate::c) fn f() { m!(crate::d::x {}) }",
                vec!["c", "d::x"],
            ),
            (
                "a.rs",
                "// crate::c::D\n/// [`crate::e`]\nfn f() { \"crate::g\"; }",
                vec![],
            ),
            ("a.rs", "pub(crate) fn f() {}", vec![]),
        ] {
            let names = Names::of(file, text).unwrap();
            assert_eq!(joined(&names.inside), expected, "{file}: {text}");
        }
    }

    #[test]
    fn paths_outside_and_waits_are_found() {
        let text = "use tokio; use ::h2::{client, Reason}; use std::fmt;
            async fn f() { let t = tokio::time::sleep(d).await; Instant::now(); x.y().await?; }";
        let names = Names::of("a.rs", text).unwrap();
        assert_eq!(
            joined(&names.outside),
            [
                "tokio",
                "h2::client",
                "h2::Reason",
                "std::fmt",
                "tokio::time::sleep",
                "Instant::now"
            ]
        );
        assert_eq!(names.awaits, 2);
        assert!(names.inside.is_empty());
    }

    #[test]
    fn tests_are_passed_over_and_nothing_else() {
        let text = "#[cfg(test)] mod tests { use crate::c::D; }
            #[cfg(test)] mod others;
            #[cfg(all(test, unix))] fn f() { crate::e::f().await }
            #[cfg(not(test))] use crate::g::H;
            #[derive(Debug)] struct S(crate::i::J);";
        let names = Names::of("a.rs", text).unwrap();
        assert_eq!(joined(&names.inside), ["g::H", "i::J"]);
        assert_eq!(names.awaits, 0);
    }
}
