//! Links the parsed files into one pool, each by itself, so that every file with an error is heard.
//! It refuses to touch what imports a broken file: its errors would only echo.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::{
    builtin::{self, DESCRIPTOR},
    extension_numbers::ExtensionNumbers,
    floats, link_errors,
    load::Loaded,
    option_places, scopes, symbols, wire,
};

/// A pool of all files, and the same encoded.
pub(crate) struct Linked {
    pub(crate) pool: DescriptorPool,
    pub(crate) descriptor_set: Vec<u8>,
}

/// Links the files in `order`, in which each comes after its imports.
/// Of those that are in `encoded`, it takes the bytes: they hold options that the decoded ones have lost.
pub(crate) fn link(
    loaded: &mut Loaded,
    order: &[String],
    encoded: &BTreeMap<String, Vec<u8>>,
) -> Linked {
    let mut pool = DescriptorPool::new();
    if let Some(options) = hidden_options(loaded) {
        // It is one of ours: if it could not be added, the library would go on with its own.
        let _ = pool.add_file_descriptor_proto(options);
    }
    let mut descriptor_set = Vec::new();
    let mut done: Vec<&String> = Vec::new();
    let mut numbers = ExtensionNumbers::default();
    for name in order {
        let Some(proto) = loaded.files.get(name) else {
            continue;
        };
        let imports = &proto.dependency;
        if loaded.broken.contains(name)
            || imports
                .iter()
                .any(|import| !loaded.files.contains_key(import) || loaded.broken.contains(import))
        {
            loaded.broken.insert(name.clone());
            continue;
        }
        let hidden = hidden_imports(loaded, proto);
        if !encoded.contains_key(name) {
            let taken = numbers.add(&pool, loaded, proto, &hidden);
            if !taken.is_empty() {
                loaded.found.extend(taken);
                loaded.broken.insert(name.clone());
                continue;
            }
        }
        let has_extensions =
            !proto.extension.is_empty() || proto.message_type.iter().any(has_extensions);
        let file = match encoded.get(name) {
            Some(bytes) => {
                let mut bytes = wire::without(bytes, wire::PUBLIC_DEPENDENCY);
                wire::push_imports(&mut bytes, &hidden);
                File::Encoded(bytes)
            }
            None => {
                let mut linked = proto.clone();
                linked.dependency.extend(hidden.iter().cloned());
                linked.public_dependency.clear();
                File::Decoded(Box::new(linked))
            }
        };
        let mut added = match with_numbers(loaded, &pool, &file) {
            Some(other) => {
                pool = other;
                Some(Ok(()))
            }
            None => add(&mut pool, &file),
        };
        if added.is_none() {
            // A file that could not be added may have left the pool half changed: what is good goes into a new one.
            pool = again(&pool, &done);
            added = add(&mut pool, &file);
        }
        if let (Some(Err(_)), File::Decoded(file)) = (&added, &file)
            && let Some(other) = with_names(loaded, &pool, &done, file)
        {
            pool = other;
            added = Some(Ok(()));
        }
        match added {
            Some(Ok(())) => {
                if let Some(file) = pool.get_file_by_name(name) {
                    let encoded = file.encode_to_vec();
                    let mut encoded = wire::without_last_imports(&encoded, hidden.len());
                    wire::push_public_imports(&mut encoded, &proto.public_dependency);
                    wire::push_file(&mut descriptor_set, &encoded);
                    done.push(name);
                }
                // The pool has them, too; of a large IDL they are most of the memory.
                if let Some(proto) = loaded.files.get_mut(name) {
                    proto.source_code_info = None;
                }
            }
            Some(Err(error)) => {
                let errors = link_errors::errors(loaded, &pool, name, error);
                loaded.found.extend(errors);
                loaded.broken.insert(name.clone());
                // The library takes a refused file out again, but not its extensions, and panics when it meets them.
                if has_extensions {
                    pool = again(&pool, &done);
                }
            }
            None => {
                loaded.found.push(crate::internal(name, "the linker"));
                loaded.broken.insert(name.clone());
                pool = again(&pool, &done);
            }
        }
    }
    Linked {
        pool,
        descriptor_set,
    }
}

fn has_extensions(message: &DescriptorProto) -> bool {
    !message.extension.is_empty() || message.nested_type.iter().any(has_extensions)
}

/// A file as it is added: one of another compiler as bytes, which hold options that a decoded one has lost.
enum File {
    Decoded(Box<FileDescriptorProto>),
    Encoded(Vec<u8>),
}

/// Adds a file; `None` if the library panics.
fn add(pool: &mut DescriptorPool, file: &File) -> Option<Result<(), DescriptorError>> {
    let added = catch_unwind(AssertUnwindSafe(|| match file {
        File::Decoded(file) => option_places::add(pool, (**file).clone()),
        File::Encoded(bytes) => pool.decode_file_descriptor_proto(&**bytes),
    }));
    added.ok()
}

