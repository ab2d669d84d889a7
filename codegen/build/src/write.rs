//! Files on disk: written only where they changed, or only compared.
//! It refuses to overwrite or delete what does not carry our mark.

use std::{
    env, fs,
    io::{self, ErrorKind},
    path::{self, Path, PathBuf},
};

use sinew_idl::diag::{Diagnostic, Span};

use crate::{
    codes,
    layout::{FOLDER, Files, MARK, ROOT},
};

/// What to do about a file that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Make it so.
    Write,
    /// Say so.
    Verify,
}

/// Brings `folder` in line with `files`; returns what was written or deleted.
pub(crate) fn sync(
    folder: &Path,
    files: &Files,
    mode: Mode,
) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let mut changed = Vec::new();
    let mut found = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        match (is(&path, content), mode) {
            (Ok(true), _) => {}
            (Ok(false), Mode::Verify) => found.push(differs(&path, "is not what the IDL gives")),
            (Ok(false), Mode::Write) => match write(&path, content) {
                Ok(()) => changed.push(path),
                Err(error) => found.push(io_error(&path, "write", &error)),
            },
            (Err(error), _) => found.push(io_error(&path, "read", &error)),
        }
    }
    for path in leftovers(folder, files) {
        match mode {
            Mode::Verify => found.push(differs(&path, "belongs to no package of the IDL any more")),
            Mode::Write => match fs::remove_file(&path) {
                Ok(()) => changed.push(path),
                Err(error) => found.push(io_error(&path, "delete", &error)),
            },
        }
    }
    if found.is_empty() {
        Ok(changed)
    } else {
        Err(found)
    }
}

/// The path could not be read or written.
pub(crate) fn io_error(path: &Path, verb: &str, error: &io::Error) -> Diagnostic {
    let message = format!("cannot {verb} {}: {error}", path.display());
    let found = Diagnostic::error(codes::IO, message, Span::None);
    match path::absolute(path) {
        Ok(full) if path.is_relative() => found.help(format!(
            "that is {}: a relative path starts at {}",
            full.display(),
            base()
        )),
        _ => found,
    }
}

/// What relative paths start at. Cargo runs build scripts in the folder of their package; a tool runs where
/// its user is.
fn base() -> &'static str {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    if package.is_some() && package == env::current_dir().ok() {
        "the folder of Cargo.toml"
    } else {
        "the current folder"
    }
}

fn differs(path: &Path, what: &str) -> Diagnostic {
    Diagnostic::error(
        codes::STALE,
        format!("{} {what}", path.display()),
        Span::None,
    )
    .help("build with SINEW_CHECK=0 and commit what that writes")
}

fn is(path: &Path, content: &[u8]) -> io::Result<bool> {
    match fs::read(path) {
        Ok(old) => Ok(old == content),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// Generated files of an earlier run that this one has no use for.
fn leftovers(folder: &Path, files: &Files) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join(FOLDER)) else {
        return Vec::new();
    };
    let mut leftovers: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter(|path| {
            let name = path
                .file_name()
                .map(|name| format!("{FOLDER}/{}", name.to_string_lossy()));
            !name.is_some_and(|name| files.contains_key(&name))
        })
        .filter(|path| fs::read(path).is_ok_and(|text| text.starts_with(MARK.as_bytes())))
        .collect();
    leftovers.sort();
    leftovers
}

/// The file that users include.
pub(crate) fn root(folder: &Path) -> PathBuf {
    folder.join(ROOT)
}
