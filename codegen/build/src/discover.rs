//! The `.proto` files below a folder, and what cargo has to watch to notice a new one.
//! It refuses to read them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sinew_idl::diag::{Diagnostic, Span};

use crate::{codes, write::io_error};

/// What is compiled: files by the names they are imported with, below a root.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) root: PathBuf,
    /// Relative to the root, with `/` between, sorted.
    pub(crate) names: Vec<String>,
    /// Folders in which a new file would be a new input.
    pub(crate) watched: Vec<PathBuf>,
}

/// Finds what `path` means: all files of a folder, which is the root itself; or one file, whose root is the include
/// root that it lies in, or else its folder.
pub(crate) fn find(path: &Path, includes: &[PathBuf]) -> Result<Input, Box<Diagnostic>> {
    let about = fs::metadata(path).map_err(|error| Box::new(io_error(path, "read", &error)))?;
    if about.is_dir() {
        let mut names = Vec::new();
        walk(path, "", &mut names).map_err(|error| Box::new(io_error(path, "read", &error)))?;
        names.sort();
        return Ok(Input {
            root: path.to_owned(),
            names,
            watched: if is_package(path) {
                Vec::new()
            } else {
                vec![path.to_owned()]
            },
        });
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let root = includes
        .iter()
        .find(|root| path.starts_with(root))
        .map_or(folder, PathBuf::as_path);
    Ok(Input {
        root: if root == Path::new("") {
            PathBuf::from(".")
        } else {
            root.to_owned()
        },
        names: vec![name_below(root, path)?],
        watched: Vec::new(),
    })
}

/// The name by which other files import `path`.
fn name_below(root: &Path, path: &Path) -> Result<String, Box<Diagnostic>> {
    let parts: Option<Vec<_>> = path
        .strip_prefix(root)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    parts
        .map(|parts| parts.join("/"))
        .ok_or_else(|| no_utf8(path))
}

/// Cargo looks at everything in a watched folder, and the package itself holds `target`: building would be a reason to
/// build again.
fn is_package(folder: &Path) -> bool {
    folder.join("Cargo.toml").exists()
}

fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // No import can name a file whose name is not text.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = entry.path();
        let about = fs::metadata(&path)?;
        if about.is_dir() {
            if !name.starts_with('.') && !path.join("CACHEDIR.TAG").exists() {
                walk(&path, &format!("{prefix}{name}/"), names)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

fn no_utf8(path: &Path) -> Box<Diagnostic> {
    let message = format!("{} is no UTF-8, and no import can name it", path.display());
    Box::new(Diagnostic::error(codes::NO_INPUT, message, Span::None))
}
