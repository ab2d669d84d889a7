//! What is found by which question, and conversations over both versions.

use bytes::Bytes;
use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

use super::*;
use crate::call::{Method, MethodSpec};
use crate::client::Channel;
use crate::server::{Dispatch, Handling, Server, ServerCall, Skeleton};
use v1::ExtensionRequest;

type Info = Method<ServerReflectionRequest, ServerReflectionResponse>;

const BOTH: [&Info; 2] = [
    &v1::server_reflection::SERVER_REFLECTION_INFO,
    &v1alpha::server_reflection::SERVER_REFLECTION_INFO,
];

fn named<T: Default>(name: &str, set: impl FnOnce(&mut T, Option<String>)) -> T {
    let mut one = T::default();
    set(&mut one, Some(name.to_owned()));
    one
}

fn field(name: &str, number: i32, extendee: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        extendee: extendee.map(str::to_owned),
        ..Default::default()
    }
}

fn enumeration(name: &str, value: &str) -> EnumDescriptorProto {
    EnumDescriptorProto {
        name: Some(name.to_owned()),
        value: vec![named(value, |v: &mut EnumValueDescriptorProto, n| {
            v.name = n;
        })],
        ..Default::default()
    }
}

fn file(name: &str, package: &str, imports: &[&str]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some(package.to_owned()),
        dependency: imports.iter().map(|name| (*name).to_owned()).collect(),
        ..Default::default()
    }
}

fn set(files: Vec<FileDescriptorProto>) -> &'static [u8] {
    FileDescriptorSet { file: files }.encode_to_vec().leak()
}

/// A package with one of everything, and a file without a package that imports it.
fn everything() -> Vec<FileDescriptorProto> {
    let nested = DescriptorProto {
        name: Some("In".to_owned()),
        field: vec![field("deep", 1, None)],
        enum_type: vec![enumeration("Kind", "NONE")],
        extension: vec![field("more", 102, Some(".a.b.Msg"))],
        ..Default::default()
    };
    let message = DescriptorProto {
        name: Some("Msg".to_owned()),
        field: vec![field("id", 1, None)],
        oneof_decl: vec![named("either", |o: &mut OneofDescriptorProto, n| {
            o.name = n;
        })],
        nested_type: vec![nested],
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Svc".to_owned()),
        method: vec![named("Do", |m: &mut MethodDescriptorProto, n| m.name = n)],
        ..Default::default()
    };
    let mut all = file("a/b.proto", "a.b", &[]);
    all.message_type = vec![message];
    all.enum_type = vec![enumeration("Color", "RED")];
    all.extension = vec![field("tag", 101, Some(".a.b.Msg"))];
    all.service = vec![service];
    let mut bare = file("bare.proto", "", &["a/b.proto"]);
    bare.message_type = vec![named("Bare", |m: &mut DescriptorProto, n| m.name = n)];
    bare.extension = vec![field("own", 7, Some("a.b.Msg"))];
    vec![all, bare]
}

#[test]
fn symbols_are_found_by_their_full_names() {
    let index = Index::of([set(everything())]);
    for (name, found) in [
        ("a.b.Svc", Some(0)),
        ("a.b.Svc.Do", Some(0)),
        ("a.b.Msg", Some(0)),
        ("a.b.Msg.id", Some(0)),
        ("a.b.Msg.either", Some(0)),
        ("a.b.Msg.In", Some(0)),
        ("a.b.Msg.In.deep", Some(0)),
        ("a.b.Msg.In.Kind", Some(0)),
        ("a.b.Msg.In.NONE", Some(0)),
        ("a.b.Msg.In.more", Some(0)),
        ("a.b.Color", Some(0)),
        ("a.b.RED", Some(0)),
        ("a.b.tag", Some(0)),
        ("Bare", Some(1)),
        ("own", Some(1)),
        ("a.b.Color.RED", None),
        ("a.b.Svc/Do", None),
        ("a.b", None),
        (".a.b.Msg", None),
        ("Msg", None),
        ("", None),
    ] {
        assert_eq!(index.by_symbol(name), found, "{name}");
    }
    assert_eq!(index.by_name("a/b.proto"), Some(0));
    assert_eq!(index.by_name("b.proto"), None);
}

#[test]
fn extensions_are_found_by_what_they_extend() {
    let index = Index::of([set(everything())]);
    assert_eq!(index.extensions("a.b.Msg"), Some(vec![7, 101, 102]));
    assert_eq!(index.extensions("Bare"), Some(vec![]));
    assert_eq!(index.extensions("a.b.None"), None);
    for (extendee, number, found) in [
        ("a.b.Msg", 7, Some(1)),
        ("a.b.Msg", 101, Some(0)),
        ("a.b.Msg", 103, None),
        ("a.b.Msg", -1, None),
        ("Bare", 7, None),
    ] {
        let at = index.by_extension(extendee, number);
        assert_eq!(at, found, "{extendee} {number}");
    }
}

