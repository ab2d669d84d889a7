//! What happens in directories, told to those who look there: one inotify instance and one thread for all of a process,
//! as a user has 128 of the former.
//! It refuses to read files, and to lose an event unsaid: what it could not keep is told as "look at all".

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::sync::Notify;

use super::scan::Which;

/// What of a directory is of use. `CLOSE_WRITE` is a dying owner; nobody else opens a record for writing.
const EVENTS: WatchFlags = WatchFlags::MOVED_TO
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// Names that are kept until somebody looks; beyond, he looks at all.
const MOST_NAMES: usize = 1024;

/// Bytes of events that are read at once: some hundred.
const BUFFER: usize = 16 * 1024;

/// The one of this process, while anybody looks anywhere.
static HUB: Mutex<Option<Hub>> = Mutex::new(None);

struct Hub {
    inotify: Arc<OwnedFd>,
    watched: HashMap<i32, Vec<Arc<Ears>>>,
}

/// Somebody looks at a directory. Dropping it ends that, and the thread with the last of them.
#[derive(Debug)]
pub(super) struct Watch {
    descriptor: i32,
    ears: Arc<Ears>,
}

/// What one who looks was told and has not taken.
#[derive(Debug, Default)]
struct Ears {
    state: Mutex<State>,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    names: HashSet<std::ffi::OsString>,
    is_overflown: bool,
    is_over: bool,
}

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// Something to these.
    To(Which),
    /// The directory is not where it was.
    Over,
}

impl Watch {
    /// What happens to the directory from now on is told.
    pub(super) fn new(dir: &Path) -> io::Result<Self> {
        let mut hub = lock(&HUB);
        let hub = match &mut *hub {
            Some(hub) => hub,
            empty => empty.insert(Hub::start()?),
        };
        let descriptor = match inotify::add_watch(&*hub.inotify, dir, EVENTS) {
            Ok(descriptor) => descriptor,
            Err(why) => {
                hub.end_if_idle();
                return Err(why.into());
            }
        };
        let ears = Arc::new(Ears::default());
        let all = hub.watched.entry(descriptor).or_default();
        all.push(Arc::clone(&ears));
        Ok(Self { descriptor, ears })
    }

    /// Waits until something happens.
    ///
    /// # Cancel safety
    /// What was not given is given the next time.
    pub(super) async fn next(&self) -> Happened {
        loop {
            let told = self.ears.told.notified();
            if let Some(happened) = self.ears.take() {
                return happened;
            }
            told.await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut hub = lock(&HUB);
        let Some(hub) = &mut *hub else { return };
        if let Some(all) = hub.watched.get_mut(&self.descriptor) {
            all.retain(|ears| !Arc::ptr_eq(ears, &self.ears));
            if all.is_empty() {
                hub.watched.remove(&self.descriptor);
                // It fails where the directory is gone. Where it does not, it is an event, at which the thread sees
                // whether it has anybody left.
                let _ = inotify::remove_watch(&*hub.inotify, self.descriptor);
            }
        }
        hub.end_if_idle();
    }
}

impl Hub {
    fn start() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
        let reading = Arc::clone(&inotify);
        thread::Builder::new()
            .name("sinew-registry".to_owned())
            .spawn(move || follow(&reading))?;
        Ok(Self {
            inotify,
            watched: HashMap::new(),
        })
    }

    /// Makes sure that the thread comes to see that nobody is left.
    fn end_if_idle(&self) {
        if self.watched.is_empty() {
            wake(&self.inotify);
        }
    }
}

/// Makes an event of no meaning: a watch that comes and goes.
fn wake(inotify: &OwnedFd) {
    if let Ok(descriptor) = inotify::add_watch(inotify, "/", WatchFlags::DELETE_SELF) {
        let _ = inotify::remove_watch(inotify, descriptor);
    }
}

/// Tells what happens, until nobody is left.
fn follow(inotify: &Arc<OwnedFd>) {
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut reader = Reader::new(&**inotify, &mut buffer);
    loop {
        let event = match reader.next() {
            Ok(event) => event,
            Err(Errno::INTR) => continue,
            // Nothing that it was made for: all look again, and for themselves.
            Err(_) => {
                let hub = lock(&HUB).take();
                for ears in hub.iter().flat_map(|hub| hub.watched.values().flatten()) {
                    ears.over();
                }
                return;
            }
        };
        let mut slot = lock(&HUB);
        let Some(hub) = &mut *slot else { return };
        let all = hub.watched.get(&event.wd()).into_iter().flatten();
        let (flags, name) = (event.events(), event.file_name());
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            for ears in hub.watched.values().flatten() {
                ears.overflow();
            }
        } else if flags
            .intersects(ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF)
        {
            for ears in all {
                ears.over();
            }
        } else if let Some(name) = name {
            for ears in all {
                ears.name(OsStr::from_bytes(name.to_bytes()));
            }
        }
        if hub.watched.is_empty() {
            *slot = None;
            return;
        }
    }
}

impl Ears {
    fn name(&self, name: &OsStr) {
        self.tell(|state| {
            if state.names.len() < MOST_NAMES {
                state.names.insert(name.to_owned());
            } else {
                state.is_overflown = true;
            }
        });
    }

    fn overflow(&self) {
        self.tell(|state| state.is_overflown = true);
    }

    fn over(&self) {
        self.tell(|state| state.is_over = true);
    }

    fn tell(&self, tell: impl FnOnce(&mut State)) {
        tell(&mut lock(&self.state));
        self.told.notify_one();
    }

    fn take(&self) -> Option<Happened> {
        let mut state = lock(&self.state);
        let State {
            names,
            is_overflown,
            is_over,
        } = std::mem::take(&mut *state);
        if is_over {
            // It stays so.
            state.is_over = true;
            Some(Happened::Over)
        } else if is_overflown {
            Some(Happened::To(Which::All))
        } else if names.is_empty() {
            None
        } else {
            Some(Happened::To(Which::Names(names)))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the thread from reading, and everybody from looking.
#[cfg(test)]
pub(super) fn hold() -> impl Sized {
    lock(&HUB)
}
