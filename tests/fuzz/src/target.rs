//! The ways in that are tried. Into the compiler: one file, several files, a descriptor set, and all the way to Rust.
//! Into the runtime: what it reads of a peer's bytes, and both ends of a connection.
//! It refuses to judge what comes out: `check.rs` and `peer/` do.

use std::{io, path::PathBuf};

use prost::Message as _;
use prost_types::FileDescriptorProto;
use sinew_build::{Config, Diagnostics};
use sinew_idl_proto::{Sources, compile, from_descriptor_set};

use crate::{
    Archive, Folder,
    check::{self, Texts},
    peer::{blocks, bodies, change, pipes},
    text, wire,
};

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any bytes as one file.
    Bytes,
    /// Several files that import one another, as an [`Archive`].
    Files,
    /// Any bytes as a descriptor set; what is accepted goes on to Rust.
    Set,
    /// An [`Archive`], with options of the user, through `sinew-build`.
    Rust,
    /// The body of a call: messages behind their prefixes.
    Messages,
    /// A compressed message.
    Compressed,
    /// A block of headers or trailers, as lines.
    Headers,
    /// The details of a status, `google.rpc.Status`.
    Details,
    /// All that a client sends to a server.
    Server,
    /// All that a server sends to a client.
    Client,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Bytes,
        Self::Files,
        Self::Set,
        Self::Rust,
        Self::Messages,
        Self::Compressed,
        Self::Headers,
        Self::Details,
        Self::Server,
        Self::Client,
    ];

    /// The name of the target, and of the folder of its seeds.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Files => "files",
            Self::Set => "set",
            Self::Rust => "rust",
            Self::Messages => "messages",
            Self::Compressed => "compressed",
            Self::Headers => "headers",
            Self::Details => "details",
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    /// Where its seeds lie.
    #[must_use]
    pub fn seeds(self) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "seeds", self.name()]
            .iter()
            .collect()
    }

    /// Is it the compiler that is tried?
    #[must_use]
    pub fn is_compiler(self) -> bool {
        matches!(self, Self::Bytes | Self::Files | Self::Set | Self::Rust)
    }

    /// Tries one input.
    ///
    /// # Errors
    /// A property that does not hold, or a folder that cannot be written.
    pub fn run(self, input: &[u8], folder: &mut Folder) -> Result<(), String> {
        match self {
            Self::Bytes => files(&Archive::single(input), folder),
            Self::Files => files(&Archive::parse(input), folder),
            Self::Set => set(input, folder),
            Self::Rust => rust(&Archive::parse(input), folder),
            Self::Messages => bodies::messages(input),
            Self::Compressed => bodies::compressed(input),
            Self::Headers => blocks::headers(input),
            Self::Details => blocks::details(input),
            Self::Server => pipes::server(input),
            Self::Client => pipes::client(input),
        }
    }

    /// Changes an input as somebody would who knows the language, but not what is right in it.
    #[must_use]
    pub fn mutate(self, input: &[u8], seed: u64) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        match self {
            Self::Bytes => text::mutate(input, &mut random),
            Self::Files | Self::Rust => {
                let mut archive = Archive::parse(input);
                text::mutate_archive(&mut archive, &mut random);
                archive.print()
            }
            Self::Set | Self::Details => wire::mutate(input, &mut random),
            Self::Messages | Self::Compressed => change::bytes(input, &mut random),
            Self::Headers => change::lines(input, &mut random),
            Self::Server | Self::Client => change::frames(input, &mut random),
        }
    }
}

fn files(archive: &Archive, folder: &mut Folder) -> Result<(), String> {
    folder.hold(archive).map_err(told)?;
    let sources = Sources {
        roots: vec![folder.root()],
        files: archive.files.keys().map(PathBuf::from).collect(),
    };
    match compile(&sources) {
        Ok(compiled) => {
            if !compiled.warnings.is_empty() {
                check::diagnostics(&compiled.warnings, &texts(archive))?;
            }
            check::round_trip(&compiled)
        }
        Err(found) => check::diagnostics(&found, &texts(archive)),
    }
}

fn set(input: &[u8], folder: &mut Folder) -> Result<(), String> {
    // One file that cannot be decoded must not hide the names of the others.
    let files = wire::payloads(input).into_iter();
    let files = files.filter_map(|file| FileDescriptorProto::decode(&*file).ok());
    let texts: Texts<'_> = files.map(|file| (file.name().to_owned(), None)).collect();
    match from_descriptor_set(input, None) {
        Err(found) => return check::diagnostics(&found, &texts),
        Ok(compiled) => check::round_trip(&compiled)?,
    }
    std::fs::write(folder.set(), input).map_err(told)?;
    let config = Config::new(folder.root().join("nothing")).descriptor_set(folder.set());
    generated(config, &texts, folder)
}

fn rust(archive: &Archive, folder: &mut Folder) -> Result<(), String> {
    if archive.files.is_empty() {
        return Ok(());
    }
    folder.hold(archive).map_err(told)?;
    let mut config = Config::new(folder.root()).files(archive.files.keys());
    for word in &archive.options {
        config = match word.as_str() {
            "boxed" => config.boxed("."),
            "btree_map" => config.btree_map("."),
            "bytes" => config.bytes("."),
            "enum_prefix" => config.retain_enum_prefix(),
            "no_client" => config.client(false),
            "no_comments" => config.disable_comments("."),
            "no_debug" => config.skip_debug("."),
            "no_server" => config.server(false),
            "serde" => config.serde("."),
            _ => config,
        };
    }
    generated(config, &texts(archive), folder)
}

fn generated(config: Config, texts: &Texts<'_>, folder: &Folder) -> Result<(), String> {
    let report = match config.out_dir(folder.out()).try_compile() {
        Ok(report) => report,
        Err(found) => return check::diagnostics(&found, texts),
    };
    let warnings: &Diagnostics = &report.warnings;
    if !warnings.is_empty() {
        check::diagnostics(warnings, texts)?;
    }
    check::is_rust(&folder.generated().map_err(told)?)
}

fn texts(archive: &Archive) -> Texts<'_> {
    let files = archive.files.iter();
    files
        .map(|(name, text)| (name.clone(), Some(&**text)))
        .collect()
}

fn told(error: io::Error) -> String {
    format!("the folder of the inputs: {error}")
}
