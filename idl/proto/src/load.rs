//! Reads the files asked for and all that they import, and parses each by itself: one broken file hides no other.
//! It refuses to resolve names: that needs all files (`link.rs`).

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fs,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

use prost_types::FileDescriptorProto;
use sinew_idl::diag::{Diagnostic, SourceMap, Span};

use crate::{
    Sources,
    builtin::{self, Builtin},
    parse,
    places::Places,
    source::SourceFile,
    tag,
};

/// The files of a compilation, by the names they are imported with.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The files asked for, in order.
    pub(crate) roots: Vec<String>,
    /// What could be parsed.
    pub(crate) files: BTreeMap<String, FileDescriptorProto>,
    /// The texts, also of what could not be parsed.
    pub(crate) texts: BTreeMap<String, SourceFile>,
    /// Files that exist but cannot be used, with whatever imports them.
    pub(crate) broken: BTreeSet<String>,
    /// Every file read from disk.
    pub(crate) read_files: BTreeSet<PathBuf>,
    /// Where an import would be taken from, if there was a file.
    pub(crate) missing_candidates: BTreeSet<PathBuf>,
    /// What is wrong so far.
    pub(crate) found: Vec<Diagnostic>,
}

impl Loaded {
    pub(crate) fn source_map(&self) -> SourceMap {
        let mut map = SourceMap::default();
        for file in self.texts.values() {
            map.insert(file.name.clone(), file.path.clone(), file.text.clone());
        }
        map
    }
}

/// Loads everything.
pub(crate) fn load(sources: &Sources) -> Loaded {
    let mut loader = Loader {
        roots: &sources.roots,
        loaded: Loaded::default(),
        seen: BTreeSet::new(),
    };
    let mut queue = VecDeque::new();
    for file in &sources.files {
        match loader.name(file) {
            Ok(name) => queue.push_back(name),
            Err(found) => loader.loaded.found.push(*found),
        }
    }
    let mut names: Vec<String> = queue.iter().cloned().collect();
    names.sort();
    names.dedup();
    loader.loaded.roots = names;
    while let Some(name) = queue.pop_front() {
        if loader.seen.insert(name.clone()) {
            queue.extend(loader.open(&name));
        }
    }
    loader.loaded
}

struct Loader<'a> {
    roots: &'a [PathBuf],
    loaded: Loaded,
    seen: BTreeSet<String>,
}

