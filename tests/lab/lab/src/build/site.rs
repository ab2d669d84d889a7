//! A package of its own for each side, outside of every workspace, as a user would have it.
//!
//! It lays out and removes files in the lab's target folder, and builds nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use lab_common::Failure;

use super::{
    cargo,
    side::Side,
    world::{self, Source},
};
use crate::compile::home;

/// What stands in a package.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The package's name.
    pub(crate) name: String,
    /// What it depends on, as lines of a manifest.
    pub(crate) dependencies: Vec<String>,
    /// Further sections of the manifest.
    pub(crate) manifest: &'static str,
    /// The build script, if it is not the side's own for all files below `proto`.
    pub(crate) build_script: Option<&'static str>,
    /// Files below `src`, with what is in them.
    pub(crate) sources: Vec<(&'static str, &'static str)>,
    /// The files below `proto`.
    pub(crate) protos: Vec<Source>,
}

/// A package that is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The package's name.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The target folder, which all packages of a side share unless they say otherwise.
    pub(crate) target: PathBuf,
}

impl Site {
    /// Lays a package of `side` out, in place of what was there before, and fetches what it needs.
    ///
    /// # Errors
    /// When the file system or cargo says no.
    pub(crate) fn lay_out(side: &Side, plan: &Plan) -> Result<Self, Failure> {
        let side_folder = home().join("target/builds").join(side.folder());
        let site = Self {
            name: plan.name.clone(),
            folder: side_folder.join(&plan.name),
            target: side_folder.join("target"),
        };
        fs::create_dir_all(site.folder.join("src"))?;
        fs::write(site.folder.join("Cargo.toml"), manifest(side, plan))?;
        let build_script = plan.build_script.unwrap_or(side.build_script());
        fs::write(site.folder.join("build.rs"), build_script)?;
        for (name, text) in &plan.sources {
            let path = site.folder.join("src").join(name);
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(path, text)?;
        }
        world::lay_out(&plan.protos, &site.proto())?;
        // The lab's own versions; cargo takes out what this package does not need.
        fs::copy(side.lockfile(), site.folder.join("Cargo.lock"))?;
        cargo::fetch(&site.folder)?;
        Ok(site)
    }

    /// The root of its `.proto` files.
    pub(crate) fn proto(&self) -> PathBuf {
        self.folder.join("proto")
    }

    /// Says something else in its library, as an author who edits it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn edit(&self, library: &str) -> Result<(), Failure> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let moment = now.map(|now| now.as_nanos()).unwrap_or_default();
        let text =
            format!("{library}\n/// When this was edited.\npub const EDITED: u128 = {moment};\n");
        fs::write(self.folder.join("src/lib.rs"), text)?;
        Ok(())
    }

    /// Removes what the compiler remembers of this package from one run to the next.
    ///
    /// # Errors
    /// When it remembers nothing, so that nobody takes a second look for a first one.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        let remembered = self.target.join("debug/incremental");
        let prefix = format!("{}-", self.name.replace('-', "_"));
        let mut is_found = false;
        for entry in fs::read_dir(&remembered)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())?;
                is_found = true;
            }
        }
        let nothing = || format!("nothing of {} is in {}", self.name, remembered.display());
        is_found
            .then_some(())
            .ok_or_else(|| Failure::new(nothing()))
    }

    /// Removes a folder, which need not be there.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub(crate) fn remove(folder: &Path) -> Result<(), Failure> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        Ok(())
    }
}

fn manifest(side: &Side, plan: &Plan) -> String {
    let Plan { name, manifest, .. } = plan;
    let (dependencies, of_script) = (
        plan.dependencies.join("\n"),
        side.build_dependencies().join("\n"),
    );
    format!(
        "# Laid out by the lab.\n\
         [package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\n{dependencies}\n\n\
         [build-dependencies]\n{of_script}\n\n\
         [workspace]\n{manifest}"
    )
}
