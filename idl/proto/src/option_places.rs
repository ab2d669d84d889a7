//! Moves the places of options from their order in the text, where the parser puts them, to the numbers that the linker
//! finds for them. The linker does so itself, but looks at every place of a file for each of its options.
//! It refuses to check options: the linker has.

use std::collections::{HashMap, HashSet};

use prost::Message as _;
use prost_reflect::{
    DescriptorError, DescriptorPool, ExtensionDescriptor, FileDescriptor, Kind, MessageDescriptor,
};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto, SourceCodeInfo, UninterpretedOption,
};

use crate::{
    builtin::DESCRIPTOR,
    symbols::{join, to_i32},
    tag::{self, option::UNINTERPRETED},
    wire,
};

/// How many pairs of an option and a place the linker may look at: a fraction of a second.
const MOST_PAIRS: usize = 1 << 26;

/// Adds a file to the pool, whichever way is faster.
///
/// # Errors
/// Those of the linker, with places.
pub(crate) fn add(
    pool: &mut DescriptorPool,
    file: FileDescriptorProto,
) -> Result<(), DescriptorError> {
    let places = file
        .source_code_info
        .as_ref()
        .map_or(0, |info| info.location.len());
    let mut options = 0_usize;
    walk(&file, &mut |element| options += element.options.len());
    if options.saturating_mul(places) <= MOST_PAIRS {
        return pool.add_file_descriptor_proto(file);
    }
    match without_places(pool, &file) {
        Some(encoded) => pool.decode_file_descriptor_proto(&*encoded),
        // Only with them the errors have places; there are no options to be moved then.
        None => pool.add_file_descriptor_proto(file),
    }
}

/// Links the file beside the pool and without its places, and puts those in afterwards: a file whose options are
/// resolved, encoded. `None` if something is wrong with it.
fn without_places(pool: &DescriptorPool, file: &FileDescriptorProto) -> Option<Vec<u8>> {
    let mut beside = DescriptorPool::new();
    for import in imports(pool, file) {
        let mut import = import.file_descriptor_proto().clone();
        import.source_code_info = None;
        beside.add_file_descriptor_proto(import).ok()?;
    }
    let mut bare = file.clone();
    let places = bare.source_code_info.take()?;
    beside.add_file_descriptor_proto(bare).ok()?;
    let linked = beside.get_file_by_name(file.name())?;
    let places = moved(&beside, file, places).encode_to_vec();
    Some(wire::with_places(&linked.encode_to_vec(), &places))
}

/// What the file imports, and what those import, in the order of the pool; and what declares options.
fn imports(pool: &DescriptorPool, file: &FileDescriptorProto) -> Vec<FileDescriptor> {
    let mut names: HashSet<String> = HashSet::new();
    let mut open: Vec<String> = file.dependency.clone();
    open.push(DESCRIPTOR.to_owned());
    while let Some(name) = open.pop() {
        if let Some(import) = pool.get_file_by_name(&name)
            && names.insert(name)
        {
            open.extend(import.dependencies().map(|file| file.name().to_owned()));
        }
    }
    pool.files()
        .filter(|file| names.contains(file.name()))
        .collect()
}

/// `places` with those of options moved to where `pool`, in which `file` is linked, has the options.
fn moved(
    pool: &DescriptorPool,
    file: &FileDescriptorProto,
    mut places: SourceCodeInfo,
) -> SourceCodeInfo {
    let mut moves: HashMap<Vec<i32>, Vec<i32>> = HashMap::new();
    walk(file, &mut |element| {
        // How many values each list has so far.
        let mut lengths = HashMap::new();
        for (index, option) in element.options.iter().enumerate() {
            if let Some(to) = resolved(pool, element, option, &mut lengths) {
                let from = [UNINTERPRETED, to_i32(index)];
                moves.insert([&*element.path, &from].concat(), to);
            }
        }
    });
    for place in &mut places.location {
        let parts = place.path.iter().enumerate();
        let marks = parts.filter(|(_, part)| **part == UNINTERPRETED);
        let found = marks.map(|(at, _)| at + 2).find_map(|end| {
            let to = moves.get(place.path.get(..end)?)?;
            Some((end, to))
        });
        if let Some((end, to)) = found {
            place.path.splice(..end, to.iter().copied());
        }
    }
    places
}

/// Something that has options.
pub(crate) struct Element<'a> {
    /// The path of its options.
    path: Vec<i32>,
    /// The message that they are of.
    kind: &'static str,
    /// Where names of extensions are looked for first.
    scope: String,
    pub(crate) options: &'a [UninterpretedOption],
}

