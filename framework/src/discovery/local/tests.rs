//! The registry directory, with files as others may leave them, and with processes that die.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::record::Record;
use super::scan::GARBAGE;
use super::*;
use crate::discovery::{Directory, Found, Instance, Source};
use crate::observe::{Observer, Recorder};

mod processes;
mod registering;
#[cfg(target_os = "linux")]
mod watching;

/// A directory of one test, which goes with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sinew-local-{}-{next}", std::process::id());
        let path = std::env::temp_dir().join(name);
        place::prepare(&path, place::uid().unwrap()).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn service(&self) -> PathBuf {
        place::of_service(&self.0, SERVICE).unwrap()
    }

    fn directory(&self) -> Directory {
        self.observed(Observer::default(), false)
    }

    fn observed(&self, observer: Observer, is_deaf: bool) -> Directory {
        let local = Local {
            root: Some(self.0.clone()),
            service: SERVICE.to_owned(),
            is_deaf,
        };
        Directory::start(&Source::new("local:///test", local), observer)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SERVICE: &str = "shop.v1.Cart";

fn instance(id: &str) -> Instance {
    let target = "http://127.0.0.1:1".parse().unwrap();
    Instance::new(target).with_id(id).with_slot(id)
}

fn ids(found: &Found) -> String {
    let members = found.members.iter().map(|member| member.instance.id());
    members.collect::<Vec<_>>().join(" ")
}

/// Waits until this is found.
async fn until(directory: &mut Directory, want: &str) {
    let waiting = async {
        while ids(&directory.current()) != want || !directory.current().is_known {
            directory.changed().await;
        }
    };
    let found = timeout(Duration::from_secs(20), waiting).await;
    assert!(
        found.is_ok(),
        "{want:?}, not {:?}",
        ids(&directory.current())
    );
}

/// Looks at all; who is there?
fn look(dir: &Path) -> String {
    let mut seen = Seen::default();
    seen.look(dir, &Which::All).unwrap();
    let instances = seen.instances();
    let mut ids: Vec<_> = instances.iter().map(|one| one.id()).collect();
    ids.sort_unstable();
    ids.join(" ")
}

#[tokio::test]
async fn who_comes_and_goes_is_seen() {
    let folder = Folder::new();
    // The client is there first: it makes the directory.
    let mut directory = folder.directory();
    until(&mut directory, "").await;
    let dir = folder.service();
    let a = Record::publish(&dir, &instance("a")).unwrap();
    until(&mut directory, "a").await;
    let mut b = Record::publish(&dir, &instance("b")).unwrap();
    until(&mut directory, "a b").await;
    drop(a);
    until(&mut directory, "b").await;
    b.update(&instance("b").with_weight(7)).unwrap();
    let waiting = async {
        while directory.current().members[0].instance.weight() != 7 {
            directory.changed().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), waiting).await.is_ok());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    drop(b);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

/// A lock may be there a moment longer than its owner.
#[tokio::test(start_paused = true)]
async fn a_file_to_which_something_happened_is_looked_at_again_and_not_for_ever() {
    let folder = Folder::new();
    let dir = folder.service();
    let _a = Record::publish(&dir, &instance("a")).unwrap();
    let mut seen = Seen::default();
    let names: HashSet<OsString> = ["a.json".into()].into();
    let mut look = || seen.look(&dir, &Which::Names(names.clone())).unwrap();
    assert!(look().doubtful.is_empty(), "it is new");
    let mut once_more = OnceMore {
        names: look().doubtful,
        times: 0,
    };
    assert_eq!(once_more.names, names);
    for wait in ONCE_MORE {
        let before = Instant::now();
        assert_eq!(once_more.next().await, names);
        assert_eq!(before.elapsed(), wait);
    }
    let hour = Duration::from_secs(3600);
    assert!(timeout(hour, once_more.next()).await.is_err());
    // Something happens to another one: this one is looked at with it, and from the start.
    let both = once_more.with(["b.json".into()].into());
    assert_eq!(both, ["a.json".into(), "b.json".into()].into());
    once_more.names = both.clone();
    assert_eq!(once_more.next().await, both);
}

#[test]
fn what_is_no_record_of_a_living_one_is_ignored() {
    let folder = Folder::new();
    let dir = folder.service();
    let _alive = Record::publish(&dir, &instance("alive")).unwrap();
    let locked = |name: &str, text: &str| {
        let file = File::create_new(dir.join(name)).unwrap();
        file.try_lock().unwrap();
        fs::write(dir.join(name), text).unwrap();
        file
    };
    let json = instance("x").to_json();
    let _foreign = [
        locked("half.json", &json[..json.len() / 2]),
        locked("empty.json", ""),
        locked("binary.json", "\u{0}\u{1}"),
        locked("other.json", &json),
        locked("large.json", &"x".repeat(5000)),
        locked("x.txt", &json),
        locked(".x.json", &json),
    ];
    fs::write(dir.join("x.json"), &json).unwrap();
    fs::create_dir(dir.join("dir.json")).unwrap();
    std::os::unix::fs::symlink(dir.join("alive.json"), dir.join("link.json")).unwrap();
    assert_eq!(look(&dir), "alive");
}

/// Root may give a file away; others cannot make one of another user.
#[test]
fn a_record_of_another_user_is_ignored() {
    let folder = Folder::new();
    let dir = folder.service();
    let uid = place::uid().unwrap();
    let _ours = Record::publish(&dir, &instance("ours")).unwrap();
    let _theirs = Record::publish(&dir, &instance("theirs")).unwrap();
    for (owner, is_trusted) in [(uid, true), (0, true), (uid + 1, false)] {
        assert_eq!(place::is_trusted(owner, uid), is_trusted);
    }
    let given = std::os::unix::fs::chown(dir.join("theirs.json"), Some(uid + 1), None);
    let want = if given.is_ok() { "ours" } else { "ours theirs" };
    assert_eq!(look(&dir), want);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new();
    let dir = folder.service();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.join("pipe.json"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(look(&dir), "");
}

/// With locks of POSIX, the first descriptor that this process closes would take the lock along.
#[test]
fn a_lock_outlasts_other_descriptors_of_its_process() {
    let folder = Folder::new();
    let dir = folder.service();
    let record = Record::publish(&dir, &instance("a")).unwrap();
    for _ in 0..3 {
        drop(File::open(dir.join("a.json")).unwrap());
        assert_eq!(look(&dir), "a");
    }
    record.forget();
    assert_eq!(look(&dir), "");
}

#[test]
fn those_who_look_at_once_see_the_same() {
    let folder = Folder::new();
    let dir = folder.service();
    let _alive = Record::publish(&dir, &instance("alive")).unwrap();
    Record::publish(&dir, &instance("dead")).unwrap().forget();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    assert_eq!(look(&dir), "alive");
                }
            });
        }
    });
}

