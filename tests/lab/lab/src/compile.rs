//! Builds peers with cargo, in release.
//!
//! It takes the binaries' paths from cargo itself, and guesses none.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use lab_common::Failure;
use serde_json::Value;

use crate::contender::Contender;

/// Programs that stand on the same crates: built one by one they would have most of those built each time, for cargo
/// takes the features that those ask for whom it builds, and not all of these ask for the same.
const TOGETHER: [&str; 3] = ["lab-attacker", "lab-model", "lab-sim"];

/// The lab's own folder.
pub(crate) fn home() -> &'static Path {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR"));
    driver.parent().unwrap_or(driver)
}

/// The root of the project.
pub(crate) fn top() -> PathBuf {
    let top = home().ancestors().nth(2).unwrap_or(home());
    top.to_owned()
}

/// Builds the peer called `peer`; as [`peers`].
///
/// # Errors
/// Those of [`peers`].
pub(crate) fn peer(lab: &Path, target: Option<&Path>, peer: &str) -> Result<Contender, Failure> {
    let mut built = peers(lab, target, &[peer])?;
    built
        .pop()
        .ok_or_else(|| Failure::new(format!("cargo built no {peer}")))
}

/// Builds the peers called `peers` of the lab in `lab`, into `target` if said.
///
/// # Errors
/// When cargo fails; its own messages have gone to standard error.
pub(crate) fn peers(
    lab: &Path,
    target: Option<&Path>,
    peers: &[&str],
) -> Result<Vec<Contender>, Failure> {
    let packages: Vec<_> = peers
        .iter()
        .map(|peer| format!("lab-peer-{peer}"))
        .collect();
    let executables = build(lab, target, &packages)?;
    let find = |name: String| find(&executables, &name);
    let contender = |(peer, package): (&&str, &String)| {
        Ok(Contender {
            name: (*peer).to_owned(),
            timed: find(package.clone())?,
            counted: find(format!("{package}-counted"))?,
        })
    };
    peers.iter().zip(&packages).map(contender).collect()
}

/// Builds the package of the lab that is called `name`, and gives its program of that name.
///
/// # Errors
/// When cargo fails; its own messages have gone to standard error.
pub(crate) fn program(name: &str) -> Result<PathBuf, Failure> {
    find(&build_own(name)?, name)
}

/// Builds the package of the lab that is called `package`, and gives its programs of these names.
///
/// # Errors
/// When cargo fails; its own messages have gone to standard error.
pub(crate) fn programs<const N: usize>(
    package: &str,
    names: [&str; N],
) -> Result<[PathBuf; N], Failure> {
    let executables = build_own(package)?;
    let mut found = Vec::with_capacity(N);
    for name in names {
        found.push(find(&executables, name)?);
    }
    let found = <[PathBuf; N]>::try_from(found);
    found.map_err(|_| Failure::new(format!("cargo built not all of {package}")))
}

/// Builds a package of this lab, and gives at least its programs.
fn build_own(package: &str) -> Result<Vec<PathBuf>, Failure> {
    if TOGETHER.contains(&package) {
        return build(home(), None, &TOGETHER.map(str::to_owned));
    }
    build(home(), None, &[package.to_owned()])
}

/// Builds packages, and gives all programs of theirs.
fn build(lab: &Path, target: Option<&Path>, packages: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--release",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.arg("--manifest-path").arg(lab.join("Cargo.toml"));
    if let Some(target) = target {
        cargo.arg("--target-dir").arg(target);
    }
    for package in packages {
        cargo.args(["--package", package]);
    }
    let built = cargo.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(Failure::new(format!(
            "cargo could not build {}",
            packages.join(", ")
        )));
    }
    let told = String::from_utf8_lossy(&built.stdout);
    Ok(told.lines().filter_map(executable).collect())
}

fn find(executables: &[PathBuf], name: &str) -> Result<PathBuf, Failure> {
    let found = executables
        .iter()
        .find(|path| path.file_stem().is_some_and(|stem| *stem == *name));
    found
        .cloned()
        .ok_or_else(|| Failure::new(format!("cargo built no {name}")))
}

fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}
