//! Links the parsed files into one pool, each by itself, so that every file with an error is heard.
//! It refuses to touch what imports a broken file: its errors would only echo.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use crate::{
    builtin::{self, DESCRIPTOR},
    link_errors,
    load::Loaded,
    option_numbers::OptionNumbers,
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
    let mut numbers = OptionNumbers::default();
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
        if !encoded.contains_key(name) {
            let taken = numbers.add(&pool, loaded, proto);
            if !taken.is_empty() {
                loaded.found.extend(taken);
                loaded.broken.insert(name.clone());
                continue;
            }
        }
        let hidden = hidden_imports(loaded, proto);
        let added = catch_unwind(AssertUnwindSafe(|| match encoded.get(name) {
            Some(bytes) => {
                let mut bytes = wire::without(bytes, wire::PUBLIC_DEPENDENCY);
                wire::push_imports(&mut bytes, &hidden);
                pool.decode_file_descriptor_proto(&*bytes)
            }
            None => {
                let shown = || {
                    let mut shown = proto.clone();
                    shown.dependency.extend(hidden.iter().cloned());
                    shown.public_dependency.clear();
                    shown
                };
                option_places::add(&mut pool, shown()).or_else(|error| {
                    // What the library finds is right; what it does not find may be there.
                    let imports = proto.dependency.iter().chain(&hidden);
                    let imports = imports.filter_map(|name| loaded.files.get(name));
                    let mut shown = shown();
                    match scopes::make_absolute(&mut shown, imports) {
                        true => option_places::add(&mut pool, shown).map_err(|_| error),
                        false => Err(error),
                    }
                })
            }
        }));
        match added {
            Ok(Ok(())) => {
                if let Some(file) = pool.get_file_by_name(name) {
                    let encoded = file.encode_to_vec();
                    let mut encoded = wire::without_last_imports(&encoded, hidden.len());
                    wire::push_public_imports(&mut encoded, &proto.public_dependency);
                    wire::push_file(&mut descriptor_set, &encoded);
                }
                // The pool has them, too; of a large IDL they are most of the memory.
                if let Some(proto) = loaded.files.get_mut(name) {
                    proto.source_code_info = None;
                }
            }
            Ok(Err(error)) => {
                let errors = link_errors::errors(loaded, &pool, name, error);
                loaded.found.extend(errors);
                loaded.broken.insert(name.clone());
            }
            Err(_) => {
                loaded.found.push(crate::internal(name, "the linker"));
                loaded.broken.insert(name.clone());
                // A pool that panicked may be left half changed: nothing is read from it any more.
                pool = DescriptorPool::new();
                break;
            }
        }
    }
    Linked {
        pool,
        descriptor_set,
    }
}

/// What declares the options of files none of which imports it. Left to itself, the library would take its own
/// declarations, which are older. A set with a file of these names is left alone: they would clash.
fn hidden_options(loaded: &Loaded) -> Option<FileDescriptorProto> {
    if loaded.files.contains_key(DESCRIPTOR) {
        return None;
    }
    let (options, _) = builtin::parsed(builtin::find(DESCRIPTOR)?)?;
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
    (!loaded.files.values().any(clashes)).then_some(options)
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
