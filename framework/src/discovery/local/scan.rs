//! The records in the directory of a service: whose owner is alive, and what each says.
//! It refuses to wait for anything, and to take a lock that would keep an owner or another reader from his.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::io::Errno;

use super::place::{is_trusted, not_a_name, uid};
use super::record::{SUFFIX, TEMPORARY};
use crate::discovery::Instance;
use crate::discovery::instance::LONGEST_RECORD;
use crate::observe;

/// Files that nobody has locked are removed when they are so old: a record is locked before it has its name, so it can
/// be no other's but a dead one's, or one that somebody wrote by hand.
pub(super) const GARBAGE: Duration = Duration::from_secs(30);

/// Files that are looked at in one directory; the rest is left alone.
const MOST_FILES: usize = 65_536;

/// How often a record is opened anew that is replaced while it is looked at.
const TRIES: usize = 16;

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Names(HashSet<OsString>),
}

/// Who is there, as far as was looked.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<OsString, Known>);

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    /// Nothing where the record is wrong: that was said.
    instance: Option<Arc<Instance>>,
}

/// What changes with a file's content: records are replaced by new files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: i64,
    modified_nanos: i64,
}

/// What came of looking.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) is_changed: bool,
    /// Those that are as they were, though something happened to them: an owner's last descriptor is told of before his
    /// lock is gone.
    pub(super) doubtful: HashSet<OsString>,
}

impl Seen {
    pub(super) fn instances(&self) -> Vec<Arc<Instance>> {
        let known = self.0.values();
        known.filter_map(|known| known.instance.clone()).collect()
    }

    /// Looks at files; where it looks at all of them it also removes what is left of the dead.
    pub(super) fn look(&mut self, dir: &Path, which: &Which) -> io::Result<Looked> {
        let mut looked = Looked::default();
        match which {
            Which::Names(names) => {
                for name in names.iter().filter(|name| is_record(name)) {
                    self.look_at(dir, name, &mut looked)?;
                }
            }
            Which::All => {
                let mut names = HashSet::new();
                for entry in fs::read_dir(dir)?.take(MOST_FILES) {
                    let name = entry?.file_name();
                    if is_record(&name) {
                        names.insert(name);
                    } else if is_temporary(&name) {
                        sweep(&dir.join(name));
                    }
                }
                let before = self.0.len();
                self.0.retain(|name, _| names.contains(name));
                looked.is_changed |= self.0.len() != before;
                for name in &names {
                    self.look_at(dir, name, &mut looked)?;
                    if !self.0.contains_key(name) {
                        sweep(&dir.join(name));
                    }
                }
                looked.doubtful.clear();
            }
        }
        Ok(looked)
    }

    fn look_at(&mut self, dir: &Path, name: &OsStr, looked: &mut Looked) -> io::Result<()> {
        let path = dir.join(name);
        let Some((file, meta)) = alive(&path)? else {
            looked.is_changed |= self.0.remove(name).is_some();
            return Ok(());
        };
        let stamp = Stamp::of(&meta);
        if self.0.get(name).is_some_and(|known| known.stamp == stamp) {
            looked.doubtful.insert(name.to_owned());
            return Ok(());
        }
        looked.is_changed = true;
        let instance = match read(&file, name) {
            Ok(instance) => Some(Arc::new(instance)),
            Err(why) => {
                observe::record_refused(&path, &why);
                None
            }
        };
        self.0.insert(name.to_owned(), Known { stamp, instance });
        Ok(())
    }
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self {
            inode: meta.ino(),
            length: meta.len(),
            modified: meta.mtime(),
            modified_nanos: meta.mtime_nsec(),
        }
    }
}

/// Removes a record that nobody holds and that is old. What is no record is not ours to remove.
pub(super) fn sweep(path: &Path) {
    let is_old = |meta: &Metadata| {
        let age = meta
            .modified()
            .map(|at| SystemTime::now().duration_since(at));
        matches!(age, Ok(Ok(age)) if age >= GARBAGE)
    };
    let is_old_file = |meta: Metadata| {
        let is_trusted = uid().is_ok_and(|uid| is_trusted(meta.uid(), uid));
        meta.is_file() && is_trusted && is_old(&meta)
    };
    let is_garbage = fs::symlink_metadata(path).is_ok_and(is_old_file)
        && matches!(alive(path), Ok(None))
        && is_ours(path);
    if is_garbage {
        let _ = fs::remove_file(path);
    }
}

/// Is it a record, by its content and its name, or what was to become one?
fn is_ours(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    if is_record(name) {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags())
            .open(path);
        return file.is_ok_and(|file| read(&file, name).is_ok());
    }
    let id = name.to_str().and_then(|name| name.strip_prefix('.'));
    let id = id.and_then(|name| name.strip_suffix(TEMPORARY));
    id.is_some_and(|id| not_a_name(id).is_none())
}

fn is_record(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.ends_with(SUFFIX.as_bytes()) && !bytes.starts_with(b".")
}

/// A record that was still being written.
fn is_temporary(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.ends_with(TEMPORARY.as_bytes()) && bytes.starts_with(b".")
}

/// The file, if it is one whose owner lives.
fn alive(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags());
    for _ in 0..TRIES {
        let file = match options.open(path) {
            Ok(file) => file,
            // Without descriptors nothing can be said of anybody.
            Err(why) if is_of_the_process(&why) => return Err(why),
            // Gone, a link, or not for us: nobody's record.
            Err(_) => return Ok(None),
        };
        let meta = file.metadata()?;
        // Another user's was moved here from where he may write: he would say where calls go.
        if !meta.is_file() || !is_trusted(meta.uid(), uid()?) {
            return Ok(None);
        }
        // A shared lock and for a moment: readers do not keep each other from it, and an owner has his before anybody
        // can read. Opened for reading alone, so that closing it is no event for those who watch.
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Ok(Some((file, meta))),
            Err(TryLockError::Error(why)) => return Err(why),
            // It was replaced after it was opened: its owner has let go of this one alone.
            Ok(()) if file.metadata()?.nlink() == 0 => {}
            Ok(()) => return Ok(None),
        }
    }
    Ok(None)
}

/// No link is followed, and no pipe waited for.
fn flags() -> i32 {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    flags.bits().cast_signed()
}

/// It is this process that cannot open it now.
fn is_of_the_process(why: &io::Error) -> bool {
    let errno = Errno::from_io_error(why);
    errno.is_some_and(|errno| matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOMEM))
}

fn read(file: &File, name: &OsStr) -> Result<Instance, String> {
    let mut text = String::new();
    let most = LONGEST_RECORD as u64 + 1;
    let mut some = file.take(most);
    some.read_to_string(&mut text)
        .map_err(|why| why.to_string())?;
    let instance = Instance::from_json(&text).map_err(|why| why.to_string())?;
    let named = format!("{}{SUFFIX}", instance.id());
    if name != OsStr::new(&named) {
        let id = instance.id();
        return Err(format!("its id is {id:?}, and its name is another"));
    }
    Ok(instance)
}
