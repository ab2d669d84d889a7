//! A folder of its own in which inputs lie as files: the compiler reads and writes files, and is tried as it is used.
//! It refuses to keep what an earlier input left behind.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::Archive;

/// A folder for one input after the other; it is removed when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    written: BTreeSet<String>,
}

impl Folder {
    /// A new folder below `parent`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn below(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("sinew-fuzz-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("proto"))?;
        Ok(Self {
            path,
            written: BTreeSet::new(),
        })
    }

    /// The include root.
    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("proto")
    }

    /// Where a descriptor set lies.
    pub(crate) fn set(&self) -> PathBuf {
        self.path.join("set.binpb")
    }

    /// Where generated code goes.
    pub(crate) fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// Holds the files of `archive`, and no others.
    pub(crate) fn hold(&mut self, archive: &Archive) -> io::Result<()> {
        let root = self.root();
        let gone = self
            .written
            .iter()
            .filter(|name| !archive.files.contains_key(*name));
        for name in gone {
            fs::remove_file(root.join(name))?;
        }
        self.written.clear();
        for (name, text) in &archive.files {
            let path = root.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, text)?;
            self.written.insert(name.clone());
        }
        Ok(())
    }

    /// The files that were generated, by their names.
    pub(crate) fn generated(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut found = Vec::new();
        let mut folders = vec![self.out()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.path).unwrap_or(&path);
                    found.push((name.display().to_string(), fs::read(&path)?));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody can act on what is left in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}
