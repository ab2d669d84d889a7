//! To be found: what a server asks of a registry, and the task that keeps it true.
//! It refuses to give up: a registry that is away for an hour has the server again when it is back.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::directory::GATHER;
use super::instance::{Instance, InstanceState};
use super::panics::{RESTART_AT_FIRST, RESTART_AT_MOST, caught};
use crate::observe;
use crate::rt::backoff::Backoff;
use crate::rt::task;

#[cfg(test)]
mod tests;

/// How long a server that leaves is shown as one that does: clients that gather changes have seen it by then, with some
/// room for the registry itself.
const LEAVE: Duration = GATHER.saturating_add(Duration::from_millis(50));

/// How long a registry may take for each step of that. A server that ends does not wait for one that is away.
const LEAVE_AT_MOST: Duration = Duration::from_secs(1);

/// A registry that servers can be found in.
///
/// One future of it keeps one server registered, for as long as it serves. It makes true what is wanted
/// ([`Registration::wanted`]), says what came of that, and begins again whenever that changes, whenever the registry
/// has lost it, and when trying failed: there is no last try. Where nothing is wanted any more, it takes its entry away
/// and ends. One that is dropped takes its entry away as well as it can without waiting.
///
/// ```
/// use std::time::Duration;
/// use sinew::discovery::{Register, Registration};
///
/// /// A directory of files.
/// struct Files(std::path::PathBuf);
///
/// impl Register for Files {
///     async fn register(&self, mut registration: Registration) {
///         while let Some(instance) = registration.wanted() {
///             let path = self.0.join(instance.id());
///             match tokio::fs::write(path, instance.to_json()).await {
///                 Ok(()) => registration.done(),
///                 Err(why) => registration.failed(why),
///             }
///             // From time to time: somebody may have removed it.
///             let _ = tokio::time::timeout(Duration::from_secs(5), registration.changed()).await;
///         }
///         let _ = tokio::fs::remove_file(self.0.join(registration.id())).await;
///     }
/// }
/// ```
pub trait Register: Send + Sync + 'static {
    /// Keeps a server registered until nothing is wanted any more.
    fn register(&self, registration: Registration) -> impl Future<Output = ()> + Send;
}

/// A [`Register`], whatever its future is.
pub(crate) trait ErasedRegister: Send + Sync {
    fn register(&self, registration: Registration)
    -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<R: Register> ErasedRegister for R {
    fn register(
        &self,
        registration: Registration,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(Register::register(self, registration))
    }
}

/// A registry, with the name that logs call it.
#[derive(Clone)]
pub(crate) struct Registry {
    name: Arc<str>,
    register: Arc<dyn ErasedRegister>,
}

impl Registry {
    pub(crate) fn new(name: &str, register: impl Register) -> Self {
        Self {
            name: name.into(),
            register: Arc::new(register),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.name)
    }
}

/// What a server wants of a registry, and what came of it.
#[derive(Clone, Debug)]
pub struct Registration {
    registry: Arc<str>,
    id: String,
    wanted: watch::Receiver<Option<Arc<Instance>>>,
    /// What was given last: the registry has that, and not yet what is wanted since.
    given: Option<Arc<Instance>>,
    outcome: watch::Sender<Outcome>,
}

/// What came of it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Outcome {
    #[default]
    Nothing,
    /// It is registered as one that is so.
    Done(InstanceState),
    Failed(String),
}

impl Registration {
    /// What is to be registered now; nothing where the entry is to be taken away.
    pub fn wanted(&mut self) -> Option<Arc<Instance>> {
        self.given = self.wanted.borrow_and_update().clone();
        self.given.clone()
    }

