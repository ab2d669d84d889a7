//! What services become: names, shapes, idempotency, comments, places, and the files that a build has to watch.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::Folder;
use sinew_idl::{
    diag::{Severity, SourceMap, Span},
    model::{Idempotency, Method, Shape},
};
use sinew_idl_proto::{Compiled, Sources, compile};

fn compiled(sources: &Sources) -> Compiled {
    compile(sources).unwrap_or_else(|found| panic!("{}", found.render()))
}

fn cart() -> Compiled {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    compiled(&Sources {
        roots: vec![root.join("../../tests/idl/good/26_shapes")],
        files: vec!["shop/v1/cart.proto".into()],
    })
}

fn place(span: &Span) -> String {
    SourceMap::default().place(span).unwrap_or_default()
}

#[test]
fn a_service_with_all_shapes() {
    let compiled = cart();
    let [service] = compiled.schema.services.as_slice() else {
        panic!("one service");
    };
    assert_eq!(service.full_name, "shop.v1.CartService");
    assert_eq!(service.package, "shop.v1");
    assert_eq!(service.name.rust, "CartService");
    assert_eq!(service.module, "cart_service");
    // The comment that stands apart, a licence, is dropped.
    assert_eq!(service.docs.lines(), ["Shopping carts,", "one shard each."]);
    assert_eq!(place(&service.name.span), "shop/v1/cart.proto:14:9");

    let row = |method: &Method| {
        (
            method.name.rust.clone(),
            method.shape,
            method.idempotency,
            method.deprecated,
            format!("{} {}", method.input.full_name, method.output.full_name),
            method.docs.lines().join("|"),
            place(&method.name.span),
        )
    };
    let rows: Vec<_> = service.methods.iter().map(row).collect();
    let expect = |name: &str, shape, idempotency, deprecated, types: &str, docs: &str, at: &str| {
        let at = format!("shop/v1/cart.proto:{at}");
        (
            name.to_owned(),
            shape,
            idempotency,
            deprecated,
            types.to_owned(),
            docs.to_owned(),
            at,
        )
    };
    use Idempotency::{Idempotent, Safe, Unsafe};
    assert_eq!(
        rows,
        [
            expect(
                "add_line",
                Shape::Unary,
                Idempotent,
                false,
                "shop.v1.AddLineRequest shop.v1.AddLineReply",
                "Adds one line.",
                "16:7"
            ),
            expect(
                "upload",
                Shape::ClientStream,
                Unsafe,
                false,
                "shop.v1.Line google.protobuf.Empty",
                "",
                "19:7"
            ),
            expect(
                "watch",
                Shape::ServerStream,
                Unsafe,
                false,
                "google.protobuf.Empty google.protobuf.Timestamp",
                "",
                "20:7"
            ),
            expect(
                "chat",
                Shape::Bidi,
                Unsafe,
                true,
                "google.protobuf.Any shop.v1.Line",
                "Behind.",
                "21:7"
            ),
            expect(
                "nothing",
                Shape::Unary,
                Safe,
                false,
                "google.protobuf.Empty google.protobuf.Empty",
                "",
                "24:7"
            ),
        ]
    );
    assert_eq!(
        place(&service.methods[1].input.span),
        "shop/v1/cart.proto:19:21"
    );
    assert_eq!(
        place(&service.methods[1].output.span),
        "shop/v1/cart.proto:19:36"
    );
}

#[test]
fn every_file_that_is_read_and_every_place_that_was_looked_at_is_told() {
    let first = Folder::with(&[(
        "main.proto",
        b"syntax = \"proto3\"; import \"sub/b.proto\"; import \"google/rpc/status.proto\";",
    )]);
    let second = Folder::with(&[("sub/b.proto", b"syntax = \"proto3\"; message B {}")]);
    let mut sources = first.sources(&["main.proto"]);
    sources.roots.extend(second.sources(&[]).roots);
    let [one, two] = sources.roots.as_slice() else {
        panic!("two roots");
    };
    let compiled = compiled(&sources);
    let mut read = vec![one.join("main.proto"), two.join("sub/b.proto")];
    read.sort();
    assert_eq!(compiled.read_files, read);
    assert_eq!(compiled.missing_candidates, [one.join("sub/b.proto")]);
    assert_eq!(compiled.roots, ["main.proto"]);
}

