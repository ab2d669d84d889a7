//! Directories with a source that does as it is told, on paused time.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, advance, timeout};

use super::*;
use crate::observe::{Observer, Recorder};

/// Says what comes through a channel, and repeats its last answer when it is doubted.
struct Scripted(Mutex<Option<mpsc::Receiver<Said>>>);

enum Said {
    Set(&'static str),
    Failed(&'static str),
    Panic,
}

fn instances(ids: &str) -> Vec<Instance> {
    let one = |id: &str| Instance::new(format!("http://{id}:1").parse().unwrap()).with_id(id);
    ids.split_whitespace().map(one).collect()
}

impl Discover for Scripted {
    async fn discover(&self, updates: Updates) {
        let Some(mut said) = self.0.lock().unwrap().take() else {
            updates.replace(instances("after-panic"));
            return;
        };
        let mut last = "";
        loop {
            tokio::select! {
                said = said.recv() => match said {
                    Some(Said::Set(ids)) => {
                        last = ids;
                        updates.replace(instances(ids));
                    }
                    Some(Said::Failed(why)) => updates.failed(why),
                    Some(Said::Panic) => panic!("as it was told"),
                    None => return,
                },
                () = updates.suspected() => updates.replace(instances(last)),
            }
        }
    }
}

struct Test {
    directory: Directory,
    said: mpsc::Sender<Said>,
    recorder: Arc<Recorder>,
}

fn start() -> Test {
    let (said, receiver) = mpsc::channel(16);
    let recorder = Arc::new(Recorder::default());
    let source = Source::new("test", Scripted(Mutex::new(Some(receiver))));
    let directory = Directory::start(&source, Observer::new(recorder.clone()));
    Test {
        directory,
        said,
        recorder,
    }
}

impl Test {
    async fn say(&self, said: Said) {
        assert!(self.said.send(said).await.is_ok());
    }

    /// The next picture, and after how long it came.
    async fn next(&mut self) -> (String, Duration) {
        let before = Instant::now();
        let found = timeout(Duration::from_secs(3600), self.directory.changed()).await;
        (ids(&found.unwrap()), before.elapsed())
    }
}

fn ids(found: &Found) -> String {
    let ids: Vec<_> = found
        .members
        .iter()
        .map(|member| member.instance.id())
        .collect();
    ids.join(" ")
}

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn the_first_set_is_there_at_once_and_later_ones_are_gathered() {
    let mut test = start();
    assert!(!test.directory.current().is_known);
    test.say(Said::Set("a")).await;
    assert_eq!(test.next().await, ("a".to_owned(), Duration::ZERO));
    for ids in ["a b", "a b c", "a b c d"] {
        test.say(Said::Set(ids)).await;
    }
    assert_eq!(test.next().await, ("a b c d".to_owned(), 100 * MS));
    // After some rest there is nothing to wait for.
    advance(200 * MS).await;
    test.say(Said::Set("a b c d e")).await;
    assert_eq!(test.next().await, ("a b c d e".to_owned(), Duration::ZERO));
    assert_eq!(test.directory.current().version, 3);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_failed_to_be_read_says_so_and_stays() {
    let mut test = start();
    test.say(Said::Failed("refused")).await;
    let found = test.directory.changed().await;
    assert!(!found.is_known && found.members.is_empty());
    assert_eq!(&*found.stale.as_ref().unwrap().why, "refused");
    test.say(Said::Set("a b")).await;
    assert_eq!(test.next().await.0, "a b");
    // What fails right after an answer does not undo it.
    advance(100 * MS).await;
    test.say(Said::Set("a b c")).await;
    test.say(Said::Failed("again")).await;
    let found = test.directory.changed().await;
    assert_eq!(ids(&found), "a b c");
    assert_eq!(&*found.stale.as_ref().unwrap().why, "again");
    let readings = ["failed", "taken", "part"].map(|one| test.recorder.discovery_readings(one));
    assert_eq!(readings, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_changes_nothing_is_seen_by_its_age_alone() {
    let mut test = start();
    test.say(Said::Set("a")).await;
    let first = test.directory.changed().await;
    advance(5000 * MS).await;
    test.say(Said::Set("a")).await;
    let nothing = timeout(1000 * MS, test.directory.changed()).await;
    assert!(nothing.is_err());
    let current = test.directory.current();
    assert_eq!(current.version, first.version);
    let now = Instant::now().into_std();
    assert_eq!(current.age(now), Some(1000 * MS));
    assert_eq!(first.age(now), Some(6000 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_mass_that_is_left_out_is_read_again_and_leaves_after_15_s() {
    let mut test = start();
    test.say(Said::Set("a b c d")).await;
    test.next().await;
    advance(1000 * MS).await;
    test.say(Said::Set("d")).await;
    let found = test.directory.changed().await;
    assert_eq!((ids(&found), found.held()), ("a b c d".to_owned(), 3));
    let (after, waited) = test.next().await;
    assert_eq!(after, "d");
    assert_eq!(waited.as_secs(), 15);
    assert_eq!(test.recorder.discovery_held_removals(), 3);
    assert_eq!(test.recorder.discovery_relists("held"), 1);
    // The first, the second, and that of the doubt.
    assert_eq!(test.recorder.discovery_readings("taken"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_passed_on_about_once_a_second() {
    let mut test = start();
    test.say(Said::Set("a")).await;
    test.next().await;
    let begin = Instant::now();
    let suspecter = test.directory.suspecter();
    while begin.elapsed() < 10_000 * MS {
        suspecter.suspect();
        tokio::time::sleep(10 * MS).await;
    }
    let relists = test.recorder.discovery_relists("suspect");
    assert!((8..=13).contains(&relists), "{relists}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_run_again() {
    let mut test = start();
    test.say(Said::Set("a")).await;
    test.next().await;
    advance(200 * MS).await;
    test.say(Said::Panic).await;
    let found = test.directory.changed().await;
    assert_eq!(
        &*found.stale.as_ref().unwrap().why,
        "the source panicked: as it was told"
    );
    assert_eq!(test.next().await.0, "after-panic");
}

#[tokio::test(start_paused = true)]
async fn a_directory_ends_with_its_handle_and_its_source_with_it() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let mut test = start();
    test.say(Said::Set("a")).await;
    test.next().await;
    assert_eq!(tasks(), 1);
    drop(test.directory);
    test.said.closed().await;
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_done_has_said_all() {
    let source = open("static:a:1,b:2", false).unwrap();
    let mut directory = Directory::start(&source, Observer::default());
    let found = directory.changed().await;
    assert_eq!(ids(&found), "a:1 b:2");
    assert!(timeout(3_600_000 * MS, directory.changed()).await.is_err());
}
