//! Who imports whom, to know which files cannot be compiled without one that is refused.
//!
//! It reads import statements as they look, and refuses to understand anything else: what the compiler says about a
//! file is right, whatever is found here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// The imports of each file that can be reached.
#[derive(Debug, Default)]
pub(crate) struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    /// Reads the files and all that they import, as far as they are there.
    pub(crate) fn of(roots: &[PathBuf], files: &BTreeSet<String>) -> Self {
        let mut imports = Self::default();
        let mut open: Vec<String> = files.iter().cloned().collect();
        while let Some(file) = open.pop() {
            if imports.0.contains_key(&file) {
                continue;
            }
            let bytes = roots
                .iter()
                .find_map(|root| fs::read(root.join(&file)).ok());
            // One file of the corpus or another is no UTF-8, and may be imported.
            let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default());
            let named: BTreeSet<String> = named(&text).collect();
            open.extend(named.iter().cloned());
            imports.0.insert(file, named);
        }
        imports
    }

    /// Whether the file is one of `wanted`, or imports one, directly or not.
    pub(crate) fn reaches_any(&self, file: &str, wanted: &BTreeSet<String>) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            if wanted.contains(file) {
                return true;
            }
            if seen.insert(file) {
                open.extend(self.0.get(file).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

/// The names in import statements.
fn named(text: &str) -> impl Iterator<Item = String> {
    let code = without_comments(text);
    let statements: Vec<_> = code.split([';', '{', '}']).filter_map(import).collect();
    statements.into_iter()
}

/// `import "a.proto"`, `import public 'a.proto'`.
fn import(statement: &str) -> Option<String> {
    let mut name = statement.trim_start().strip_prefix("import")?.trim_start();
    for word in ["public", "weak", "option"] {
        name = name.strip_prefix(word).unwrap_or(name).trim_start();
    }
    let quote = name.chars().next().filter(|c| ['"', '\''].contains(c))?;
    Some(name[1..].split(quote).next()?.to_owned())
}

/// The text with a space for each comment; strings are kept.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else {
            let length = string_length(from);
            out.push_str(&from[..length]);
            rest = &from[length..];
            continue;
        };
        out.push(' ');
        rest = &from[length..];
    }
    out.push_str(rest);
    out
}

/// How long the string at the start is, with its quotes; a lone `/` is as long as itself.
fn string_length(text: &str) -> usize {
    let mut characters = text.char_indices();
    let Some((_, quote)) = characters.next() else {
        return 0;
    };
    if quote == '/' {
        return 1;
    }
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return at + 1;
        } else if c == '\n' {
            // It is not closed: what follows is read as code again.
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_statements_are_found_whatever_stands_around_them() {
        let text = "syntax = \"proto3\"; import \"a.proto\";\n// import \"no.proto\";\n\
            import /* why */ public 'b/c.proto' ; message M {}\nimport weak\n\"d.proto\";\n\
            option go_package = \"/* import \\\"; // no\";import\"e.proto\";\nimport option \"f.proto\";\n\
            /* ; import \"no.proto\"; */ message importer {}";
        let found: Vec<_> = named(text).collect();
        assert_eq!(
            found,
            ["a.proto", "b/c.proto", "d.proto", "e.proto", "f.proto"]
        );
    }

    #[test]
    fn broken_text_ends() {
        for text in [
            "\"",
            "'\\",
            "/",
            "/*",
            "//",
            "import \"",
            "import",
            "\"\n; import 'a'",
        ] {
            let _ = named(text).count();
        }
        let found: Vec<_> = named("\"open\n; import 'a'").collect();
        assert_eq!(found, ["a"]);
    }

    #[test]
    fn who_imports_a_file_by_others_reaches_it_in_circles_too() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e")];
        let mut imports = Imports::default();
        for (from, to) in edges {
            imports
                .0
                .entry(from.to_owned())
                .or_default()
                .insert(to.to_owned());
        }
        let wanted = BTreeSet::from(["c".to_owned()]);
        let reach: Vec<_> = ["a", "b", "c", "d", "e"]
            .into_iter()
            .filter(|file| imports.reaches_any(file, &wanted))
            .collect();
        assert_eq!(reach, ["a", "b", "c"]);
    }
}