#[test]
fn a_record_is_there_all_the_time_that_it_is_replaced() {
    let folder = Folder::new();
    let dir = folder.service();
    let mut record = Record::publish(&dir, &instance("a")).unwrap();
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = Seen::default();
            let names: HashSet<OsString> = ["a.json".into()].into();
            let mut changes = 0;
            for _ in 0..2000 {
                changes += u32::from(
                    seen.look(&dir, &Which::Names(names.clone()))
                        .unwrap()
                        .is_changed,
                );
                assert_eq!(seen.instances().len(), 1);
            }
            changes
        });
        let mut weight = 0;
        while !looking.is_finished() {
            weight = weight % 1000 + 1;
            record.update(&instance("a").with_weight(weight)).unwrap();
        }
        assert!(looking.join().unwrap() > 1);
    });
    assert!(record.is_there());
}

#[test]
fn what_the_dead_have_left_is_removed_when_it_is_old() {
    let folder = Folder::new();
    let dir = folder.service();
    let _alive = Record::publish(&dir, &instance("alive")).unwrap();
    Record::publish(&dir, &instance("old")).unwrap().forget();
    Record::publish(&dir, &instance("young")).unwrap().forget();
    let foreign = ["foreign.txt", "package.json", "other.json", ". .tmp"];
    for name in [&foreign[..], &[".half.tmp"]].concat() {
        fs::write(dir.join(name), "{}").unwrap();
    }
    fs::write(dir.join("other.json"), instance("x").to_json()).unwrap();
    let age = |name: &str, age| {
        let file = File::options().append(true).open(dir.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let second = Duration::from_secs(1);
    for name in [&foreign[..], &["alive.json", "old.json", ".half.tmp"]].concat() {
        age(name, GARBAGE + second);
    }
    age("young.json", GARBAGE - 5 * second);
    assert_eq!(look(&dir), "alive");
    let mut left: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    // What is no record is somebody else's.
    let mut want = [&foreign[..], &["alive.json", "young.json"]].concat();
    want.sort_unstable();
    assert_eq!(left, want);
    // With the time until all is looked at, it is gone within a minute.
    assert!(GARBAGE + LOOK_EVERY.mul_f64(1.0 + JITTER) < Duration::from_secs(60));
}

#[test]
fn an_owner_notices_that_others_have_cleaned_up() {
    let folder = Folder::new();
    let dir = folder.service();
    let mut record = Record::publish(&dir, &instance("a")).unwrap();
    assert!(record.is_there());
    fs::remove_file(dir.join("a.json")).unwrap();
    assert!(!record.is_there());
    record.update(&instance("a")).unwrap();
    assert!(record.is_there());
    assert_eq!(look(&dir), "a");
}

#[test]
fn an_id_that_is_no_name_of_a_file_is_refused() {
    let folder = Folder::new();
    let dir = folder.service();
    let why = Record::publish(&dir, &instance("../a"))
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("\"../a\" cannot be the id of a record"),
        "{why}"
    );
    let large = instance("a").with_extra("x", "x".repeat(5000));
    let why = Record::publish(&dir, &large).unwrap_err().to_string();
    assert!(why.contains("more than 4096 bytes"), "{why}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_that_is_not_to_be_trusted_is_found_out_and_may_be_set_right() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let dir = folder.service();
    let _a = Record::publish(&dir, &instance("a")).unwrap();
    let mode = |mode| fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let mut directory = folder.directory();
    let found = timeout(Duration::from_secs(20), directory.changed())
        .await
        .unwrap();
    assert!(!found.is_known && found.members.is_empty());
    let why = &found.stale.as_ref().unwrap().why;
    assert!(why.contains("is not to be trusted"), "{why}");
    mode(0o700);
    until(&mut directory, "a").await;
    // So is one to which others are let in later; who was known stays.
    mode(0o707);
    directory.suspect();
    let waiting = async {
        while directory.current().stale.is_none() {
            directory.changed().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), waiting).await.is_ok());
    assert_eq!(ids(&directory.current()), "a");
}

#[tokio::test]
async fn a_directory_that_goes_is_made_anew() {
    let folder = Folder::new();
    let dir = folder.service();
    let a = Record::publish(&dir, &instance("a")).unwrap();
    let recorder = Arc::new(Recorder::default());
    let mut directory = folder.observed(Observer::new(recorder.clone()), false);
    until(&mut directory, "a").await;
    fs::remove_dir_all(&dir).unwrap();
    drop(a);
    let waiting = async {
        while !dir.exists() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), waiting).await.is_ok());
    assert_eq!(recorder.discovery_relists("gone"), 1);
    // The last good one was kept, as the new directory was empty.
    assert_eq!(ids(&directory.current()), "a");
    let _b = Record::publish(&dir, &instance("b")).unwrap();
    until(&mut directory, "b").await;
}

#[tokio::test]
async fn where_nobody_tells_it_is_looked_twice_a_second() {
    let folder = Folder::new();
    let mut directory = folder.observed(Observer::default(), true);
    until(&mut directory, "").await;
    let a = Record::publish(&folder.service(), &instance("a")).unwrap();
    until(&mut directory, "a").await;
    a.forget();
    let _b = Record::publish(&folder.service(), &instance("b")).unwrap();
    until(&mut directory, "b").await;
}
