//! What inotify tells, and what it cannot.

use std::ffi::OsStr;
use std::thread;

use super::*;
use crate::discovery::local::watch::{self, Happened, Watch};

fn inotify_instances() -> usize {
    let fds = fs::read_dir("/proc/self/fd").unwrap();
    let links = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    links
        .filter(|link| link == Path::new("anon_inode:inotify"))
        .count()
}

/// Says to a process of this test's binary to look, and to stop looking.
const LOOKS: &str = "SINEW_TEST_LOCAL_LOOKS";

/// Not a test by itself: in a process of its own nobody else looks.
#[test]
fn looks() {
    let Ok(dir) = std::env::var(LOOKS) else {
        return;
    };
    let threads = || fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    for _ in 0..3 {
        let watch = Watch::new(Path::new(&dir)).unwrap();
        assert_eq!((inotify_instances(), threads()), (1, before + 1));
        drop(watch);
        let dropped = std::time::Instant::now();
        while inotify_instances() + threads() > before {
            assert!(dropped.elapsed() < Duration::from_secs(20));
            thread::yield_now();
        }
    }
}

#[test]
fn nothing_is_left_when_nobody_looks() {
    let folder = Folder::new();
    let mut looking = processes::run("watching::looks");
    let said = looking.env(LOOKS, folder.path()).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("1 passed; 0 failed"), "{said}");
}

async fn next(watch: &Watch) -> Happened {
    let happened = timeout(Duration::from_secs(20), watch.next()).await;
    happened.unwrap()
}

#[tokio::test]
async fn a_process_has_one_instance_however_many_look() {
    let folders: Vec<_> = (0..20).map(|_| Folder::new()).collect();
    let watches: Vec<_> = folders
        .iter()
        .map(|folder| Watch::new(folder.path()).unwrap())
        .collect();
    let again = Watch::new(folders[0].path()).unwrap();
    assert_eq!(inotify_instances(), 1);
    fs::rename(folders[1].path(), folders[0].path().join("moved")).unwrap();
    let names = || Happened::To(Which::Names(["moved".into()].into()));
    assert_eq!(next(&watches[0]).await, names());
    assert_eq!(next(&again).await, names());
    assert_eq!(next(&watches[1]).await, Happened::Over);
    drop(again);
    // The others go on to be told.
    fs::remove_dir(folders[0].path().join("moved")).unwrap();
    assert_eq!(next(&watches[0]).await, names());
}

#[tokio::test]
async fn what_the_kernel_could_not_keep_is_looked_for() {
    let folder = Folder::new();
    let watch = Watch::new(folder.path()).unwrap();
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let most: usize = most.trim().parse().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let held = watch::hold();
    // Meanwhile nobody reads: each of the two is an event. Some that were read already do not count.
    File::create(&one).unwrap();
    for _ in 0..most / 4 + 1000 {
        fs::rename(&one, &other).unwrap();
        fs::rename(&other, &one).unwrap();
    }
    drop(held);
    let waiting = async { while next(&watch).await != Happened::To(Which::All) {} };
    assert!(timeout(Duration::from_secs(20), waiting).await.is_ok());
}

#[tokio::test]
async fn many_names_at_once_are_all() {
    let folder = Folder::new();
    let watch = Watch::new(folder.path()).unwrap();
    let path = |name: usize| folder.path().join(name.to_string());
    File::create(path(0)).unwrap();
    for name in 0..1100 {
        fs::rename(path(name), path(name + 1)).unwrap();
    }
    // The thread has told all of it when it has told the last.
    let last = Watch::new(folder.path()).unwrap();
    File::create(folder.path().join("last")).unwrap();
    // It may be told of some that came before it.
    loop {
        match next(&last).await {
            Happened::To(Which::Names(names)) if !names.contains(OsStr::new("last")) => {}
            _ => break,
        }
    }
    assert_eq!(next(&watch).await, Happened::To(Which::All));
}

#[tokio::test]
async fn a_runtime_that_ends_takes_nothing_along() {
    let folder = Folder::new();
    let first = Watch::new(folder.path()).unwrap();
    let path = folder.path().to_owned();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let second = Watch::new(&path).unwrap();
            File::create(path.join("a")).unwrap();
            second.next().await;
        });
    })
    .join()
    .unwrap();
    next(&first).await;
    File::create(folder.path().join("b")).unwrap();
    next(&first).await;
}
