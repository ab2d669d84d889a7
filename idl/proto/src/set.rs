//! Takes a descriptor set that somebody else built, protoc or buf, in place of files: the way round for editions.
//! It refuses to trust it: what is malformed is reported, not linked.

use std::{collections::BTreeMap, panic::catch_unwind};

use prost::Message as _;
use prost_types::FileDescriptorProto;
use sinew_idl::diag::{Diagnostic, Span};

use crate::{builtin, editions, load::Loaded, wellformed, wire};

/// What a set holds, ready to be linked.
#[derive(Default)]
pub(crate) struct Set {
    pub(crate) loaded: Loaded,
    /// The files as they were encoded, editions lowered: with options that the decoded ones have lost.
    pub(crate) encoded: BTreeMap<String, Vec<u8>>,
}

/// Reads a set. `files` are the import names to generate for; without them it is every file that is not built in.
pub(crate) fn read(bytes: &[u8], files: Option<&[String]>) -> Set {
    let mut set = Set::default();
    let Some(encoded) = wire::files(bytes) else {
        let message = "this is no descriptor set";
        let found = Diagnostic::error("M0040", message, Span::None);
        let help = "build one with `protoc --include_imports --include_source_info --descriptor_set_out=…` \
            or `buf build -o …`";
        set.loaded.found.push(found.help(help));
        return set;
    };
    let mut order = Vec::new();
    for bytes in encoded {
        order.extend(set.file(bytes));
    }
    set.missing_imports();
    set.loaded.roots = match files {
        Some(files) => files.to_vec(),
        None => order
            .into_iter()
            .filter(|name| !builtin::is_builtin(name))
            .collect(),
    };
    set.loaded.roots.sort();
    set.loaded.roots.dedup();
    for root in &set.loaded.roots {
        if !set.loaded.files.contains_key(root) && !set.loaded.broken.contains(root) {
            let message = format!("no file `{root}` in the descriptor set");
            set.loaded
                .found
                .push(Diagnostic::error("M0010", message, Span::None));
        }
    }
    set
}

impl Set {
    /// Adds a file; returns its name.
    fn file(&mut self, bytes: &[u8]) -> Option<String> {
        let original = match FileDescriptorProto::decode(bytes) {
            Ok(file) => file,
            Err(error) => {
                let message = format!("a file of the descriptor set cannot be decoded: {error}");
                let found = Diagnostic::error("M0040", message, Span::None);
                self.loaded.found.push(found);
                return None;
            }
        };
        let name = original.name().to_owned();
        if name.is_empty() {
            let message = "a file of the descriptor set has no name";
            let found = Diagnostic::error("M0041", message, Span::None);
            self.loaded.found.push(found);
            return None;
        }
        if self.loaded.files.contains_key(&name) || self.loaded.broken.contains(&name) {
            let message = "the descriptor set has two files of this name";
            let found = Diagnostic::error("M0042", message, Span::file(&*name));
            self.loaded.found.push(found);
            return None;
        }
        let decoded = decoded(&name, bytes);
        match decoded {
            Ok((bytes, proto)) => {
                self.encoded.insert(name.clone(), bytes);
                self.loaded.files.insert(name.clone(), proto);
            }
            Err(found) => {
                self.loaded.found.push(*found);
                self.loaded.broken.insert(name.clone());
            }
        }
        Some(name)
    }

    /// Takes the built-in files for imports that the set lacks, and reports what is still missing.
    fn missing_imports(&mut self) {
        let mut queue: Vec<String> = self.loaded.files.keys().cloned().collect();
        while let Some(name) = queue.pop() {
            let Some(proto) = self.loaded.files.get(&name).cloned() else {
                continue;
            };
            for import in &proto.dependency {
                let known = &self.loaded;
                if known.files.contains_key(import) || known.broken.contains(import) {
                    continue;
                }
                match builtin::find(import).and_then(builtin::parsed) {
                    Some((builtin, text)) => {
                        self.loaded.files.insert(import.clone(), builtin);
                        if let Some(text) = text {
                            self.loaded.texts.insert(import.clone(), text);
                        }
                        queue.push(import.clone());
                    }
                    None => {
                        let message = format!("import `{import}` is not in the descriptor set");
                        let found = Diagnostic::error("M0011", message, Span::file(&*name));
                        self.loaded
                            .found
                            .push(found.help(
                                "build the set with its imports: `protoc --include_imports`",
                            ));
                        self.loaded.broken.insert(name.clone());
                    }
                }
            }
        }
    }
}

/// A file with its editions lowered, as bytes and decoded.
fn decoded(name: &str, bytes: &[u8]) -> Result<(Vec<u8>, FileDescriptorProto), Box<Diagnostic>> {
    let lowered = catch_unwind(|| editions::lower(bytes));
    let lowered = lowered.unwrap_or_else(|_| Err("lowering it failed".to_owned()));
    let mut bytes = lowered.map_err(|why| {
        let message = format!("this file uses an edition in a way that is not supported: {why}");
        let help = "set `features.field_presence = EXPLICIT`, or start the enum at 0";
        Diagnostic::error("M0302", message, Span::file(name)).help(help)
    })?;
    let undecoded = |_| crate::internal(name, "the lowering of editions");
    let mut proto = FileDescriptorProto::decode(&*bytes).map_err(undecoded)?;
    // The libraries take an empty name for one, and not for none.
    for (number, text) in [
        (wire::PACKAGE, &mut proto.package),
        (wire::SYNTAX, &mut proto.syntax),
    ] {
        if text.take_if(|text| text.is_empty()).is_some() {
            bytes = wire::without(&bytes, number);
        }
    }
    match wellformed::check(&proto) {
        Err(what) => Err(Box::new(Diagnostic::error("M0041", what, Span::file(name)))),
        Ok(()) => Ok((bytes, proto)),
    }
}
