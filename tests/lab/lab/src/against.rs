//! Another revision of ours as one more contender.
//!
//! The revision's files are laid out in the target folder, never in the working tree, and nothing is
//! registered in the repository: a run that is broken off leaves only files that are ignored.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use lab_common::Failure;

use crate::{
    build::side::Side,
    compile::{home, peer, top},
    contender::{Contender, OURS},
};

/// A revision that git knows.
#[derive(Debug)]
pub(crate) struct Revision {
    name: String,
    commit: String,
}

impl Revision {
    /// Looks `name` up.
    ///
    /// # Errors
    /// When git knows no such revision.
    pub(crate) fn find(name: &str) -> Result<Self, Failure> {
        let parsed = Command::new("git")
            .current_dir(home())
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{name}^{{commit}}"))
            .output()?;
        if !parsed.status.success() {
            return Err(Failure::new(format!("git knows no revision `{name}`")));
        }
        let commit = String::from_utf8_lossy(&parsed.stdout).trim().to_owned();
        Ok(Self {
            name: name.to_owned(),
            commit,
        })
    }
}

/// Builds ours as of a revision.
///
/// Today's lab is put onto that revision's framework, so that load and counting are the same; where
/// that does not compile (a public name has changed), the revision's own lab is taken.
///
/// # Errors
/// When neither lab compiles there.
pub(crate) fn contender(revision: &Revision) -> Result<Contender, Failure> {
    let Revision { name, commit } = revision;
    let (tree, build) = (tree(commit), home().join("target/against/build"));
    lay_out(commit, &tree)?;
    let lab = tree.join("tests/lab");
    copy(home(), &lab)?;
    let built = peer(&lab, Some(&build), OURS).or_else(|_| {
        eprintln!("lab: today's lab does not fit {name}; taking the one of {name}");
        fs::remove_dir_all(&lab)?;
        lay_out(commit, &tree)?;
        peer(&lab, Some(&build), OURS)
    });
    let ours = built.map_err(|failure| failure.during(format!("building ours at {name}")))?;
    Ok(Contender {
        name: format!("{OURS}@{name}"),
        ..ours
    })
}

/// Ours of a revision in experiments on builds: its framework and its generator.
///
/// # Errors
/// When its files cannot be laid out.
pub(crate) fn side(revision: &Revision) -> Result<Side, Failure> {
    let Revision { name, commit } = revision;
    let tree = tree(commit);
    lay_out(commit, &tree)?;
    Ok(Side::ours(&format!("{OURS}@{name}"), &tree))
}

/// Where the files of a commit are.
fn tree(commit: &str) -> PathBuf {
    home().join("target/against").join(commit)
}

/// Writes the files of `commit` into `tree`.
fn lay_out(commit: &str, tree: &Path) -> Result<(), Failure> {
    fs::create_dir_all(tree)?;
    let mut git = Command::new("git")
        .current_dir(top())
        .args(["archive", "--format=tar", commit])
        .stdout(Stdio::piped())
        .spawn()?;
    let archive = git
        .stdout
        .take()
        .ok_or_else(|| Failure::new("git archive has no output"))?;
    // `m`: the files get the time of now, or cargo would take an older revision for built.
    let untarred = Command::new("tar")
        .arg("-xmf-")
        .arg("-C")
        .arg(tree)
        .stdin(archive)
        .status()?;
    if !(git.wait()?.success() && untarred.success()) {
        return Err(Failure::new(format!(
            "could not lay out {commit} in {}",
            tree.display()
        )));
    }
    Ok(())
}

/// Copies a folder's files, without what was built in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, sink) = (entry.path(), to.join(entry.file_name()));
        if !entry.file_type()?.is_dir() {
            fs::copy(source, sink)?;
        } else if entry.file_name() != "target" {
            copy(&source, &sink)?;
        }
    }
    Ok(())
}