/// The path of an option by numbers.
fn resolved(
    pool: &DescriptorPool,
    element: &Element<'_>,
    option: &UninterpretedOption,
    lengths: &mut HashMap<Vec<i32>, i32>,
) -> Option<Vec<i32>> {
    let mut path = element.path.clone();
    let mut message = pool.get_message_by_name(element.kind)?;
    let (last, outer) = option.name.split_last()?;
    let mut step = |message: &MessageDescriptor, name: &str, is_extension| {
        let (number, kind, is_list) = if is_extension {
            let field = extension(pool, &element.scope, name, message)?;
            (field.number(), field.kind(), field.is_list())
        } else {
            let field = message.get_field_by_name(name)?;
            (field.number(), field.kind(), field.is_list())
        };
        path.push(i32::try_from(number).ok()?);
        Some((kind, is_list))
    };
    for part in outer {
        match step(&message, &part.name_part, part.is_extension)? {
            (Kind::Message(inner), _) => message = inner,
            _ => return None,
        }
    }
    let (_, is_list) = step(&message, &last.name_part, last.is_extension)?;
    if is_list {
        let length = lengths.entry(path.clone()).or_default();
        path.push(*length);
        *length += 1;
    }
    Some(path)
}

/// The extension of `message` that `name` is, seen from `scope`: the innermost of that name.
fn extension(
    pool: &DescriptorPool,
    scope: &str,
    name: &str,
    message: &MessageDescriptor,
) -> Option<ExtensionDescriptor> {
    let find = |name: &str| {
        let found = pool.get_extension_by_name(name)?;
        (found.containing_message() == *message).then_some(found)
    };
    if let Some(name) = name.strip_prefix('.') {
        return find(name);
    }
    let mut scope = scope;
    loop {
        match find(&join(scope, name)) {
            None if !scope.is_empty() => {
                scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer)
            }
            found => return found,
        }
    }
}

/// Calls `visit` for everything that can have options.
pub(crate) fn walk<'a>(file: &'a FileDescriptorProto, visit: &mut dyn FnMut(&Element<'a>)) {
    let package = file.package();
    let options = file.options.as_ref();
    visit(&Element {
        path: vec![tag::file::OPTIONS],
        kind: "google.protobuf.FileOptions",
        scope: package.to_owned(),
        options: options.map_or(&[], |options| &options.uninterpreted_option),
    });
    for (index, one) in file.message_type.iter().enumerate() {
        message(one, package, &[tag::file::MESSAGE, to_i32(index)], visit);
    }
    for (index, one) in file.enum_type.iter().enumerate() {
        enumeration(one, package, &[tag::file::ENUM, to_i32(index)], visit);
    }
    for (index, one) in file.service.iter().enumerate() {
        service(one, package, &[tag::file::SERVICE, to_i32(index)], visit);
    }
    for (index, one) in file.extension.iter().enumerate() {
        field(one, package, &[tag::file::EXTENSION, to_i32(index)], visit);
    }
}

fn message<'a>(
    message: &'a DescriptorProto,
    scope: &str,
    path: &[i32],
    visit: &mut dyn FnMut(&Element<'a>),
) {
    let scope = &join(scope, message.name());
    let options = message.options.as_ref();
    visit(&Element {
        path: [path, &[tag::message::OPTIONS]].concat(),
        kind: "google.protobuf.MessageOptions",
        scope: scope.clone(),
        options: options.map_or(&[], |options| &options.uninterpreted_option),
    });
    let at = |tag: i32, index: usize| [path, &[tag, to_i32(index)]].concat();
    for (index, one) in message.field.iter().enumerate() {
        field(one, scope, &at(tag::message::FIELD, index), visit);
    }
    for (index, one) in message.extension.iter().enumerate() {
        field(one, scope, &at(tag::message::EXTENSION, index), visit);
    }
    for (index, one) in message.oneof_decl.iter().enumerate() {
        let options = one.options.as_ref();
        visit(&Element {
            path: [&*at(tag::message::ONEOF, index), &[tag::oneof::OPTIONS]].concat(),
            kind: "google.protobuf.OneofOptions",
            scope: join(scope, one.name()),
            options: options.map_or(&[], |options| &options.uninterpreted_option),
        });
    }
    for (index, one) in message.extension_range.iter().enumerate() {
        let options = one.options.as_ref();
        let path = at(tag::message::EXTENSION_RANGE, index);
        visit(&Element {
            path: [&*path, &[tag::message::EXTENSION_RANGE_OPTIONS]].concat(),
            kind: "google.protobuf.ExtensionRangeOptions",
            scope: scope.clone(),
            options: options.map_or(&[], |options| &options.uninterpreted_option),
        });
    }
    for (index, one) in message.nested_type.iter().enumerate() {
        self::message(one, scope, &at(tag::message::NESTED, index), visit);
    }
    for (index, one) in message.enum_type.iter().enumerate() {
        enumeration(one, scope, &at(tag::message::ENUM, index), visit);
    }
}

fn field<'a>(
    field: &'a FieldDescriptorProto,
    scope: &str,
    path: &[i32],
    visit: &mut dyn FnMut(&Element<'a>),
) {
    let options = field.options.as_ref();
    visit(&Element {
        path: [path, &[tag::field::OPTIONS]].concat(),
        kind: "google.protobuf.FieldOptions",
        scope: join(scope, field.name()),
        options: options.map_or(&[], |options| &options.uninterpreted_option),
    });
}

