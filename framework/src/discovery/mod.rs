//! Who serves a name, kept true: sources that find instances, and the directory that takes what they find with care.
//! It refuses to connect to anybody, and to choose among who was found.

mod change;
mod directory;
#[cfg(feature = "dns")]
mod dns;
mod fixed;
mod found;
mod instance;
mod json;
mod judge;
mod local;
mod open;
mod panics;
mod register;
#[cfg(test)]
mod tests;
mod updates;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::rt::pace::Pace;

pub(crate) use directory::{Directory, Latest};
pub(crate) use found::{Found, Member};
pub use instance::{Instance, InstanceState, InvalidInstance, LARGEST_WEIGHT, NORMAL_WEIGHT};
pub(crate) use open::{open, registry};
pub use register::{Register, Registration};
pub(crate) use register::{Registered, Registry};
pub use updates::Updates;

/// A source of instances: a registry, a file, a list.
///
/// One future of it looks for one name, for as long as somebody needs that; then it is dropped. Whenever it has read
/// who serves, it says all of them ([`Updates::replace`]), and when it could not read, why ([`Updates::failed`]); it
/// tries again by itself, and early where what it found is doubted ([`Updates::suspected`]). A future that ends has
/// said all that it will; one that panics is run again after a while.
///
/// A source need not be careful. What it says is judged before it counts: an empty answer replaces nobody unless it is
/// the first, nor does a failed one; where many are missing at once they are kept for 15 s; what changes often is given
/// out ten times a second. One that has thousands should say the same `Arc` again of whoever is as he was: that is not
/// looked at.
///
/// ```
/// use std::time::Duration;
/// use sinew::Target;
/// use sinew::discovery::{Discover, Instance, Updates};
///
/// /// A file with a URL on each line.
/// struct Lines(std::path::PathBuf);
///
/// impl Discover for Lines {
///     async fn discover(&self, updates: Updates) {
///         loop {
///             match tokio::fs::read_to_string(&self.0).await {
///                 Ok(text) => {
///                     let targets = text.lines().filter_map(|line| line.parse::<Target>().ok());
///                     updates.replace(targets.map(Instance::new));
///                 }
///                 Err(why) => updates.failed(why),
///             }
///             // Early, where somebody could not be reached.
///             let _ = tokio::time::timeout(Duration::from_secs(5), updates.suspected()).await;
///         }
///     }
/// }
/// ```
pub trait Discover: Send + Sync + 'static {
    /// Looks for who serves, until it is dropped.
    fn discover(&self, updates: Updates) -> impl Future<Output = ()> + Send;
}

/// A [`Discover`], whatever its future is.
trait ErasedDiscover: Send + Sync {
    fn discover(&self, updates: Updates) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<D: Discover> ErasedDiscover for D {
    fn discover(&self, updates: Updates) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(Discover::discover(self, updates))
    }
}

/// A source with the name that it looks for. It does nothing until a [`Directory`] is started.
#[derive(Clone)]
pub(crate) struct Source {
    name: Arc<str>,
    discover: Arc<dyn ErasedDiscover>,
    pace: Pace,
    when_empty: Option<Arc<str>>,
}

impl Source {
    /// `name` is what logs and metrics call it.
    pub(crate) fn new(name: &str, discover: impl Discover) -> Self {
        Self {
            name: name.into(),
            discover: Arc::new(discover),
            pace: Pace::default(),
            when_empty: None,
        }
    }

    /// What whoever finds nobody is told: where that was looked for, and what to do.
    pub(crate) fn saying(self, when_empty: String) -> Self {
        Self {
            when_empty: Some(when_empty.into()),
            ..self
        }
    }

    pub(crate) fn when_empty(&self) -> Option<&str> {
        self.when_empty.as_deref()
    }

    /// What it says is judged at this pace.
    #[cfg(feature = "testing")]
    pub(crate) fn at_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}