/// A diamond below a file, a cycle that no compiler would let pass, an import that nobody has.
#[test]
fn imports_come_behind_their_file_once_a_conversation() {
    let index = Index::of([set(vec![
        file("top", "", &["left", "right", "gone"]),
        file("left", "", &["base"]),
        file("right", "", &["base", "left"]),
        file("base", "", &["base", "top"]),
        file("other", "", &["base"]),
    ])]);
    let mut sent = HashSet::new();
    let mut ask = |name: &str, most| {
        let file = index.by_name(name).unwrap();
        let files = index.with_imports(file, &mut sent, most);
        let files = files.into_iter().map(FileDescriptorProto::decode);
        let names: Vec<_> = files.map(|file| file.unwrap().name.unwrap()).collect();
        names.join(" ")
    };
    assert_eq!(ask("left", 0), "left", "what is too much is left out");
    assert_eq!(ask("top", usize::MAX), "top right base");
    assert_eq!(ask("top", usize::MAX), "top");
    assert_eq!(ask("other", usize::MAX), "other");
}

#[test]
fn what_does_not_decode_is_left_out_and_bytes_stay_as_they_are() {
    // A field of a file that nobody knows.
    let mut odd = file("odd.proto", "", &[]).encode_to_vec();
    odd.extend([0xfa, 0xff, 0x3f, 1, 7]);
    let broken = Bytes::from_static(b"\x0a\xff");
    let encoded = index::EncodedSet {
        file: vec![broken, odd.clone().into()],
    };
    let shared = set(everything());
    let again = set(everything());
    let index = Index::of([
        b"no set".as_slice(),
        encoded.encode_to_vec().leak(),
        shared,
        shared,
        again,
        &[],
    ]);
    let at = index.by_name("odd.proto").unwrap();
    assert_eq!(index.with_imports(at, &mut HashSet::new(), 0), [odd]);
    // Each file once, wherever it came from.
    assert_eq!(index.by_name("a/b.proto"), Some(at + 1));
    assert_eq!(index.by_symbol("Bare"), Some(at + 2));
    assert_eq!(index.len(), 3);
}

#[test]
fn of_two_files_of_one_name_both_are_found_by_what_they_declare() {
    let other = |message| {
        let mut other = file("a/b.proto", "c", &[]);
        other.message_type = vec![named(message, |m: &mut DescriptorProto, n| m.name = n)];
        set(vec![other])
    };
    let index = Index::of([other("One"), other("Two")]);
    assert_eq!(index.by_name("a/b.proto"), Some(0));
    assert_eq!(index.by_symbol("c.One"), Some(0));
    assert_eq!(index.by_symbol("c.Two"), Some(1));
}

static SVC: ServiceSpec = ServiceSpec::new("a.b.Svc", &[]);
static BARE: ServiceSpec = ServiceSpec::new("a.b.Undescribed", &[]);

/// A service without methods.
struct Empty(&'static ServiceSpec);

impl Dispatch for Empty {
    fn spec(&self) -> &'static ServiceSpec {
        self.0
    }

    fn dispatch(&self, _: usize, call: ServerCall) -> Handling {
        call.unknown_method()
    }
}

fn server() -> Server {
    Server::new()
        .add(Skeleton::new(Empty(&SVC)))
        .add(Skeleton::new(Empty(&BARE)))
        .descriptors(set(everything()))
        .reflection()
}

/// What the answers to these questions say, in short.
async fn ask(channel: &Channel, method: &'static Info, asked: &[MessageRequest]) -> Vec<String> {
    let (mut out, mut rx) = crate::client::bidi(channel, method).await.unwrap();
    let mut answers = Vec::new();
    for asked in asked {
        let request = ServerReflectionRequest {
            host: "h".to_owned(),
            message_request: Some(asked.clone()),
        };
        out.send(request.clone()).await.unwrap();
        let answer = rx.next().await.unwrap().unwrap();
        assert_eq!(answer.valid_host, "h");
        assert_eq!(answer.original_request, Some(request));
        answers.push(match answer.message_response.unwrap() {
            MessageResponse::FileDescriptorResponse(files) => {
                let files = files.file_descriptor_proto.into_iter();
                let files = files.map(|file| FileDescriptorProto::decode(file).unwrap());
                let names: Vec<_> = files.map(|file| file.name.unwrap()).collect();
                names.join(" ")
            }
            MessageResponse::AllExtensionNumbersResponse(all) => {
                format!("{}: {:?}", all.base_type_name, all.extension_number)
            }
            MessageResponse::ListServicesResponse(list) => {
                let names: Vec<_> = list.service.into_iter().map(|one| one.name).collect();
                names.join(" ")
            }
            MessageResponse::ErrorResponse(error) => {
                format!("{}: {}", error.error_code, error.error_message)
            }
        });
    }
    out.finish();
    assert_eq!(rx.next().await.unwrap(), None);
    answers
}

