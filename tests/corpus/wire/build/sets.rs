//! The list of sets: a line an item, a word and its value (`set NAME`, then `root FOLDER`, `file NAME`, `other-types`).
//! It refuses words that it does not know, and what stands before the first set.

use std::path::PathBuf;

/// What is compiled together.
pub(crate) struct Set {
    /// Also the name of a module.
    pub(crate) name: String,
    pub(crate) roots: Vec<PathBuf>,
    /// By the names under which they are imported.
    pub(crate) files: Vec<String>,
    /// Whether fields have the other types that can be chosen: `Bytes` and `BTreeMap`.
    pub(crate) other_types: bool,
}

pub(crate) fn parse(text: &str) -> Result<Vec<Set>, String> {
    let mut sets: Vec<Set> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (word, value) = line.split_once(' ').unwrap_or((line, ""));
        if word == "set" {
            sets.push(Set {
                name: value.to_owned(),
                roots: Vec::new(),
                files: Vec::new(),
                other_types: false,
            });
            continue;
        }
        let number = index + 1;
        let set = sets
            .last_mut()
            .ok_or_else(|| format!("line {number} of the list of sets: no set yet"))?;
        match word {
            "root" => set.roots.push(value.into()),
            "file" => set.files.push(value.to_owned()),
            "other-types" => set.other_types = true,
            _ => return Err(format!("line {number} of the list of sets: `{word}`?")),
        }
    }
    Ok(sets)
}
