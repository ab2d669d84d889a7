//! What `try_compile` reports and leaves on disk: the same bytes for the same IDL, nothing written twice, every failure named.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use sinew_build::{Config, Diagnostics, Report};

/// A folder with a few files, and one to generate into.
struct Case {
    idl: PathBuf,
    out: PathBuf,
}

impl Case {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("outcomes")
            .join(name);
        let _ = fs::remove_dir_all(&folder);
        let case = Self {
            idl: folder.join("idl"),
            out: folder.join("out"),
        };
        for (name, text) in files {
            case.write(name, text);
        }
        case
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.idl.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn config(&self) -> Config {
        Config::new(&self.idl).out_dir(&self.out)
    }

    fn compile(&self) -> Result<Report, Diagnostics> {
        self.config().try_compile()
    }

    /// The generated files, with the time at which each was written.
    fn generated(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let below = fs::read_dir(self.out.join("sinew"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        below
            .chain([self.out.join("sinew.rs")])
            .map(|path| {
                let written = fs::metadata(&path).unwrap().modified().unwrap();
                (path.clone(), (fs::read(&path).unwrap(), written))
            })
            .collect()
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        self.generated()
            .into_values()
            .map(|(bytes, _)| bytes)
            .collect()
    }
}

const FILES: [(&str, &str); 4] = [
    (
        "a.proto",
        "syntax = \"proto3\"; package p; import \"d.proto\"; message A { q.D d = 1; } service SA { rpc X(A) returns (q.D); }",
    ),
    (
        "b.proto",
        "syntax = \"proto3\"; package p; message B { map<string, B> m = 1; oneof o { B b = 2; int32 i = 3; } }",
    ),
    (
        "c.proto",
        "syntax = \"proto3\"; package p.r; import \"a.proto\"; service SC { rpc X(p.A) returns (stream p.A); }",
    ),
    (
        "d.proto",
        "syntax = \"proto3\"; package q; message D {} service SD { rpc X(D) returns (D); }",
    ),
];

#[test]
fn the_order_of_inputs_changes_no_byte() {
    let case = Case::new("order", &FILES);
    let mut names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
    case.config().files(names.clone()).try_compile().unwrap();
    let first = case.bytes();
    assert!(first.len() >= 5);
    for turn in 0..names.len() {
        names.rotate_left(1);
        names.swap(0, turn % 2 + 1);
        fs::remove_dir_all(&case.out).unwrap();
        case.config().files(names.clone()).try_compile().unwrap();
        assert_eq!(case.bytes(), first, "{names:?}");
    }
    fs::remove_dir_all(&case.out).unwrap();
    let report = case.compile().unwrap();
    assert_eq!(case.bytes(), first, "the whole folder");
    assert_eq!(report.services, ["p.SA", "p.r.SC", "q.SD"]);
}

#[test]
fn the_second_run_writes_nothing_and_a_change_only_what_it_changes() {
    let case = Case::new("again", &FILES);
    assert_eq!(
        case.compile().unwrap().changed.len(),
        case.generated().len()
    );
    let first = case.generated();
    assert_eq!(case.compile().unwrap().changed, Vec::<PathBuf>::new());
    assert_eq!(case.generated(), first);

    case.write("b.proto", FILES[1].1.replace("int32", "int64").as_str());
    let changed = case.compile().unwrap().changed;
    assert_eq!(
        changed,
        [
            case.out.join("sinew/descriptors.bin"),
            case.out.join("sinew/p.rs")
        ]
    );
}

#[test]
fn files_of_packages_that_are_gone_are_deleted_but_no_others() {
    let case = Case::new("gone", &FILES);
    case.compile().unwrap();
    fs::write(case.out.join("sinew/mine.rs"), "// written by hand\n").unwrap();
    fs::remove_file(case.idl.join("c.proto")).unwrap();
    case.compile().unwrap();
    assert!(!case.out.join("sinew/p.r.rs").exists());
    assert!(case.out.join("sinew/mine.rs").exists());
    assert!(case.out.join("sinew/p.rs").exists());
}

#[test]
fn verifying_writes_nothing_and_names_what_differs() {
    let case = Case::new("verify", &FILES);
    let found = case.config().verify(true).try_compile().unwrap_err();
    assert!(found.iter().all(|d| d.code == "M0404"), "{found}");
    assert!(!case.out.exists());
    case.compile().unwrap();
    case.config().verify(true).try_compile().unwrap();
}

#[test]
fn one_file_is_compiled_from_its_own_folder_or_an_include_root() {
    let case = Case::new(
        "single",
        &[
            ("p/a.proto", "syntax = \"proto3\"; package p; message A {}"),
            (
                "p/b.proto",
                "syntax = \"proto3\"; package p; import \"p/a.proto\"; message B { A a = 1; }",
            ),
            ("p/c.proto", "syntax = \"proto3\"; package p; message C {}"),
        ],
    );
    let file = case.idl.join("p/b.proto");
    let found = Config::new(&file)
        .out_dir(&case.out)
        .try_compile()
        .unwrap_err();
    assert_eq!(found.len(), 1, "{found}");
    Config::new(&file)
        .include(&case.idl)
        .out_dir(&case.out)
        .try_compile()
        .unwrap();
    let code = fs::read_to_string(case.out.join("sinew/p.rs")).unwrap();
    assert!(
        code.contains("struct A") && code.contains("struct B") && !code.contains("struct C"),
        "{code}"
    );
}

#[test]
fn descriptors_hold_every_import_but_no_comment() {
    use prost::Message;
    let case = Case::new(
        "descriptors",
        &[(
            "a.proto",
            "// secret\nsyntax = \"proto3\"; package p; import \"google/protobuf/empty.proto\";\n// told to nobody\nservice S { rpc X(google.protobuf.Empty) returns (google.protobuf.Empty); }",
        )],
    );
    case.compile().unwrap();
    let bytes = fs::read(case.out.join("sinew/descriptors.bin")).unwrap();
    let set = prost_types::FileDescriptorSet::decode(bytes.as_slice()).unwrap();
    let names: Vec<_> = set.file.iter().map(|file| file.name()).collect();
    assert_eq!(names, ["google/protobuf/empty.proto", "a.proto"]);
    assert!(set.file.iter().all(|file| file.source_code_info.is_none()));
}

#[test]
fn what_is_left_out_is_warned_of() {
    let case = Case::new(
        "left_out",
        &[(
            "a.proto",
            "syntax = \"proto2\";\npackage p;\nimport \"google/protobuf/descriptor.proto\";\nmessage A {\n  extensions 4 to max;\n}\nextend A {\n  optional int32 x = 4;\n  optional int32 y = 5;\n}\nextend google.protobuf.FileOptions {\n  optional int32 z = 50000;\n}\n",
        )],
    );
    let warnings = case.compile().unwrap().warnings.to_string();
    let start = format!("{}:8:18: M0501 ", case.idl.join("a.proto").display());
    assert!(warnings.starts_with(&start), "{warnings}");
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
}

/// Lines of formatted code that one unary rpc costs: trait, descriptor, client and dispatch.
const LINES_AN_RPC: usize = 40;

#[test]
fn a_service_of_500_rpcs_costs_a_bounded_number_of_lines_each() {
    let service = |rpcs: usize| {
        let rpcs: String = (0..rpcs)
            .map(|n| format!("  rpc DoNumber{n}(M) returns (M);\n"))
            .collect();
        format!("syntax = \"proto3\";\npackage p;\nmessage M {{}}\nservice S {{\n{rpcs}}}\n")
    };
    let lines = |rpcs| {
        let case = Case::new("size", &[("a.proto", &service(rpcs))]);
        case.compile().unwrap();
        fs::read_to_string(case.out.join("sinew/p.rs"))
            .unwrap()
            .lines()
            .count()
    };
    let each = (lines(500) - lines(1)) / 499;
    assert!(each <= LINES_AN_RPC, "{each}");
}

#[test]
fn a_chain_of_imports_may_be_longer_than_a_stack_is_deep() {
    let case = Case::new("chain", &[]);
    // The first file by name is the one with all the others below it.
    for n in 0..3000 {
        let import = if n == 2999 {
            String::new()
        } else {
            format!("import \"f{:04}.proto\";", n + 1)
        };
        let text = format!("syntax = \"proto3\"; package p; {import} message M{n} {{}}");
        case.write(&format!("f{n:04}.proto"), &text);
    }
    // As small a stack as a thread of a tool may have.
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let compile = move || {
        case.compile()
            .map(|_| ())
            .map_err(|found| found.to_string())
    };
    small.spawn(compile).unwrap().join().unwrap().unwrap();
}

#[test]
fn what_cannot_be_compiled_is_said() {
    let good = "syntax = \"proto3\"; package x; message Fine {}";
    type Set = fn(Config) -> Config;
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Set, &'a str);
    let same: Set = |config| config;
    let table: [Row<'_>; 4] = [
        (
            "empty",
            &[("readme.txt", "")],
            same,
            "M0402 no .proto file below",
        ),
        (
            "attribute",
            &[("a.proto", good)],
            |c| c.type_attribute(".", "#["),
            "a.proto: M0401 what the message back end makes of this package is no Rust",
        ),
        (
            "idl_path",
            &[("a.proto", good)],
            |c| c.extern_path("x", "::x"),
            "M0405 `extern_path` of `x` needs a full name with a leading dot (write `.x`)",
        ),
        (
            "rust_path",
            &[("a.proto", good)],
            |c| c.extern_path(".x", "x"),
            "M0405 `extern_path` to `x` needs an absolute Rust path",
        ),
    ];
    for (name, files, set, expected) in table {
        let case = Case::new(name, files);
        let found = set(case.config()).try_compile().unwrap_err();
        assert!(found.to_string().contains(expected), "{name}: {found}");
        assert!(!case.out.exists(), "{name}: written nevertheless");
    }
    let found = Config::new("no/such/folder")
        .out_dir("x")
        .try_compile()
        .unwrap_err();
    assert!(
        found
            .to_string()
            .starts_with("M0403 cannot read no/such/folder"),
        "{found}"
    );
    let package = env!("CARGO_MANIFEST_DIR");
    let full = format!("that is {package}/no/such/folder: a relative path starts at the folder of");
    assert!(found.to_string().contains(&full), "{found}");
}
