//! What TLS is set up with, as its files are now: read, taken where it is good, and read again while it is in use.
//! It refuses to let go of what was good: files that are gone or wrong change nothing, and that is said.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;
use tracing::{info, warn};

use super::invalid::InvalidTls;
use crate::rt::follow::{FILES_EVERY, Follower};

/// Whom changes of files are told: whether they were taken, and what there is to say.
pub(crate) type Tell = dyn Fn(bool, &dyn fmt::Display) + Send + Sync;

/// How a configuration is made of files.
pub(super) trait Recipe: fmt::Display + Send + Sync + 'static {
    /// What the files hold.
    type Read: PartialEq + Send;
    type Config: Send + Sync + 'static;

    fn has_files(&self) -> bool;

    fn read(&self) -> Result<Self::Read, InvalidTls>;

    fn build(&self, read: &Self::Read) -> Result<Arc<Self::Config>, InvalidTls>;
}

/// A configuration.
pub(super) enum Live<R: Recipe> {
    /// Of files, with the task that follows them: dropping it ends the task.
    Read {
        shared: Arc<Shared<R>>,
        follower: Follower,
    },
    /// Made by the user.
    Given(Arc<R::Config>),
}

pub(super) struct Shared<R: Recipe> {
    recipe: R,
    config: ArcSwap<R::Config>,
    /// What was read last, whatever came of it. Held while files are read: one reads at a time.
    last: Mutex<Result<R::Read, InvalidTls>>,
    state: Mutex<TlsState>,
    /// Those that use it now: a channel or a server that is gone is forgotten.
    told: Mutex<Vec<Weak<Tell>>>,
}

/// What became of the files of a TLS configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsState {
    loads: u64,
    refused: Option<InvalidTls>,
}

impl Default for TlsState {
    fn default() -> Self {
        Self {
            loads: 1,
            refused: None,
        }
    }
}

impl TlsState {
    /// How often what the files hold was taken, the first time among them.
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// Why what the files hold now is not taken: what they held before goes on to hold.
    pub fn refused(&self) -> Option<&InvalidTls> {
        self.refused.as_ref()
    }
}

impl fmt::Display for TlsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loaded {} times", self.loads)?;
        match &self.refused {
            Some(refused) => write!(f, "; what the files hold now is refused: {refused}"),
            None => Ok(()),
        }
    }
}

impl<R: Recipe> Live<R> {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(super) fn new(recipe: R) -> Result<Self, InvalidTls> {
        let read = recipe.read()?;
        let config = recipe.build(&read)?;
        let shared = Shared {
            recipe,
            config: ArcSwap::new(config),
            last: Mutex::new(Ok(read)),
            state: Mutex::new(TlsState::default()),
            told: Mutex::default(),
        };
        Ok(Self::Read {
            shared: Arc::new(shared),
            follower: Follower::default(),
        })
    }

    /// What it is made of; nothing where the user has made it.
    pub(super) fn recipe(&self) -> Option<&R> {
        match self {
            Self::Read { shared, .. } => Some(&shared.recipe),
            Self::Given(_) => None,
        }
    }

    /// For a connection that is made now.
    pub(super) fn config(&self) -> Arc<R::Config> {
        match self {
            Self::Read { shared, .. } => shared.config.load_full(),
            Self::Given(config) => Arc::clone(config),
        }
    }

    pub(super) fn state(&self) -> TlsState {
        match self {
            Self::Read { shared, .. } => shared.state().clone(),
            Self::Given(_) => TlsState::default(),
        }
    }

    /// See [`Shared::reload`].
    pub(super) fn reload(&self) -> Result<bool, InvalidTls> {
        match self {
            Self::Read { shared, .. } => shared.reload(),
            Self::Given(_) => Ok(false),
        }
    }

    /// Tells `tell` of changes, as long as somebody else holds it.
    pub(super) fn tell(&self, tell: &Arc<Tell>) {
        if let Self::Read { shared, .. } = self {
            let mut told = lock(&shared.told);
            told.retain(|one| one.strong_count() > 0);
            told.push(Arc::downgrade(tell));
        }
    }

    /// Follows the files from now on, where somebody does not yet.
    pub(super) fn follow(&self) {
        self.begin();
    }

    /// As `follow`, and has read the files when nobody followed them before: they may have changed since.
    pub(super) async fn fresh(&self) {
        if let Some(shared) = self.begin() {
            // It fails where the runtime ends, with whoever waits.
            let _ = shared.reload_aside().await;
        }
    }

    /// Begins to follow the files, unless there are none or somebody does.
    fn begin(&self) -> Option<&Arc<Shared<R>>> {
        let Self::Read { shared, follower } = self else {
            return None;
        };
        let begun = shared.recipe.has_files()
            && follower.start(|| {
                let shared = Arc::clone(shared);
                async move {
                    while shared.reload_aside().await.is_ok() {
                        tokio::time::sleep(FILES_EVERY).await;
                    }
                }
            });
        begun.then_some(shared)
    }
}

impl<R: Recipe> Shared<R> {
    /// Reads the files where nobody waits for a disk.
    async fn reload_aside(self: &Arc<Self>) -> Result<(), tokio::task::JoinError> {
        let shared = Arc::clone(self);
        // What comes of it is told where it happens.
        tokio::task::spawn_blocking(move || drop(shared.reload())).await
    }

    /// Reads the files, and takes what is new in them: says whether there was something.
    ///
    /// # Errors
    /// Why what they hold is not taken.
    fn reload(&self) -> Result<bool, InvalidTls> {
        let mut last = lock(&self.last);
        let read = self.recipe.read();
        if read == *last {
            return match self.state().refused.clone() {
                Some(refused) => Err(refused),
                None => Ok(false),
            };
        }
        let built = match &read {
            Ok(read) => self.recipe.build(read),
            Err(error) => Err(error.clone()),
        };
        *last = read;
        let result = self.take(built);
        let state = self.state().clone();
        drop(last);
        let detail = format_args!("{}, {state}", self.recipe);
        match &result {
            Ok(_) => info!(target: "sinew::tls", %detail, "files of TLS were taken"),
            Err(_) => warn!(target: "sinew::tls", %detail, "files of TLS were refused"),
        }
        for tell in self.listeners() {
            tell(result.is_ok(), &detail);
        }
        result
    }

    fn take(&self, built: Result<Arc<R::Config>, InvalidTls>) -> Result<bool, InvalidTls> {
        let mut state = self.state();
        match built {
            Ok(config) => {
                self.config.store(config);
                state.loads += 1;
                state.refused = None;
                Ok(true)
            }
            Err(refused) => {
                state.refused = Some(refused.clone());
                Err(refused)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, TlsState> {
        lock(&self.state)
    }

    fn listeners(&self) -> Vec<Arc<Tell>> {
        lock(&self.told).iter().filter_map(Weak::upgrade).collect()
    }
}

impl<R: Recipe> fmt::Debug for Live<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { shared, .. } => write!(f, "{}, {}", shared.recipe, self.state()),
            Self::Given(_) => f.write_str("made by rustls"),
        }
    }
}

/// A poisoned lock only says that somebody panicked: what it holds is replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
