//! `local:///SERVICE`: the registry directory of a machine, where each who serves keeps a file, locked while he lives.
//! It refuses to be shared by machines: on a network file system neither locks nor events hold what they promise.

mod place;
mod record;
mod register;
mod scan;
mod slots;
#[cfg(test)]
mod tests;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod unwatched;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod watch;

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{Discover, Updates};
use crate::observe;
use crate::transport::target::InvalidTarget;
pub(super) use register::LocalRegistry;
use scan::{Seen, Which};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use unwatched::{Happened, Watch};
#[cfg(any(target_os = "linux", target_os = "android"))]
use watch::{Happened, Watch};

/// All is looked at once in so long, for what nobody was told of, and for what the dead have left: with the age that it
/// takes to be garbage, and the jitter, it is gone within a minute.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// By so much of it, more or less, at random.
const JITTER: f64 = 0.2;

/// Where nobody tells what happens, all is looked at so often.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// When to look once more at a file to which something happened, and nothing can be seen: its owner's last descriptor
/// is told of some microseconds before his lock is gone, or longer where others have the processor.
const ONCE_MORE: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(125),
];

/// A source that looks into the registry directory.
#[derive(Debug)]
pub(super) struct Local {
    /// The one of the process, unless given.
    root: Option<PathBuf>,
    service: String,
    /// Whether to look without being told, as where nobody tells.
    is_deaf: bool,
}

impl Local {
    /// What stands behind `local:`.
    pub(super) fn parse(url: &str, rest: &str) -> Result<Self, InvalidTarget> {
        let service = service(url, rest)?;
        if service.is_empty() {
            let why = "the service is missing; write for example \"local:///shop.v1.Cart\"";
            return Err(InvalidTarget::of_source(url, why.to_owned()));
        }
        Ok(Self {
            root: None,
            service,
            is_deaf: false,
        })
    }

    /// Where it looks, and who would be found there.
    pub(super) fn when_empty(&self) -> String {
        let root = self.root.clone().map_or_else(place::root, Ok);
        let root = root.map_or_else(|why| why.to_string(), |root| root.display().to_string());
        let service = &self.service;
        format!(
            "no server of this machine is registered as {service} in {root}; a server is by \
             `Server::register(\"local:///\")`, and {} says where",
            place::VARIABLE
        )
    }

    async fn follow(&self, updates: &Updates) -> io::Error {
        loop {
            // Anew where the directory has gone.
            if let Err(why) = self.follow_directory(updates).await {
                return why;
            }
            updates.relisted("gone");
        }
    }

    async fn follow_directory(&self, updates: &Updates) -> io::Result<()> {
        let is_deaf = self.is_deaf;
        let (mut watch, mut seen) = (None, Seen::default());
        let mut which = Which::All;
        let mut once_more = OnceMore::default();
        let mut next = Instant::now();
        let mut is_told = false;
        loop {
            let is_all = which == Which::All;
            let (root, service) = (self.root.clone(), self.service.clone());
            let looking = move || {
                let root = root.map_or_else(place::root, Ok)?;
                let dir = root.join(&service);
                let mut unwatched = None;
                if which == Which::All {
                    // Each time: somebody may have let others in.
                    place::of_service(&root, &service)?;
                    if watch.is_none() && !is_deaf {
                        // First, so that nothing happens between.
                        match Watch::new(&dir) {
                            Ok(new) => watch = Some(new),
                            Err(why) => unwatched = Some((dir.clone(), why)),
                        }
                    }
                }
                let looked = seen.look(&dir, &which)?;
                Ok((watch, unwatched, seen, looked))
            };
            let (unwatched, back, looked);
            (watch, unwatched, back, looked) = blocking(looking).await?;
            seen = back;
            // Where the system has nobody who tells, that is no news.
            let is_news = |why: &io::Error| why.kind() != io::ErrorKind::Unsupported && !is_told;
            if let Some((dir, why)) = unwatched.filter(|(_, why)| is_news(why)) {
                observe::unwatched(&dir, &why, POLL_EVERY);
                is_told = true;
            }
            if looked.is_changed || is_all {
                updates.replace(seen.instances());
            }
            if !is_all {
                once_more.names = looked.doubtful;
            } else {
                next = Instant::now() + every(watch.is_some());
            }
            which = tokio::select! {
                happened = happened(watch.as_ref()) => match happened {
                    Happened::Over => return Ok(()),
                    Happened::To(Which::All) => {
                        updates.relisted("overflow");
                        Which::All
                    }
                    Happened::To(Which::Names(names)) => Which::Names(once_more.with(names)),
                },
                names = once_more.next() => Which::Names(names),
                () = updates.suspected() => Which::All,
                () = sleep_until(next) => {
                    updates.relisted("timer");
                    Which::All
                }
            };
        }
    }
}

impl Discover for Local {
    async fn discover(&self, updates: Updates) {
        loop {
            updates.failed(self.follow(&updates).await);
            // Somebody may set it right.
            tokio::select! {
                () = sleep(POLL_EVERY) => {}
                () = updates.suspected() => {}
            }
        }
    }
}

/// The service of `local:///SERVICE`; empty in `local:///`.
fn service(url: &str, rest: &str) -> Result<String, InvalidTarget> {
    let wrong = |why: String| Err(InvalidTarget::of_source(url, why));
    let Some(service) = rest.strip_prefix("///") else {
        return wrong(
            "three slashes have to follow the scheme; write for example \"local:///shop.v1.Cart\""
                .to_owned(),
        );
    };
    match place::not_a_name(service) {
        Some(why) if !service.is_empty() => {
            wrong(format!("{service:?} is no name of a service: {why}"))
        }
        _ => Ok(service.to_owned()),
    }
}

fn every(is_watched: bool) -> Duration {
    if is_watched {
        LOOK_EVERY.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64())
    } else {
        POLL_EVERY
    }
}

async fn happened(watch: Option<&Watch>) -> Happened {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}

/// Files that are looked at once more.
#[derive(Debug, Default)]
struct OnceMore {
    names: HashSet<OsString>,
    times: usize,
}

impl OnceMore {
    /// These, and those that it waits for; all of them from the start.
    fn with(&mut self, mut names: HashSet<OsString>) -> HashSet<OsString> {
        self.times = 0;
        names.extend(self.names.drain());
        names
    }

    async fn next(&mut self) -> HashSet<OsString> {
        match ONCE_MORE.get(self.times) {
            Some(wait) if !self.names.is_empty() => sleep(*wait).await,
            _ => std::future::pending().await,
        }
        self.times += 1;
        self.names.clone()
    }
}

/// Files are read elsewhere than where calls are.
async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(what).await?
}
