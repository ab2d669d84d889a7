//! Files larger than anyone writes by hand: they are made here, since nobody would read them in a repository.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::fmt::Write as _;

use common::Folder;
use sinew_idl_proto::compile;

#[test]
fn a_service_of_five_hundred_rpcs() {
    let mut text = String::from("syntax = \"proto3\";\npackage big;\nmessage M {}\nservice S {\n");
    for index in 0..500 {
        let _ = writeln!(
            text,
            "  // Number {index}.\n  rpc Call{index}(M) returns (M);"
        );
    }
    text.push_str("}\n");
    let folder = Folder::with(&[("a.proto", text.as_bytes())]);
    let compiled = compile(&folder.sources(&["a.proto"])).expect("a good file");
    let methods = &compiled.schema.services[0].methods;
    assert_eq!(methods.len(), 500);
    assert_eq!(methods[499].name.rust, "call499");
    assert_eq!(methods[499].docs.lines(), ["Number 499."]);
}

#[test]
fn four_megabytes_with_options_and_comments() {
    let mut text = String::from(
        "syntax = \"proto3\";\npackage big;\nimport \"google/api/field_behavior.proto\";\n",
    );
    let mut messages = 0;
    while text.len() < 4 << 20 {
        let _ = writeln!(
            text,
            "// Message number {messages}, é.\nmessage Message{messages} {{"
        );
        for field in 1..=400 {
            let _ = writeln!(
                text,
                "  // A comment that makes the file longer without making it any harder to read.\n  \
                 string field_{field} = {field};"
            );
        }
        let _ = writeln!(
            text,
            "  string last = 401 [(google.api.field_behavior) = REQUIRED];\n}}"
        );
        messages += 1;
    }
    let folder = Folder::with(&[("a.proto", text.as_bytes())]);
    let compiled = compile(&folder.sources(&["a.proto"])).expect("a good file");
    let file = compiled.pool.get_file_by_name("a.proto").expect("the file");
    assert_eq!(file.messages().len(), messages);
    assert!(compiled.descriptor_set.len() > 1 << 20);
}

/// The linker alone would take minutes: it looks at every place for every option.
#[test]
fn an_option_on_every_field_of_a_large_file() {
    const FIELDS: usize = 16_000;
    let mut text = String::from("syntax = \"proto3\";\npackage big;\nmessage M {\n");
    for field in 1..=FIELDS {
        let _ = writeln!(
            text,
            "  repeated int32 f{field} = {field} [packed = false];"
        );
    }
    text.push_str("}\n");
    let folder = Folder::with(&[("a.proto", text.as_bytes())]);
    let compiled = compile(&folder.sources(&["a.proto"])).expect("a good file");
    let message = compiled.pool.get_message_by_name("big.M").expect("it");
    assert!(message.fields().all(|field| !field.is_packed()));
    let file = message.parent_file();
    let places = file.file_descriptor_proto().source_code_info.as_ref();
    let places = places.map(|info| &info.location).expect("places");
    let options = places
        .iter()
        .filter(|place| matches!(*place.path, [4, 0, 2, _, 8, 2]));
    assert_eq!(options.count(), FIELDS);
}

#[test]
fn a_chain_of_imports_longer_than_any_stack_would_like() {
    const LENGTH: usize = 3000;
    let files: Vec<(String, String)> = (0..LENGTH)
        .map(|index| {
            let next = (index + 1) % LENGTH;
            let import = match next {
                0 => String::new(),
                _ => format!("import \"f{next}.proto\";\n"),
            };
            let text = format!("syntax = \"proto3\";\n{import}message M{index} {{}}\n");
            (format!("f{index}.proto"), text)
        })
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let folder = Folder::with(&files);
    let compiled = compile(&folder.sources(&["f0.proto"])).expect("good files");
    // One more declares the options.
    assert_eq!(compiled.pool.files().len(), LENGTH + 1);
    assert_eq!(compiled.read_files.len(), LENGTH);
}

#[test]
fn a_lattice_of_public_imports_has_no_end_of_ways_through_it() {
    const LAYERS: usize = 60;
    let mut files = vec![(
        "main.proto".to_owned(),
        format!(
            "syntax = \"proto3\"; import \"a0.proto\"; message Main {{ A{} a = 1; }}",
            LAYERS - 1
        ),
    )];
    for layer in 0..LAYERS {
        for side in ["a", "b"] {
            let next = layer + 1;
            let imports = match next {
                LAYERS => String::new(),
                _ => format!("import public \"a{next}.proto\"; import public \"b{next}.proto\";"),
            };
            let name = side.to_uppercase();
            let text = format!("syntax = \"proto3\"; {imports} message {name}{layer} {{}}");
            files.push((format!("{side}{layer}.proto"), text));
        }
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let folder = Folder::with(&files);
    let compiled = compile(&folder.sources(&["main.proto"])).expect("good files");
    // One more declares the options.
    assert_eq!(compiled.pool.files().len(), 2 * LAYERS + 1);
}
