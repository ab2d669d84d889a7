//! Slots: the one that a server was given, or the lowest that is free, and the same one again after a restart.
//! It refuses to give one to two, and to promise one to somebody who is away: the next to come takes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::place;

/// Below the registry directory; no service can have this name.
const FOLDER: &str = ".slots";

/// Slots of a service.
const MOST: u32 = 4096;

/// Bytes of who has a slot that are told to those who wait for it.
const LONGEST_OWNER: u64 = 300;

/// A slot that nobody else has until this is dropped or lets go of it.
#[derive(Debug)]
pub(super) struct Slot {
    name: String,
    path: PathBuf,
    /// Nothing once it is let go of.
    locked: Option<File>,
}

impl Slot {
    /// The lowest one that is free, for this owner.
    #[inline]
    pub(super) fn lowest(root: &Path, service: &str, owner: &str) -> io::Result<Self> {
        let dir = place::of_service(&root.join(FOLDER), service)?;
        for number in 0..MOST {
            if let Some(slot) = Self::take(&dir, number.to_string(), owner)? {
                return Ok(slot);
            }
        }
        let what = format!("all {MOST} slots of {service} are taken");
        Err(io::Error::new(io::ErrorKind::QuotaExceeded, what))
    }

    /// The one of this name, for this owner.
    ///
    /// # Errors
    /// `ResourceBusy` where another one has it, whom it names.
    #[inline]
    pub(super) fn given(root: &Path, service: &str, name: &str, owner: &str) -> io::Result<Self> {
        let dir = place::of_service(&root.join(FOLDER), service)?;
        let slot = Self::take(&dir, name.to_owned(), owner)?;
        slot.ok_or_else(|| {
            let by = whose(&dir.join(file_name(name)));
            let what = format!(
                "slot {name:?} of {service} is taken by {by}; it is free when that one leaves, or give each server \
                 its own (Server::slot, SINEW_SLOT)"
            );
            io::Error::new(io::ErrorKind::ResourceBusy, what)
        })
    }

    /// The slot, unless another one has it.
    #[inline]
    fn take(dir: &Path, name: String, owner: &str) -> io::Result<Option<Self>> {
        let path = dir.join(file_name(&name));
        // Never removed by anybody here: two might have one slot then, one by the file that is gone.
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|why| place::named(&path, "cannot be made", why))?;
        match file.try_lock() {
            Ok(()) => {
                // For those who wait for it; the lock alone counts.
                let _ = file
                    .set_len(0)
                    .and_then(|()| file.write_all(owner.as_bytes()));
                Ok(Some(Self {
                    name,
                    path,
                    locked: Some(file),
                }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(place::named(&path, "cannot be locked", why)),
        }
    }

    #[inline]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Is it still the one that others find taken? Somebody may have removed the directory.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        let locked = self.locked.as_ref();
        locked.is_some_and(|locked| place::is_at(&self.path, locked))
    }

    /// Whoever comes next may have it.
    #[inline]
    pub(super) fn let_go(&mut self) {
        self.locked = None;
    }
}

/// The name of a slot's file. That of a slot is any text: what is not plain is written as in a URL.
#[inline]
fn file_name(slot: &str) -> String {
    let mut name = String::with_capacity(slot.len());
    for (at, byte) in slot.bytes().enumerate() {
        match byte {
            b'.' if at > 0 => name.push('.'),
            b'_' | b'-' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

/// Who has a slot, as he wrote it.
#[inline]
fn whose(path: &Path) -> String {
    let mut owner = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_OWNER).read_to_end(&mut owner));
    match read {
        Ok(bytes) if bytes > 0 => String::from_utf8_lossy(&owner).into_owned(),
        _ => "another server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::local::tests::Folder;

    #[test]
    fn the_lowest_free_one_is_taken() {
        let folder = Folder::new();
        let claim = |service| Slot::lowest(folder.path(), service, "a test").unwrap();
        let (a, b, c) = (claim("x"), claim("x"), claim("x"));
        assert_eq!([a.name(), b.name(), c.name()], ["0", "1", "2"]);
        assert_eq!(claim("y").name(), "0");
        drop(b);
        let again = claim("x");
        assert_eq!(again.name(), "1");
        assert_eq!(claim("x").name(), "3");
    }

    #[test]
    fn one_that_is_given_is_taken_once_and_by_name() {
        let folder = Folder::new();
        let give = |name, owner| Slot::given(folder.path(), "x", name, owner);
        // Each has a file of its own in the folder.
        let names = [
            "a", "A", "%61", "a/b", "a%2Fb", ".", "..", ".a", "ä", "0", "",
        ];
        let mut files: Vec<_> = names.map(file_name).to_vec();
        files.sort();
        files.dedup();
        assert_eq!(files.len(), names.len());
        for name in &names[..names.len() - 1] {
            let mut slot = give(name, "one at a:1").unwrap();
            assert_eq!(slot.name(), *name);
            assert_eq!(slot.path.parent(), Some(&*folder.path().join(".slots/x")));
            let why = give(name, "two").unwrap_err();
            assert_eq!(why.kind(), io::ErrorKind::ResourceBusy);
            let want = format!("slot {name:?} of x is taken by one at a:1; ");
            assert!(why.to_string().starts_with(&want), "{why}");
            slot.let_go();
            assert!(!slot.is_there());
            assert!(give(name, "three").unwrap().is_there());
        }
    }

    #[test]
    fn one_that_is_removed_is_not_there_though_another_has_its_name() {
        let folder = Folder::new();
        let slot = Slot::lowest(folder.path(), "x", "a test").unwrap();
        assert!(slot.is_there());
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(!slot.is_there());
        let other = Slot::lowest(folder.path(), "x", "a test").unwrap();
        assert_eq!(other.name(), slot.name());
        assert!(other.is_there() && !slot.is_there());
    }

    #[test]
    fn many_at_once_have_one_each() {
        let folder = Folder::new();
        let claimed = std::thread::scope(|scope| {
            let claims: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Slot::lowest(folder.path(), "x", "a test").unwrap()))
                .collect();
            let claims = claims.into_iter().map(|claim| claim.join().unwrap());
            claims.collect::<Vec<_>>()
        });
        let mut names: Vec<_> = claimed.iter().map(Slot::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 8);
    }
}
