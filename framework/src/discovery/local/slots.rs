//! Slots for those who were given none: the lowest that is free, and the same one again after a restart.
//! It refuses to promise a slot to one who is away: the next to come takes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::place;

/// Below the registry directory; no service can have this name.
const FOLDER: &str = ".slots";

/// Slots of a service.
const MOST: u32 = 4096;

/// A slot that nobody else has while this lives.
#[derive(Debug)]
pub(super) struct Slot {
    number: u32,
    path: PathBuf,
    locked: File,
}

impl Slot {
    /// The lowest one that is free.
    pub(super) fn claim(root: &Path, service: &str) -> io::Result<Self> {
        let dir = place::of_service(&root.join(FOLDER), service)?;
        for number in 0..MOST {
            let path = dir.join(number.to_string());
            // Never removed by anybody here: two might have one slot then, one by the file that is gone.
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(|why| place::named(&path, "cannot be made", why))?;
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        number,
                        path,
                        locked: file,
                    });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(why)) => {
                    return Err(place::named(&path, "cannot be locked", why));
                }
            }
        }
        let what = format!("all {MOST} slots of {service} are taken");
        Err(io::Error::new(io::ErrorKind::QuotaExceeded, what))
    }

    pub(super) fn name(&self) -> String {
        self.number.to_string()
    }

    /// Is it still the one that others find taken? Somebody may have removed the directory.
    pub(super) fn is_there(&self) -> bool {
        place::is_at(&self.path, &self.locked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::local::tests::Folder;

    #[test]
    fn the_lowest_free_one_is_taken() {
        let folder = Folder::new();
        let claim = |service| Slot::claim(folder.path(), service).unwrap();
        let (a, b, c) = (claim("x"), claim("x"), claim("x"));
        assert_eq!([a.name(), b.name(), c.name()], ["0", "1", "2"]);
        assert_eq!(claim("y").name(), "0");
        drop(b);
        let again = claim("x");
        assert_eq!(again.name(), "1");
        assert_eq!(claim("x").name(), "3");
    }

    #[test]
    fn one_that_is_removed_is_not_there_though_another_has_its_name() {
        let folder = Folder::new();
        let slot = Slot::claim(folder.path(), "x").unwrap();
        assert!(slot.is_there());
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(!slot.is_there());
        let other = Slot::claim(folder.path(), "x").unwrap();
        assert_eq!(other.name(), slot.name());
        assert!(other.is_there() && !slot.is_there());
    }

    #[test]
    fn many_at_once_have_one_each() {
        let folder = Folder::new();
        let claimed = std::thread::scope(|scope| {
            let claims: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Slot::claim(folder.path(), "x").unwrap()))
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
