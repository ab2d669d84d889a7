//! What a user can choose: which files, which sides, where to, and what the messages look like.
//! It refuses to do anything before `compile` or `try_compile`.

use std::path::{Path, PathBuf};

use sinew_idl::diag::Diagnostics;

use crate::{Report, cargo, run};

/// How `.proto` files are compiled. Each option can be given several times; those for messages add up.
///
/// Paths of messages and fields (`type_attribute` and the like) are those of prost: `.` is everything, `.shop.v1` a
/// package and all below it, `.shop.v1.Cart` a message, `.shop.v1.Cart.lines` a field; without the leading dot they
/// match any end of a full name.
///
/// ```no_run
/// sinew_build::Config::new("proto")
///     .include("third_party")
///     .bytes(".shop.v1.Image.pixels")
///     .client(false)
///     .compile();
/// ```
#[derive(Debug)]
#[must_use = "nothing is compiled before `compile` or `try_compile`"]
pub struct Config {
    pub(crate) path: PathBuf,
    pub(crate) includes: Vec<PathBuf>,
    pub(crate) files: Vec<String>,
    pub(crate) service_configs: Vec<PathBuf>,
    pub(crate) descriptor_set: Option<PathBuf>,
    pub(crate) server: bool,
    pub(crate) client: bool,
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) check_in: Option<PathBuf>,
    pub(crate) verify: Option<bool>,
    pub(crate) bytes: Vec<String>,
    pub(crate) btree_map: Vec<String>,
    pub(crate) disable_comments: Vec<String>,
    pub(crate) skip_debug: Vec<String>,
    pub(crate) extern_paths: Vec<(String, String)>,
    /// Whether there are attributes of the user's.
    pub(crate) annotated: bool,
    pub(crate) prost: prost_build::Config,
}