#[test]
fn the_same_bytes_in_whatever_order_the_files_are_named() {
    let files: [(&str, &[u8]); 3] = [
        ("a.proto", b"syntax = \"proto3\"; package p; message A {} service Z { rpc Go(A) returns (A); }"),
        ("b.proto", b"syntax = \"proto3\"; package p; import \"a.proto\"; service Y { rpc Go(A) returns (A); }"),
        ("c.proto", b"syntax = \"proto3\"; package p; message C {} service X {}"),
    ];
    let folder = Folder::with(&files);
    let first = compiled(&folder.sources(&["a.proto", "b.proto", "c.proto"]));
    for order in [
        ["c.proto", "b.proto", "a.proto"],
        ["b.proto", "a.proto", "c.proto"],
    ] {
        let other = compiled(&folder.sources(&order));
        assert_eq!(other.descriptor_set, first.descriptor_set);
        assert_eq!(other.roots, first.roots);
        assert_eq!(format!("{:?}", other.schema), format!("{:?}", first.schema));
    }
    let names: Vec<_> = first
        .schema
        .services
        .iter()
        .map(|s| &*s.full_name)
        .collect();
    assert_eq!(names, ["p.X", "p.Y", "p.Z"]);
}

#[test]
fn files_may_be_named_by_any_path_into_a_root() {
    let folder = Folder::with(&[("sub/a.proto", b"syntax = \"proto3\"; message A {}")]);
    let root = folder.sources(&[]).roots.remove(0);
    for file in [
        root.join("sub/a.proto"),
        root.join("sub/./a.proto"),
        "sub/a.proto".into(),
        "./sub/a.proto".into(),
    ] {
        let sources = Sources {
            roots: vec![root.clone()],
            files: vec![file.clone(), file.clone()],
        };
        assert_eq!(
            compiled(&sources).roots,
            ["sub/a.proto"],
            "{}",
            file.display()
        );
    }
}

#[test]
fn a_public_chain_leaves_the_embedded_set_as_it_was_written() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = compiled(&Sources {
        roots: vec![root.join("../../tests/idl/good/20_public_imports")],
        files: vec!["main.proto".into()],
    });
    let set = <prost_types::FileDescriptorSet as prost::Message>::decode(&*compiled.descriptor_set);
    let set = set.expect("a set");
    let file = |name: &str| set.file.iter().find(|file| file.name() == name);
    assert_eq!(file("main.proto").expect("it").dependency, ["a.proto"]);
    assert_eq!(file("a.proto").expect("it").dependency, ["b.proto"]);
    assert_eq!(file("a.proto").expect("it").public_dependency, [0]);
    let again = sinew_idl_proto::from_descriptor_set(&compiled.descriptor_set, None);
    assert_eq!(
        again.expect("its own set").descriptor_set,
        compiled.descriptor_set
    );
}

#[test]
fn what_is_dropped_is_said() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = compiled(&Sources {
        roots: vec![root.join("../../tests/idl/good/33_extensions")],
        files: vec!["a.proto".into()],
    });
    assert!(
        compiled
            .warnings
            .iter()
            .all(|one| one.severity == Severity::Warning)
    );
    let codes: Vec<_> = compiled.warnings.iter().map(|one| one.code).collect();
    assert_eq!(
        codes,
        ["M0501", "M0501", "M0501", "M0501", "M0502", "M0501"]
    );
    assert!(cart().warnings.is_empty());
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = Folder::with(&[("a.proto", b"syntax = \"proto3\"; import \"loop.proto\";")]);
    let root = folder.sources(&[]).roots.remove(0);
    std::os::unix::fs::symlink(root.join("loop.proto"), root.join("loop.proto")).expect("a link");
    let found = compile(&folder.sources(&["a.proto"])).expect_err("a loop of links");
    let [line] = found.lines().try_into().expect("one line");
    let start = format!(
        "{}: M0004 cannot be read: ",
        root.join("loop.proto").display()
    );
    assert!(line.starts_with(&start), "{line}");
}

#[test]
fn names_of_the_options_may_be_taken_where_nobody_imports_them() {
    for text in [
        "package google.protobuf; message FieldOptions {}",
        "package google; message protobuf {}",
        "message google {}",
    ] {
        let text = format!("syntax = \"proto3\"; {text}");
        let folder = Folder::with(&[("a.proto", text.as_bytes())]);
        let compiled = compile(&folder.sources(&["a.proto"]));
        assert!(compiled.is_ok(), "{text}: {compiled:?}");
    }
}

#[test]
fn a_broken_file_takes_no_options_from_those_after_it() {
    let mut options = "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\"; \
        extend google.protobuf.FieldOptions {"
        .to_owned();
    // More than there are messages before: the library once dropped those when it took a file back.
    for n in 0..100 {
        options.push_str(&format!(" int32 o{n} = {};", 50_000 + n));
    }
    options.push('}');
    let broken = "syntax = \"proto3\"; message B { Missing missing = 1; }";
    let good = "syntax = \"proto3\"; import \"a.proto\"; message C { int32 c = 1 [(o99) = 1]; }";
    let folder = Folder::with(&[
        ("a.proto", options.as_bytes()),
        ("b.proto", broken.as_bytes()),
        ("c.proto", good.as_bytes()),
    ]);
    let found = compile(&folder.sources(&["a.proto", "b.proto", "c.proto"]));
    let found: Vec<_> = found.expect_err("refused").iter().cloned().collect();
    let codes: Vec<_> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["M0020"], "{found:?}");
}