    /// The id of the one that is registered.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until something else is wanted than was given last.
    ///
    /// # Cancel safety
    /// A change is told until it was taken by [`Registration::wanted`].
    pub async fn changed(&mut self) {
        // The server is gone: nothing else will be wanted, and this future will be dropped.
        if self.wanted.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What [`Registration::wanted`] gave last is so. It may be said again and again.
    pub fn done(&self) {
        let Some(instance) = &self.given else {
            return;
        };
        let is_news = self.tell(Outcome::Done(instance.state()));
        if is_news {
            observe::registered(&self.registry, instance, instance.state().as_str());
        }
    }

    /// It could not be brought about. It may be said again and again.
    pub fn failed(&self, why: impl Display) {
        let why = why.to_string();
        if self.tell(Outcome::Failed(why.clone())) {
            observe::not_registered(&self.registry, &why);
        }
    }

    fn tell(&self, outcome: Outcome) -> bool {
        self.outcome.send_if_modified(|last| {
            let is_news = *last != outcome;
            *last = outcome;
            is_news
        })
    }
}

/// Keeps it registered, also where the registry's code panics.
async fn keep(register: Arc<dyn ErasedRegister>, registration: Registration) {
    let mut backoff = Backoff::new(RESTART_AT_FIRST, RESTART_AT_MOST);
    let mut rng = fastrand::Rng::new();
    while let Err(why) = caught(register.register(registration.clone())).await {
        registration.failed(format_args!("the registry's code panicked: {why}"));
        sleep(backoff.next(&mut rng)).await;
    }
}

/// What is wanted of a registry. Clones want the same.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(watch::Sender<Option<Arc<Instance>>>);

impl Wanted {
    /// The server is so. One that leaves does, whatever it is besides.
    pub(crate) fn state(&self, state: InstanceState) {
        self.0.send_if_modified(|wanted| {
            let is_news = |is: InstanceState| is != state && is != InstanceState::Draining;
            let Some(instance) = wanted.as_mut().filter(|wanted| is_news(wanted.state())) else {
                return false;
            };
            *instance = Arc::new(Instance::clone(instance).with_state(state));
            true
        });
    }
}

/// A server that is kept registered. Dropping it takes it out at once.
#[derive(Debug)]
pub(crate) struct Registered {
    wanted: Wanted,
    outcome: watch::Receiver<Outcome>,
    task: AbortHandle,
}

impl Registered {
    /// Registers it, and keeps it so. It is to be called on a runtime.
    pub(crate) fn start(registry: &Registry, instance: Arc<Instance>) -> Self {
        let id = instance.id().to_owned();
        let (wanted, receiver) = watch::channel(Some(instance));
        let (sender, outcome) = watch::channel(Outcome::default());
        let registration = Registration {
            registry: Arc::clone(&registry.name),
            id,
            wanted: receiver,
            given: None,
            outcome: sender,
        };
        let keeping = keep(Arc::clone(&registry.register), registration);
        let task = task::spawn(Box::pin(keeping));
        Self {
            wanted: Wanted(wanted),
            outcome,
            task: task.abort_handle(),
        }
    }

    /// What is wanted of the registry, to be changed by whoever knows how the server is.
    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted.clone()
    }

    /// Why it is not registered, as far as that was found out.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> Option<String> {
        match &*self.outcome.borrow() {
            Outcome::Failed(why) => Some(why.clone()),
            Outcome::Nothing | Outcome::Done(_) => None,
        }
    }

    /// Takes it out: first it says that it leaves, then it is gone. A registry that does not answer is not waited for.
    pub(crate) async fn leave(mut self) {
        // One that failed last may be there all the same, as it was before, or under some of its names.
        let is_there = *self.outcome.borrow() != Outcome::Nothing;
        if is_there {
            self.wanted.state(InstanceState::Draining);
            let leaving = Outcome::Done(InstanceState::Draining);
            let told = self.outcome.wait_for(|outcome| *outcome == leaving);
            if timeout(LEAVE_AT_MOST, told)
                .await
                .is_ok_and(|told| told.is_ok())
            {
                sleep(LEAVE).await;
            }
        }
        self.wanted.0.send_replace(None);
        // The registration goes with its future: it is done then.
        let gone = async { while self.outcome.changed().await.is_ok() {} };
        let _ = timeout(LEAVE_AT_MOST, gone).await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.task.abort();
    }
}