impl Loader<'_> {
    /// The name by which the file asked for is imported.
    fn name(&self, file: &Path) -> Result<String, Box<Diagnostic>> {
        let found = if file.is_absolute() {
            self.roots.iter().find_map(|root| inside(root, file))
        } else {
            import_name(file)
                .filter(|name| {
                    let is_file = self.roots.iter().any(|root| root.join(name).is_file());
                    is_file || builtin::is_builtin(name)
                })
                .or_else(|| {
                    let found = self.roots.iter().find_map(|root| inside(root, file));
                    found.filter(|_| file.is_file())
                })
        };
        let Some(name) = found else {
            let message = format!("no file `{}` in the include roots", file.display());
            let found = Diagnostic::error("M0010", message, Span::None);
            return Err(Box::new(found.help(self.looked_in())));
        };
        // Another root may hold a file of the same name, and come first.
        let first = self
            .roots
            .iter()
            .map(|root| root.join(&name))
            .find(|path| path.is_file());
        match first {
            Some(first) if file.is_absolute() && !is_same_file(&first, file) => {
                let message = format!(
                    "`{}` is shadowed by `{}`, which is also imported as `{name}`",
                    file.display(),
                    first.display()
                );
                let found = Diagnostic::error("M0013", message, Span::None);
                Err(Box::new(found.help(
                    "put the include root of the wanted one first, or leave the other root out",
                )))
            }
            _ => Ok(name),
        }
    }

    /// Reads and parses a file; returns what it imports.
    fn open(&mut self, name: &str) -> Vec<String> {
        let proto = match builtin::find(name) {
            Some(Builtin::Descriptor(proto)) => Some(*proto),
            Some(Builtin::Text(name, text)) => self.parse(SourceFile::new(name, None, text)),
            None => self.read(name).and_then(|source| self.parse(source)),
        };
        let Some(proto) = proto else {
            self.loaded.broken.insert(name.to_owned());
            return Vec::new();
        };
        let imports = self.check_imports(name, &proto);
        self.loaded.files.insert(name.to_owned(), proto);
        imports
    }

    fn parse(&mut self, source: SourceFile) -> Option<FileDescriptorProto> {
        let result = parse::parse(&source);
        self.loaded.texts.insert(source.name.to_string(), source);
        result.map_err(|found| self.loaded.found.extend(found)).ok()
    }

    /// Reads a file that [`Self::find`] has found.
    fn read(&mut self, name: &str) -> Option<SourceFile> {
        let path = self.find(name)?;
        self.loaded.read_files.insert(path.clone());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let source = SourceFile::new(name, Some(path), "");
                self.loaded.texts.insert(name.to_owned(), source);
                let message = format!("cannot be read: {error}");
                let found = Diagnostic::error("M0004", message, Span::file(name));
                self.loaded.found.push(found);
                return None;
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => Some(SourceFile::new(name, Some(path), &text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                let source = SourceFile::new(name, Some(path), &text);
                // A mark at the start is dropped from the text.
                let mark = text.len() - source.text.len();
                let at = at.saturating_sub(mark);
                let found = Diagnostic::error("M0003", "not valid UTF-8", source.span(at, at + 1));
                self.loaded.found.push(found.help("save the file as UTF-8"));
                self.loaded.texts.insert(name.to_owned(), source);
                None
            }
        }
    }

    /// Where the file lies; the places before it are remembered, since a file there would be taken instead.
    fn find(&mut self, name: &str) -> Option<PathBuf> {
        import_name(Path::new(name)).filter(|plain| plain == name)?;
        for root in self.roots {
            let path = root.join(name);
            match fs::metadata(&path) {
                Ok(file) if file.is_file() => return Some(path),
                Err(error) if !is_absence(&error) => return Some(path),
                _ => {
                    self.loaded.missing_candidates.insert(path);
                }
            }
        }
        None
    }

    /// Reports imports that are missing or repeated; returns the others.
    fn check_imports(&mut self, name: &str, proto: &FileDescriptorProto) -> Vec<String> {
        let mut imports: Vec<String> = Vec::new();
        let exist: Vec<bool> = proto
            .dependency
            .iter()
            .map(|import| self.exists(import))
            .collect();
        let mut found_here = Vec::new();
        let mut firsts: HashMap<&str, usize> = HashMap::new();
        let source = self.loaded.texts.get(name);
        let places = OnceCell::new();
        let span = |index| {
            let places = places.get_or_init(|| Places::new(proto, source));
            import_span(source, name, places, index)
        };
        for (index, (import, exists)) in proto.dependency.iter().zip(exist).enumerate() {
            let first = *firsts.entry(import).or_insert(index);
            if first < index {
                let message = format!("`{import}` is imported twice");
                let found = Diagnostic::error("M0014", message, span(index))
                    .also(span(first), "first imported")
                    .help("remove one of the imports");
                found_here.push(found);
                continue;
            }
            if !exists {
                let message = format!("import `{import}` not found");
                let found = Diagnostic::error("M0011", message, span(index));
                found_here.push(found.help(self.looked_in()));
                continue;
            }
            imports.push(import.clone());
        }
        if !found_here.is_empty() {
            self.loaded.found.append(&mut found_here);
            self.loaded.broken.insert(name.to_owned());
        }
        imports
    }

    fn exists(&mut self, import: &str) -> bool {
        builtin::is_builtin(import) || self.seen.contains(import) || self.find(import).is_some()
    }

    fn looked_in(&self) -> String {
        match self.roots {
            [] => "there are no include roots: name the folder that imports start from".to_owned(),
            roots => {
                let roots: Vec<_> = roots
                    .iter()
                    .map(|root| format!("`{}`", root.display()))
                    .collect();
                format!(
                    "looked in {}, and in the built-in files; imports are relative to an include root",
                    roots.join(", ")
                )
            }
        }
    }
}

/// Where `import` number `index` names its file.
pub(crate) fn import_span(
    source: Option<&SourceFile>,
    name: &str,
    places: &Places<'_>,
    index: usize,
) -> Span {
    let path = [tag::file::DEPENDENCY, i32::try_from(index).unwrap_or(-1)];
    let location = places.location(&path);
    let (Some(source), Some(location)) = (source, location) else {
        return Span::file(name);
    };
    let Some((from, to)) = source.bytes(&location.span) else {
        return Span::file(name);
    };
    let text = crate::scan::tokens(&source.text, from)
        .take_while(|token| token.at < to)
        .find(|token| token.kind == crate::scan::Kind::Text);
    match text {
        Some(text) => source.span(text.at, text.end()),
        None => source.span(from, to),
    }
}

/// Does the error say that there is no such file? There is none below a file, and none of a name that no file can have.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
            | ErrorKind::NotADirectory
            | ErrorKind::NotFound
    )
}

/// A relative path as imports spell it; `None` if it leaves its root.
fn import_name(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The name of a file inside of `root`.
fn inside(root: &Path, file: &Path) -> Option<String> {
    if let Ok(rest) = file.strip_prefix(root) {
        return import_name(rest);
    }
    let (root, file) = (fs::canonicalize(root).ok()?, fs::canonicalize(file).ok()?);
    import_name(file.strip_prefix(root).ok()?)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
