//! The fixtures of `tests/idl` as inputs, and what peers send: where every target starts from.
//! It refuses to fail: without fixtures there are no inputs, which the replay notices.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use sinew_idl_proto::{Sources, compile};

use crate::{Archive, Target, peer::inputs as sent, wire};

/// All inputs for a target that the fixtures make.
#[must_use]
pub fn inputs(target: Target) -> Vec<Vec<u8>> {
    match target {
        Target::Bytes => FILES.clone(),
        Target::Files | Target::Rust => archives().iter().map(Archive::print).collect(),
        Target::Set => sets(),
        Target::Messages => sent::messages(),
        Target::Compressed => sent::compressed(),
        Target::Headers => sent::headers(),
        Target::Details => sent::details(),
        Target::Server => sent::server(),
        Target::Client => sent::client(),
    }
}

/// The text of every `.proto` file.
pub(crate) static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = below(&idl(), "proto");
    files
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
});

/// The files of every folder in `good` and `bad`.
fn archives() -> Vec<Archive> {
    let mut found: BTreeMap<PathBuf, Archive> = BTreeMap::new();
    for path in below(&idl(), "proto") {
        let Ok(rest) = path.strip_prefix(idl()) else {
            continue;
        };
        let parts: Vec<_> = rest.iter().collect();
        if let ([kind, fixture, name @ ..], Ok(text)) = (&*parts, fs::read(&path)) {
            let name: PathBuf = name.iter().collect();
            let archive = found.entry(Path::new(kind).join(fixture)).or_default();
            archive.files.insert(name.display().to_string(), text);
        }
    }
    found.into_values().collect()
}

/// Descriptor sets: those of the fixtures, and what the good files make.
fn sets() -> Vec<Vec<u8>> {
    let sets = below(&idl().join("sets"), "binpb");
    let sets = sets.iter().filter_map(|path| fs::read(path).ok());
    let mut found: Vec<Vec<u8>> = sets.collect();
    let good = idl().join("good");
    for path in below(&good, "proto") {
        let root = path
            .strip_prefix(&good)
            .ok()
            .and_then(|rest| rest.iter().next());
        let sources = Sources {
            roots: root.map(|root| good.join(root)).into_iter().collect(),
            files: vec![path],
        };
        found.extend(compile(&sources).map(|compiled| compiled.descriptor_set));
    }
    // What is built in stands in for itself: without it, a set is small.
    found
        .iter()
        .map(|set| wire::without_files(set, "google/"))
        .collect()
}

fn idl() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../idl")
}

/// All files below a folder with this extension, sorted: the order in which a folder is read is nobody's, and a seed
/// has to mean the same everywhere.
fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
