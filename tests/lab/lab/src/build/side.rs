//! Who is compared: what a package of each side depends on, and its build script.
//!
//! Each is written as its own documentation shows it; nothing is tuned for one of them.

use std::path::{Path, PathBuf};

use crate::compile::home;

/// A generator with the runtime that its code is for.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    /// Its name in tables.
    pub(crate) name: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Ours, as of the sources in a folder.
    Ours(PathBuf),
    Tonic,
}

/// A dependency as a line of a manifest. Versions are those of the lab's lockfile.
type Dependency = String;

impl Side {
    /// Ours, as of the sources in `tree`.
    pub(crate) fn ours(name: &str, tree: &Path) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Ours(tree.to_owned()),
        }
    }

    /// tonic.
    pub(crate) fn tonic() -> Self {
        Self {
            name: "tonic".to_owned(),
            kind: Kind::Tonic,
        }
    }

    /// The lockfile with the versions that it takes part with.
    pub(crate) fn lockfile(&self) -> PathBuf {
        match &self.kind {
            Kind::Ours(tree) => tree.join("tests/lab/Cargo.lock"),
            Kind::Tonic => home().join("Cargo.lock"),
        }
    }

    /// Its name as that of a folder.
    pub(crate) fn folder(&self) -> String {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        self.name.chars().map(plain).collect()
    }

    /// What generated code needs.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        match &self.kind {
            Kind::Ours(tree) => vec![at("sinew", &tree.join("framework"))],
            Kind::Tonic => ["prost", "prost-types", "tonic", "tonic-prost"]
                .map(locked)
                .to_vec(),
        }
    }

    /// What the build script needs.
    pub(crate) fn build_dependencies(&self) -> Vec<Dependency> {
        match &self.kind {
            Kind::Ours(tree) => vec![at("sinew-build", &tree.join("codegen/build"))],
            Kind::Tonic => vec![locked("tonic-prost-build")],
        }
    }

    /// The build script: all files below `proto`.
    pub(crate) fn build_script(&self) -> &'static str {
        match self.kind {
            Kind::Ours(_) => include_str!("../../../templates/ours/build.rs"),
            Kind::Tonic => include_str!("../../../templates/tonic/build.rs"),
        }
    }

    /// A library of nothing but the generated code.
    pub(crate) fn library(&self) -> &'static str {
        match self.kind {
            Kind::Ours(_) => include_str!("../../../templates/ours/lib.rs"),
            Kind::Tonic => include_str!("../../../templates/tonic/lib.rs"),
        }
    }

    /// The smallest server and its client, as files below `src`, and their build script.
    ///
    /// Ours is the hello of the README.
    pub(crate) fn hello(&self) -> (Vec<(&'static str, &'static str)>, &'static str) {
        let (server, client, build_script) = match self.kind {
            Kind::Ours(_) => (
                include_str!("../../../../../examples/hello/src/bin/server.rs"),
                include_str!("../../../../../examples/hello/src/bin/client.rs"),
                include_str!("../../../../../examples/hello/build.rs"),
            ),
            Kind::Tonic => (
                include_str!("../../../templates/tonic/hello/server.rs"),
                include_str!("../../../templates/tonic/hello/client.rs"),
                include_str!("../../../templates/tonic/hello/build.rs"),
            ),
        };
        let sources = vec![("bin/server.rs", server), ("bin/client.rs", client)];
        (sources, build_script)
    }

    /// What hello needs: tokio beside what generated code needs.
    pub(crate) fn hello_dependencies(&self) -> Vec<Dependency> {
        let mut dependencies = match &self.kind {
            Kind::Ours(_) => self.dependencies(),
            Kind::Tonic => ["prost", "tonic", "tonic-prost"].map(locked).to_vec(),
        };
        dependencies.push(TOKIO.to_owned());
        dependencies
    }
}

/// As both READMEs have it.
const TOKIO: &str = r#"tokio = { version = "*", features = ["macros", "rt-multi-thread"] }"#;

fn at(name: &str, folder: &Path) -> Dependency {
    format!("{name} = {{ path = {:?} }}", folder)
}

fn locked(name: &str) -> Dependency {
    format!("{name} = \"*\"")
}
