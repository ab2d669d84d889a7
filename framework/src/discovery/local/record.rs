//! The file of one who serves: it is there, and locked, for as long as he is.
//! It refuses to be seen half-written, and to outlive its owner as anything but garbage.
//!
//! The lock is `flock`'s, which belongs to the open file: the kernel lets go of it when the last descriptor is closed,
//! however the process ends. A child that was forked without `exec` has such a descriptor, too, and keeps the lock
//! until it ends. Locks of POSIX would go with the first descriptor of the file that the process closes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::place::{is_at, named, not_a_name};
use crate::discovery::Instance;
use crate::discovery::instance::LONGEST_RECORD;

/// How the names of records end.
pub(super) const SUFFIX: &str = ".json";

/// How the names end, after a dot, of records that are being written.
pub(super) const TEMPORARY: &str = ".tmp";

/// A record that is there. Dropping it takes it away.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    /// Locked.
    file: File,
}

impl Record {
    /// Writes the record into the directory of a service. It appears there whole, and locked.
    #[inline]
    pub(super) fn publish(dir: &Path, instance: &Instance) -> io::Result<Self> {
        let id = instance.id();
        if let Some(why) = not_a_name(id) {
            let what = format!("{id:?} cannot be the id of a record: {why}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let json = instance.to_json();
        if json.len() > LONGEST_RECORD {
            let what = format!("the record of {instance} has more than {LONGEST_RECORD} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let temporary = dir.join(format!(".{id}{TEMPORARY}"));
        let path = dir.join(format!("{id}{SUFFIX}"));
        let file = write(&temporary, &json)
            .and_then(|file| fs::rename(&temporary, &path).map(|()| file))
            .map_err(|why| {
                let _ = fs::remove_file(&temporary);
                named(&path, "cannot be written", why)
            })?;
        Ok(Self { path, file })
    }

    /// Replaces the record by another of the same id: a new file, locked before the old one is gone.
    #[inline]
    pub(super) fn update(&mut self, instance: &Instance) -> io::Result<()> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let new = Self::publish(dir, instance)?;
        // The old one has the same path: it must not take the new one away.
        let old = std::mem::replace(self, new);
        old.forget();
        Ok(())
    }

    /// Is it still what stands at its path? Others may have cleaned up.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        is_at(&self.path, &self.file)
    }

    /// A second descriptor of the file, as a child has it that was forked.
    #[cfg(test)]
    #[inline]
    pub(super) fn descriptor(&self) -> File {
        self.file.try_clone().unwrap()
    }

    /// Closes the file and leaves what stands at its path.
    #[inline]
    pub(super) fn forget(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for Record {
    #[inline]
    fn drop(&mut self) {
        // While it is locked, so that nobody sees it as one of the dead.
        if self.is_there() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[inline]
fn write(path: &Path, json: &str) -> io::Result<File> {
    let open = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
    };
    let mut file = match open() {
        // Ids are of one process each: it is ours, of an update that failed half-way.
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            open()?
        }
        opened => opened?,
    };
    file.try_lock()?;
    file.write_all(json.as_bytes())?;
    Ok(file)
}
