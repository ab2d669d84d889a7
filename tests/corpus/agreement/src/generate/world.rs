//! What the files of an input declare, what each of them sees, and how names are looked up.
//! It refuses to know more of a declaration than others need to use it.

/// All that is declared so far.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) files: Vec<File>,
    pub(crate) symbols: Vec<Symbol>,
}

/// One file.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) is_proto3: bool,
    /// The files it imports, and whether it does so publicly.
    pub(crate) imports: Vec<(usize, bool)>,
    /// The prefix of the names of the options that it declares, if it does.
    pub(crate) options: Option<String>,
}

/// One declaration.
#[derive(Clone)]
pub(crate) struct Symbol {
    pub(crate) full_name: String,
    pub(crate) file: usize,
    pub(crate) kind: Kind,
}

/// What a declaration is.
#[derive(Clone)]
pub(crate) enum Kind {
    Message {
        /// Ranges for extensions that are still free, end exclusive.
        extensions: Vec<(u32, u32)>,
    },
    Enum {
        values: Vec<String>,
        starts_at_zero: bool,
    },
    Service,
}

impl Symbol {
    pub(crate) fn is_type(&self) -> bool {
        !matches!(self.kind, Kind::Service)
    }
}

impl World {
    /// Does a file see what another declares?
    pub(crate) fn sees(&self, file: usize, other: usize) -> bool {
        let imports = self.files.get(file).map(|file| file.imports.clone());
        file == other
            || imports
                .into_iter()
                .flatten()
                .any(|(import, _)| import == other || self.passes_on(import, other))
    }

    fn passes_on(&self, file: usize, other: usize) -> bool {
        let imports = self.files[file].imports.iter();
        let mut public = imports.filter(|(_, is_public)| *is_public);
        public.any(|(import, _)| *import == other || self.passes_on(*import, other))
    }

    /// What `name` stands for when `file` uses it in `scope`.
    pub(crate) fn look_up(&self, file: usize, scope: &str, name: &str) -> Option<&Symbol> {
        if let Some(name) = name.strip_prefix('.') {
            return self.find(file, name).filter(|symbol| symbol.is_type());
        }
        let first = name.split('.').next().unwrap_or_default();
        let mut scope = scope;
        loop {
            let candidate = join(scope, first);
            if first.len() == name.len() {
                let found = self.find(file, &candidate);
                if let Some(found) = found.filter(|symbol| symbol.is_type()) {
                    return Some(found);
                }
            } else if self.is_scope(file, &candidate) {
                let found = self.find(file, &join(scope, name));
                return found.filter(|symbol| symbol.is_type());
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rfind('.').map_or("", |dot| &scope[..dot]);
        }
    }

    fn find(&self, file: usize, name: &str) -> Option<&Symbol> {
        let mut symbols = self.symbols.iter();
        symbols.find(|symbol| symbol.full_name == name && self.sees(file, symbol.file))
    }

    fn is_scope(&self, file: usize, name: &str) -> bool {
        let is_package = |(index, other): (usize, &File)| {
            let rest = other.package.strip_prefix(name);
            self.sees(file, index)
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.find(file, name).is_some() || self.files.iter().enumerate().any(is_package)
    }
}

pub(crate) fn join(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        _ => format!("{scope}.{name}"),
    }
}
