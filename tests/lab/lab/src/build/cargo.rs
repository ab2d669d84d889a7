//! cargo on a package of its own, and what it says that it did.
//!
//! It counts what cargo tells and guesses nothing from the target folder. Whatever the surroundings
//! set for cargo's profiles is taken away: the experiments are about defaults.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    process::Command,
};

use lab_common::Failure;
use serde_json::Value;

use super::cost::{self, Cost};

/// What would change how things are built: set in CI, and by whoever tunes their own builds.
const TUNING: [&str; 9] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];

/// What cargo did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Did {
    /// Crates that were compiled; one that was compiled twice counts once.
    pub(crate) crates: BTreeSet<String>,
    /// Runs of the compiler.
    pub(crate) compiled: usize,
    /// Runs of build scripts.
    pub(crate) scripts: usize,
    /// The programs that are there now.
    pub(crate) programs: Vec<PathBuf>,
    /// The build script of each package, by its identifier.
    pub(crate) build_scripts: Vec<(String, PathBuf)>,
    /// The folder that each build script writes to, by the package's identifier.
    pub(crate) out_dirs: Vec<(String, PathBuf)>,
}

/// Runs `cargo WORDS…` on the package in `folder`, which has `target` for its target folder.
///
/// # Errors
/// When cargo fails.
pub(crate) fn cargo(folder: &Path, target: &Path, words: &[&str]) -> Result<(Cost, Did), Failure> {
    let mut command = bare(folder);
    command.args(words).arg("--target-dir").arg(target).args([
        "--locked",
        "--offline",
        "--verbose",
        "--message-format=json-render-diagnostics",
    ]);
    let (cost, said) = cost::run(&mut command, &log(folder))?;
    Ok((cost, did(&said.out, &said.err)))
}

/// Downloads what the package in `folder` needs, and completes its lockfile.
///
/// # Errors
/// When cargo fails.
pub(crate) fn fetch(folder: &Path) -> Result<(), Failure> {
    cost::run(bare(folder).arg("fetch"), &log(folder))?;
    Ok(())
}

/// Beside the package, not in it: cargo runs a script again that names no files when any file of its
/// package has changed.
fn log(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

fn bare(folder: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    for (name, _) in env::vars_os() {
        if TUNING
            .iter()
            .any(|tuning| name.to_string_lossy().starts_with(tuning))
        {
            command.env_remove(name);
        }
    }
    command
}

fn did(out: &str, err: &str) -> Did {
    let mut did = Did::default();
    for message in out
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let package = text("package_id");
        match message["reason"].as_str() {
            Some("compiler-artifact") => {
                let is_script = message["target"]["kind"][0] == "custom-build";
                let file = message["filenames"][0].as_str().map(PathBuf::from);
                if let Some(file) = file.filter(|_| is_script) {
                    did.build_scripts.push((package.clone(), file));
                }
                did.programs.extend(
                    message["executable"]
                        .as_str()
                        .filter(|_| !is_script)
                        .map(PathBuf::from),
                );
                if message["fresh"] == false {
                    did.compiled += 1;
                    did.crates.insert(package);
                }
            }
            Some("build-script-executed") => {
                did.out_dirs.push((package, PathBuf::from(text("out_dir"))));
            }
            _ => {}
        }
    }
    // Nothing but its verbose words tells a script that ran from one that did not have to.
    let ran = |line: &&str| {
        line.trim_start().starts_with("Running `") && line.contains("build-script-build`")
    };
    did.scripts = err.lines().filter(ran).count();
    did
}

impl Did {
    /// The build script of the package called `name`.
    ///
    /// # Errors
    /// When cargo told of none.
    pub(crate) fn build_script(&self, name: &str) -> Result<&Path, Failure> {
        of(&self.build_scripts, name, "build script")
    }

    /// The folder that the build script of the package called `name` writes to.
    ///
    /// # Errors
    /// When cargo told of none.
    pub(crate) fn out_dir(&self, name: &str) -> Result<&Path, Failure> {
        of(&self.out_dirs, name, "output folder")
    }
}

/// Identifiers of packages in a folder are `path+file:///folder#name@version`, or without the name
/// when the folder has it.
fn of<'a>(all: &'a [(String, PathBuf)], name: &str, what: &str) -> Result<&'a Path, Failure> {
    let named = all.iter().find(|(package, _)| {
        package.contains(&format!("#{name}@")) || package.contains(&format!("/{name}#"))
    });
    named
        .map(|(_, path)| path.as_path())
        .ok_or_else(|| Failure::new(format!("cargo told of no {what} of {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cargo prints them, but for the line breaks within.
    const OUT: [&str; 6] = [
        r#"{"reason":"compiler-artifact","package_id":"x#a@1.0.0","target":{"kind":["lib"]},"fresh":false}"#,
        r#"{"reason":"compiler-artifact","package_id":"x#a@1.0.0","target":{"kind":["lib"]},"fresh":false}"#,
        r#"{"reason":"compiler-artifact","package_id":"/hello#0.0.0","target":{"kind":["custom-build"]},
            "filenames":["/t/build-script-build"],"fresh":true}"#,
        r#"{"reason":"build-script-executed","package_id":"/hello#0.0.0","out_dir":"/t/out"}"#,
        r#"{"reason":"compiler-artifact","package_id":"/hello#0.0.0","target":{"kind":["bin"]},
            "executable":"/t/server","fresh":true}"#,
        r#"{"reason":"build-finished","success":true}"#,
    ];

    #[test]
    fn counts_what_cargo_tells() {
        let err = "       Fresh a v1.0.0\n     Running `rustc --crate-name a`\n     Running `/t/build-script-build`\n";
        let did = did(&OUT.map(|line| line.replace('\n', "")).join("\n"), err);
        assert_eq!((did.crates.len(), did.compiled, did.scripts), (1, 2, 1));
        assert_eq!(did.programs, [Path::new("/t/server")]);
        let script = did.build_script("hello").ok();
        assert_eq!(script, Some(Path::new("/t/build-script-build")));
        assert_eq!(did.out_dir("hello").ok(), Some(Path::new("/t/out")));
        assert!(did.out_dir("hell").is_err());
    }
}
