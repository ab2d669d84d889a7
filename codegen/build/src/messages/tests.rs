use prost_types::{
    EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, SourceCodeInfo,
    field_descriptor_proto::{Label, Type},
    source_code_info::Location,
};

use super::*;

fn file(name: &str, package: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some(package.to_owned()),
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    }
}

fn message(name: &str, fields: &[(&str, &str)]) -> DescriptorProto {
    let field = |(number, (name, ty)): (i32, &(&str, &str))| FieldDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::Message.into()),
        type_name: Some((*ty).to_owned()),
        ..FieldDescriptorProto::default()
    };
    DescriptorProto {
        name: Some(name.to_owned()),
        field: (1..).zip(fields).map(field).collect(),
        ..DescriptorProto::default()
    }
}

fn enumeration(name: &str, values: &[&str]) -> EnumDescriptorProto {
    let value = |(number, name): (i32, &&str)| EnumValueDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    };
    EnumDescriptorProto {
        name: Some(name.to_owned()),
        value: (0..).zip(values).map(value).collect(),
        ..EnumDescriptorProto::default()
    }
}

fn run(files: Vec<FileDescriptorProto>, roots: &[&str]) -> Result<Modules, Vec<Diagnostic>> {
    let roots = roots.iter().map(|&root| root.to_owned()).collect();
    generate(
        prost_build::Config::new(),
        files,
        &roots,
        Vec::new(),
        Emit::default(),
    )
}

/// What the front end never lets through, so that only a hand-made descriptor shows what would happen.
#[test]
fn a_panic_of_the_back_end_names_the_file() {
    let mut bad = file("b.proto", "p");
    bad.enum_type.push(enumeration("E", &["A_B", "AB_", "a_b"]));
    let mut fine = file("a.proto", "p");
    fine.message_type.push(message("Fine", &[]));
    let files = vec![bad, file("c.proto", "p"), fine];
    let found = run(files, &["a.proto", "b.proto", "c.proto"]).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, "M0401");
    assert!(
        matches!(&found[0].span, Span::Idl { file, .. } if &**file == "b.proto"),
        "{found:?}"
    );
    assert!(
        found[0]
            .message
            .contains("gave up on this file: Generated enum variant"),
        "{found:?}"
    );
}

#[test]
fn places_that_a_compiler_left_out_are_no_panic_and_comments_survive() {
    let mut a = file("a.proto", "p");
    a.message_type = vec![message("Bare", &[]), message("Told", &[])];
    a.source_code_info = Some(SourceCodeInfo {
        location: vec![Location {
            path: vec![4, 1],
            leading_comments: Some(" Says\n ```\n code\n ```\n".to_owned()),
            ..Location::default()
        }],
    });
    let modules = run(vec![a], &["a.proto"]).unwrap();
    let code = &modules[&vec!["p".to_owned()]].code;
    let told: Vec<_> = code
        .lines()
        .filter(|line| line.starts_with("///"))
        .collect();
    assert_eq!(told, ["/// Says", "/// ```text", "/// code", "/// ```"]);
}

#[test]
fn imports_generate_what_is_used_and_no_more() {
    let mut root = file("root.proto", "root");
    root.message_type
        .push(message("Root", &[("near", ".near.Near.Inner")]));
    let mut near = file("near.proto", "near");
    let mut outer = message("Near", &[("far", ".far.Far")]);
    outer.nested_type.push(message("Inner", &[]));
    near.message_type.push(outer);
    let mut far = file("far.proto", "far");
    far.message_type.push(message("Far", &[]));
    let mut unused = file("unused.proto", "unused");
    unused
        .message_type
        .push(message("Unused", &[("root", ".root.Root")]));
    let modules = run(vec![unused, far, root, near], &["root.proto"]).unwrap();
    assert_eq!(
        modules
            .keys()
            .map(|path| path.join("."))
            .collect::<Vec<_>>(),
        ["far", "near", "root"]
    );
}