fn symbol(name: &str) -> MessageRequest {
    MessageRequest::FileContainingSymbol(name.to_owned())
}

fn extension(containing_type: &str, extension_number: i32) -> MessageRequest {
    MessageRequest::FileContainingExtension(ExtensionRequest {
        containing_type: containing_type.to_owned(),
        extension_number,
    })
}

#[tokio::test]
async fn all_questions_are_answered_over_both_versions() {
    let channel = Channel::in_process(server());
    let name = |name: &str| MessageRequest::FileByFilename(name.to_owned());
    let numbers = |of: &str| MessageRequest::AllExtensionNumbersOfType(of.to_owned());
    let asked_and_answered = [
        (
            MessageRequest::ListServices(String::new()),
            "a.b.Svc grpc.health.v1.Health grpc.reflection.v1.ServerReflection \
             grpc.reflection.v1alpha.ServerReflection",
        ),
        (symbol("Bare"), "bare.proto a/b.proto"),
        (symbol("a.b.Svc.Do"), "a/b.proto"),
        (name("bare.proto"), "bare.proto"),
        (
            symbol("grpc.health.v1.Health"),
            "grpc/health/v1/health.proto",
        ),
        (
            name("grpc/reflection/v1/reflection.proto"),
            "grpc/reflection/v1/reflection.proto",
        ),
        (
            symbol("grpc.reflection.v1alpha.ServerReflection"),
            "grpc/reflection/v1alpha/reflection.proto",
        ),
        (extension("a.b.Msg", 7), "bare.proto"),
        (numbers("a.b.Msg"), "a.b.Msg: [7, 101, 102]"),
        (numbers("Bare"), "Bare: []"),
        (
            symbol("a.b.None"),
            "5: the descriptors of this server do not have this symbol",
        ),
        (
            symbol("a.b.Undescribed"),
            "5: the descriptors of this server do not have this symbol",
        ),
        (
            name("none.proto"),
            "5: the descriptors of this server do not have this file",
        ),
        (
            extension("a.b.Msg", 8),
            "5: the descriptors of this server do not have this extension",
        ),
        (
            numbers("a.b.None"),
            "5: the descriptors of this server do not have this type",
        ),
    ];
    let asked = asked_and_answered
        .each_ref()
        .map(|(asked, _)| asked.clone());
    let answered = asked_and_answered.map(|(_, answered)| answered.to_owned());
    for method in BOTH {
        assert_eq!(ask(&channel, method, &asked).await, answered, "{method:?}");
    }
}

#[tokio::test]
async fn a_question_that_is_none_ends_the_conversation() {
    let channel = Channel::in_process(server());
    for method in BOTH {
        let (mut out, mut rx) = crate::client::bidi(&channel, method).await.unwrap();
        out.send(ServerReflectionRequest::default()).await.unwrap();
        let status = rx.next().await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
}

#[tokio::test]
async fn nobody_is_described_who_did_not_ask_for_it() {
    let channel = Channel::in_process(Server::new().add(Skeleton::new(Empty(&SVC))));
    for method in BOTH {
        let (_out, mut rx) = crate::client::bidi(&channel, method).await.unwrap();
        let status = rx.next().await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status}");
        assert!(status.message().ends_with("; it has a.b.Svc"), "{status}");
    }
}

/// A layer that wants to know who asks is not passed by.
#[tokio::test]
async fn reflection_passes_the_layers() {
    let server = server().on_call(|_| Err(Status::unauthenticated("who are you?")));
    let channel = Channel::in_process(server);
    for method in BOTH {
        let (_out, mut rx) = crate::client::bidi(&channel, method).await.unwrap();
        let status = rx.next().await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    }
}

/// Both versions serve the same messages: they differ in nothing that is on the wire.
#[test]
fn the_versions_differ_by_their_names_alone() {
    let set = FileDescriptorSet::decode(generated::DESCRIPTORS).unwrap();
    let [v1, v1alpha] = <[FileDescriptorProto; 2]>::try_from(set.file).unwrap();
    let text = |file: &FileDescriptorProto| {
        format!("{:?}{:?}", file.message_type, file.service).replace(".v1alpha.", ".v1.")
    };
    assert_eq!(text(&v1), text(&v1alpha));
    assert_ne!(v1.package, v1alpha.package);
    let paths = BOTH.map(|method| method.spec()).map(MethodSpec::path);
    assert_ne!(paths[0], paths[1]);
}