fn enumeration<'a>(
    one: &'a EnumDescriptorProto,
    scope: &str,
    path: &[i32],
    visit: &mut dyn FnMut(&Element<'a>),
) {
    let options = one.options.as_ref();
    visit(&Element {
        path: [path, &[tag::enumeration::OPTIONS]].concat(),
        kind: "google.protobuf.EnumOptions",
        scope: join(scope, one.name()),
        options: options.map_or(&[], |options| &options.uninterpreted_option),
    });
    for (index, value) in one.value.iter().enumerate() {
        let options = value.options.as_ref();
        let value_path = [
            tag::enumeration::VALUE,
            to_i32(index),
            tag::enumeration::VALUE_OPTIONS,
        ];
        visit(&Element {
            path: [path, &value_path].concat(),
            kind: "google.protobuf.EnumValueOptions",
            scope: join(scope, value.name()),
            options: options.map_or(&[], |options| &options.uninterpreted_option),
        });
    }
}

fn service<'a>(
    service: &'a ServiceDescriptorProto,
    scope: &str,
    path: &[i32],
    visit: &mut dyn FnMut(&Element<'a>),
) {
    let scope = &join(scope, service.name());
    let options = service.options.as_ref();
    visit(&Element {
        path: [path, &[tag::service::OPTIONS]].concat(),
        kind: "google.protobuf.ServiceOptions",
        scope: scope.clone(),
        options: options.map_or(&[], |options| &options.uninterpreted_option),
    });
    for (index, method) in service.method.iter().enumerate() {
        let options = method.options.as_ref();
        let method_path = [tag::service::METHOD, to_i32(index), tag::method::OPTIONS];
        visit(&Element {
            path: [path, &method_path].concat(),
            kind: "google.protobuf.MethodOptions",
            scope: join(scope, method.name()),
            options: options.map_or(&[], |options| &options.uninterpreted_option),
        });
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::ReflectMessage as _;

    use super::*;

    /// Options of every kind of declaration, lists, messages by parts, and names that are extensions seen from inside.
    const TEXT: &str = r#"
        syntax = "proto2";
        package a.b;
        import "google/protobuf/descriptor.proto";
        message R { repeated int32 list = 1; optional R in = 2; extensions 5; }
        extend R { optional R more = 5; }
        extend google.protobuf.FileOptions { optional R file = 50001; repeated string files = 50002; }
        extend google.protobuf.MessageOptions { optional R message = 50001; }
        extend google.protobuf.FieldOptions { repeated R fields = 50001; optional int32 field = 50004; }
        extend google.protobuf.OneofOptions { optional bool oneof = 50001; }
        extend google.protobuf.ExtensionRangeOptions { optional bool range = 50001; }
        extend google.protobuf.EnumOptions { optional bool enum = 50001; }
        extend google.protobuf.EnumValueOptions { repeated bool value = 50001; }
        extend google.protobuf.ServiceOptions { optional bool service = 50001; }
        extend google.protobuf.MethodOptions { optional bool method = 50001; }
        option java_package = "x";
        option (file).list = 1;
        option (file).list = 2;
        option (file).in.in.list = 3;
        option (b.file).(more).in.list = 4;
        option (.a.b.files) = "one";
        option (a.b.files) = "two";
        message M {
            option deprecated = true;
            option (message) = { list: [1, 2] };
            extend google.protobuf.FieldOptions { optional int32 inner = 50003; }
            optional int32 f = 999 [deprecated = true, (fields) = {}, (fields) = { list: 1 }, (inner) = 1];
            optional int32 g = 1 [(field) = 1, default = 7, json_name = "h"];
            oneof o { option (oneof) = true; int32 i = 2; }
            extensions 1000 to 1001 [(range) = true];
            message N { optional int32 j = 1 [(inner) = 2]; enum F { A = 0 [(value) = true, (value) = false]; } }
        }
        extend M { optional int32 e = 1000 [(field) = 3]; }
        enum E { option (enum) = true; B = 0 [deprecated = true]; }
        service S {
            option (service) = true;
            rpc C(M) returns (M) { option (method) = true; option idempotency_level = IDEMPOTENT; }
        }
    "#;

    #[test]
    fn places_are_moved_to_where_the_linker_moves_them() {
        let file = protox::file::File::from_source("a.proto", TEXT).expect("it parses");
        let file = FileDescriptorProto::from(file);
        let descriptor = FileDescriptorProto::default().descriptor().parent_file();
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_proto(descriptor.file_descriptor_proto().clone())
            .expect("the declarations of options");
        let mut whole = pool.clone();
        whole
            .add_file_descriptor_proto(file.clone())
            .expect("nothing is wrong");
        let beside = without_places(&pool, &file).expect("nothing is wrong");
        let linked = whole.get_file_by_name("a.proto").expect("the file");
        let ours = FileDescriptorProto::decode(&*beside).expect("a file");
        assert_eq!(&ours, linked.file_descriptor_proto());
        assert_eq!(beside, linked.encode_to_vec(), "custom options");
        let places = ours.source_code_info.expect("places").location;
        let is_left = |path: &[i32]| {
            path.windows(2)
                .any(|two| two[0] != 2 && two[1] == UNINTERPRETED)
        };
        assert!(!places.iter().any(|place| is_left(&place.path)));
    }
}