impl Config {
    /// Compiles every `.proto` file below a folder, which is the root of their imports; or one file, whose root is the
    /// include root that it lies in, or else its folder. Relative paths start at the package's folder, as in every
    /// `build.rs`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            includes: Vec::new(),
            files: Vec::new(),
            service_configs: Vec::new(),
            descriptor_set: None,
            server: true,
            client: true,
            out_dir: None,
            check_in: None,
            verify: None,
            bytes: Vec::new(),
            btree_map: Vec::new(),
            disable_comments: Vec::new(),
            skip_debug: Vec::new(),
            extern_paths: Vec::new(),
            annotated: false,
            prost: prost_build::Config::new(),
        }
    }

    /// Adds a folder in which imports are looked for, after the root and the folders added before. The well-known types
    /// and `google/api`, `google/rpc` need none. Imported files generate messages only as far as they are used.
    pub fn include(mut self, root: impl AsRef<Path>) -> Self {
        self.includes.push(root.as_ref().to_owned());
        self
    }

    /// Compiles only these files of the folder (`shop/v1/cart.proto`), and what they use.
    pub fn files<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.files.extend(names.into_iter().map(Into::into));
        self
    }

    /// Takes the contents of the files from an encoded `google.protobuf.FileDescriptorSet` with all imports (and, for
    /// comments and places in diagnostics, source info) instead of parsing them: the way round for syntax that the
    /// built-in parser does not know.
    /// `protoc --include_imports --include_source_info -o set.bin …` and `buf build -o set.bin` write one.
    ///
    /// Which files are compiled is still said by the folder, as far as it exists, and by [`files`](Self::files);
    /// otherwise all are but `google/…`.
    pub fn descriptor_set(mut self, path: impl AsRef<Path>) -> Self {
        self.descriptor_set = Some(path.as_ref().to_owned());
        self
    }

    /// Merges a service config over what the IDL declares, in the public format of gRPC, as JSON: what the file says of
    /// a method stands in place of what the IDL says. Of several files, no two may have the same name.
    ///
    /// Needs the feature `service-config`. Who adds the file is nearer to the deployment than who wrote the IDL; nearer
    /// still is `policy_file` of a channel or a server.
    #[cfg(feature = "service-config")]
    pub fn service_config(mut self, path: impl AsRef<Path>) -> Self {
        self.service_configs.push(path.as_ref().to_owned());
        self
    }

    /// Whether traits and servers are generated; they are by default.
    pub fn server(mut self, wanted: bool) -> Self {
        self.server = wanted;
        self
    }

    /// Whether clients are generated; they are by default.
    pub fn client(mut self, wanted: bool) -> Self {
        self.client = wanted;
        self
    }

    /// Writes to this folder instead of cargo's `OUT_DIR`: `sinew.rs`, and a folder `sinew` beside it.
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Writes to a folder of the repository, for those who commit generated code; include it by
    /// `include!("gen/sinew.rs")` instead of `sinew::include_idl!()`. With `SINEW_CHECK=1`, or if `CI` is set and
    /// `SINEW_CHECK` is not `0`, nothing is written:
    /// it is an error then if what is there is not what the IDL gives.
    pub fn check_in(mut self, folder: impl AsRef<Path>) -> Self {
        self.check_in = Some(folder.as_ref().to_owned());
        self
    }

    /// Whether nothing is written, and whatever is not there yet as it should be is an error: says so whatever the
    /// environment says (see [`check_in`](Self::check_in)).
    pub fn verify(mut self, wanted: bool) -> Self {
        self.verify = Some(wanted);
        self
    }

    /// Puts an attribute on messages, enums and oneofs.
    pub fn type_attribute(mut self, path: impl AsRef<str>, attribute: impl AsRef<str>) -> Self {
        self.prost.type_attribute(path, attribute);
        self.annotated = true;
        self
    }

    /// Puts an attribute on messages.
    pub fn message_attribute(mut self, path: impl AsRef<str>, attribute: impl AsRef<str>) -> Self {
        self.prost.message_attribute(path, attribute);
        self.annotated = true;
        self
    }

    /// Puts an attribute on enums and oneofs.
    pub fn enum_attribute(mut self, path: impl AsRef<str>, attribute: impl AsRef<str>) -> Self {
        self.prost.enum_attribute(path, attribute);
        self.annotated = true;
        self
    }

    /// Puts an attribute on fields, oneof variants and enum values.
    pub fn field_attribute(mut self, path: impl AsRef<str>, attribute: impl AsRef<str>) -> Self {
        self.prost.field_attribute(path, attribute);
        self.annotated = true;
        self
    }

    /// Derives serde's `Serialize` and `Deserialize` for messages, enums and oneofs, by their Rust names, absent fields
    /// being their defaults. The crate needs `serde` with its feature `derive`; messages of `google.protobuf` have no
    /// such implementation. This is not protobuf's JSON: enums are numbers in it, and bytes arrays.
    pub fn serde(mut self, path: impl AsRef<str>) -> Self {
        let path = path.as_ref();
        self.prost
            .type_attribute(path, "#[derive(::serde::Serialize, ::serde::Deserialize)]");
        self.prost.message_attribute(path, "#[serde(default)]");
        self.annotated = true;
        self
    }

    /// Makes `bytes` fields `bytes::Bytes`, which shares instead of copying, and not `Vec<u8>`.
    pub fn bytes(mut self, path: impl Into<String>) -> Self {
        self.bytes.push(path.into());
        self
    }

    /// Makes `map` fields `BTreeMap`, which has an order, and not `HashMap`.
    pub fn btree_map(mut self, path: impl Into<String>) -> Self {
        self.btree_map.push(path.into());
        self
    }

    /// Boxes fields; recursive ones are by themselves.
    pub fn boxed(mut self, path: impl AsRef<str>) -> Self {
        self.prost.boxed(path);
        self
    }

    /// Leaves the comments of messages, enums and their fields out.
    pub fn disable_comments(mut self, path: impl Into<String>) -> Self {
        self.disable_comments.push(path.into());
        self
    }

    /// Leaves `Debug` out, for those who write it themselves.
    pub fn skip_debug(mut self, path: impl Into<String>) -> Self {
        self.skip_debug.push(path.into());
        self
    }

    /// Keeps the name of the enum in front of its values: `Color::ColorRed`.
    pub fn retain_enum_prefix(mut self) -> Self {
        self.prost.retain_enum_prefix();
        self
    }

    /// Uses types that exist already instead of generating them:
    /// `.extern_path(".shop.types", "::shop_types::shop::types")`, or a single message. The Rust path starts with `::`
    /// or `crate::`.
    pub fn extern_path(mut self, idl: impl Into<String>, rust: impl Into<String>) -> Self {
        self.extern_paths.push((idl.into(), rust.into()));
        self
    }

    /// Compiles, inside a build script: tells cargo what to watch and what is wrong. An error fails the build (by
    /// `cargo::error`, so all errors are seen and nothing panics), and this returns nevertheless. With
    /// `SINEW_DIAG=full`, and outside of a build script, it prints the full report and ends the process.
    pub fn compile(self) {
        let outcome = run::run(self);
        cargo::watch(outcome.watched.iter(), outcome.variables);
        match outcome.result {
            Ok(report) if report.warnings.is_empty() => cargo::forget(),
            Ok(report) => cargo::report(&report.warnings),
            Err(found) => cargo::report(&found),
        }
    }

    /// Compiles, outside of a build script: says nothing to cargo. [`out_dir`](Self::out_dir) or
    /// [`check_in`](Self::check_in) has to say where to.
    ///
    /// # Errors
    /// Everything that is wrong with the files, the options or the output folder; nothing is written then.
    pub fn try_compile(self) -> Result<Report, Diagnostics> {
        run::run(self).result
    }
}