/// A new pool with the files of another that are good.
fn again(pool: &DescriptorPool, done: &[&String]) -> DescriptorPool {
    let mut files = vec![DESCRIPTOR];
    files.extend(done.iter().map(|name| name.as_str()));
    with_files(pool, files)
}

fn with_files<'n>(
    pool: &DescriptorPool,
    names: impl IntoIterator<Item = &'n str>,
) -> DescriptorPool {
    let mut new = DescriptorPool::new();
    for name in names {
        let file = pool.get_file_by_name(name);
        if let Some(file) = file.filter(|_| new.get_file_by_name(name).is_none()) {
            // They were added before, so they can be again.
            let _ = add(&mut new, &File::Encoded(file.encode_to_vec()));
        }
    }
    new
}

/// The pool with the file, if it has `inf` or `nan` in options that are floats: to the library they are names of enum
/// values.
fn with_numbers(loaded: &Loaded, pool: &DescriptorPool, file: &File) -> Option<DescriptorPool> {
    let File::Decoded(file) = file else {
        return None;
    };
    let text = &loaded.texts.get(file.name())?.text;
    if !text.contains("inf") && !text.contains("nan") {
        return None;
    }
    let file = floats::numbers_for_words(file)?;
    let mut pool = pool.clone();
    add(&mut pool, &File::Decoded(Box::new(file)))?.ok()?;
    Some(pool)
}

/// The pool with the file, if it only fails for names that the library looks for in the wrong place: it takes the
/// package of any file for a scope, imported or not, and knows extensions in values of options by their full names
/// alone. It is tried among nothing but its imports, for a pool that has refused a file is not always what it was.
fn with_names(
    loaded: &Loaded,
    pool: &DescriptorPool,
    done: &[&String],
    file: &FileDescriptorProto,
) -> Option<DescriptorPool> {
    let imports = file.dependency.iter();
    let imports = imports.filter_map(|name| loaded.files.get(name));
    let mut absolute = file.clone();
    if !scopes::make_absolute(&mut absolute, imports) {
        return None;
    }
    let mut names: BTreeSet<String> = BTreeSet::from([DESCRIPTOR.to_owned()]);
    let mut queue: Vec<String> = file.dependency.clone();
    while let Some(name) = queue.pop() {
        let import = pool.get_file_by_name(&name)?;
        if names.insert(name) {
            queue.extend(import.dependencies().map(|one| one.name().to_owned()));
        }
    }
    // In the order of the pool, imports come first.
    let files = pool.files().filter(|one| names.contains(one.name()));
    let files: Vec<String> = files.map(|one| one.name().to_owned()).collect();
    let mut small = with_files(pool, files.iter().map(String::as_str));
    let file = floats::numbers_for_words(&absolute).unwrap_or(absolute);
    add(&mut small, &File::Decoded(Box::new(file.clone())))?.ok()?;
    let mut pool = again(pool, done);
    add(&mut pool, &File::Decoded(Box::new(file)))?.ok()?;
    Some(pool)
}

/// What declares the options of files none of which imports it. Left to itself, the library would take its own
/// declarations, which are older. A set with a file of these names is left alone: they would clash.
fn hidden_options(loaded: &Loaded) -> Option<FileDescriptorProto> {
    if loaded.files.contains_key(DESCRIPTOR) {
        return None;
    }
    let options = builtin::options()?;
    let types = options.message_type.iter().map(|message| message.name());
    let types = types.chain(options.enum_type.iter().map(|one| one.name()));
    let types: Vec<_> = types
        .map(|name| symbols::join(options.package(), name))
        .collect();
    let clashes = |file: &FileDescriptorProto| match file.package() {
        "" => symbols::find(file, "google").is_some(),
        "google" => symbols::find(file, "google.protobuf").is_some(),
        package if package.starts_with("google.protobuf") => {
            types.iter().any(|name| symbols::find(file, name).is_some())
        }
        _ => false,
    };
    (!loaded.files.values().any(clashes)).then(|| options.clone())
}

/// What a file sees through `import public`. The library follows one step of a chain, and in a lattice takes
/// exponential time, so it is shown no public import at all: what they lead to is imported instead.
fn hidden_imports(loaded: &Loaded, proto: &FileDescriptorProto) -> Vec<String> {
    let public = |name: &str| {
        let file = loaded.files.get(name);
        let indexes = file.into_iter().flat_map(|file| {
            let indexes = file.public_dependency.iter();
            indexes.filter_map(|&index| file.dependency.get(usize::try_from(index).ok()?))
        });
        indexes.cloned().collect::<Vec<String>>()
    };
    let mut seen: BTreeSet<String> = proto.dependency.iter().cloned().collect();
    let mut hidden: Vec<String> = proto.dependency.iter().flat_map(|i| public(i)).collect();
    hidden.retain(|name| seen.insert(name.clone()));
    let mut next = 0;
    while let Some(name) = hidden.get(next) {
        let mut more = public(name);
        more.retain(|name| seen.insert(name.clone()));
        hidden.extend(more);
        next += 1;
    }
    hidden
}
