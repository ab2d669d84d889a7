//! A folder for files that a test writes; it is removed with the test.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use sinew_idl_proto::Sources;

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        for (name, text) in files {
            let path = folder.0.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            fs::write(path, text).expect("written");
        }
        folder
    }

    pub(crate) fn sources(&self, files: &[&str]) -> Sources {
        Sources {
            roots: vec![self.0.clone()],
            files: files.iter().map(PathBuf::from).collect(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Another test may not care whether this one left something behind.
        let _ = fs::remove_dir_all(&self.0);
    }
}
