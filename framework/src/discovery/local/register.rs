//! A server in the registry directory: a record under each of its services, written again where it is gone.
//! It refuses to be in two slots, and to keep one that it no longer serves in.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::record::Record;
use super::scan::{Seen, Which};
use super::slots::Slot;
use super::{JITTER, blocking, place, service};
use crate::discovery::{Instance, Register, Registration};
use crate::transport::target::InvalidTarget;

/// How often it is looked whether the records are still there.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The registry directory, for those who want to be found in it.
#[derive(Debug)]
pub(in crate::discovery) struct LocalRegistry {
    /// The one of the process, unless given.
    pub(super) root: Option<PathBuf>,
    /// The only name to be found under; unless given, those of all services.
    name: Option<String>,
}

impl LocalRegistry {
    /// What stands behind `local:`.
    pub(in crate::discovery) fn parse(url: &str, rest: &str) -> Result<Self, InvalidTarget> {
        let service = service(url, rest)?;
        Ok(Self {
            root: None,
            name: (!service.is_empty()).then_some(service),
        })
    }
}

impl Register for LocalRegistry {
    async fn register(&self, mut registration: Registration) {
        let mut entries = Entries::default();
        while let Some(instance) = registration.wanted() {
            let (root, name) = (self.root.clone(), self.name.clone());
            let keeping = move || {
                // Whatever fails: what is registered stays so.
                let root = root.map_or_else(place::root, Ok);
                let kept = root.and_then(|root| entries.keep(root, name, &instance));
                Ok((entries, kept))
            };
            let kept = match blocking(keeping).await {
                Ok((back, kept)) => {
                    entries = back;
                    kept
                }
                // The runtime ends, or its code panicked: what was registered went with it.
                Err(why) => {
                    entries = Entries::default();
                    Err(why)
                }
            };
            match kept {
                Ok(()) => registration.done(),
                Err(why) => registration.failed(why),
            }
            let wait = LOOK_EVERY.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
            tokio::select! {
                () = registration.changed() => {}
                () = sleep(wait) => {}
            }
        }
        // The records first, and what holds their slots after them.
        let leaving = move || {
            drop(entries);
            Ok(())
        };
        let _ = blocking(leaving).await;
    }
}

/// What one server has in the registry directory.
#[derive(Debug, Default)]
struct Entries(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    // In this order: see above.
    record: Option<Record>,
    slot: Option<Slot>,
    service: String,
    written: Option<Arc<Instance>>,
}

impl Entries {
    /// Makes it so that what is wanted is there under each name.
    fn keep(
        &mut self,
        root: PathBuf,
        name: Option<String>,
        wanted: &Arc<Instance>,
    ) -> io::Result<()> {
        let names = name.map_or_else(|| wanted.services().to_vec(), |name| vec![name]);
        if names.is_empty() {
            let why = "the server has no service to be found under; write \"local:///NAME\"";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        for service in names {
            let known = self.0.iter().position(|entry| entry.service == service);
            let at = known.unwrap_or_else(|| {
                self.0.push(Entry::new(service));
                self.0.len() - 1
            });
            if let Some(entry) = self.0.get_mut(at) {
                entry.keep(&root, wanted)?;
            }
        }
        Ok(())
    }
}

impl Entry {
    fn new(service: String) -> Self {
        Self {
            record: None,
            slot: None,
            service,
            written: None,
        }
    }

    fn keep(&mut self, root: &std::path::Path, wanted: &Arc<Instance>) -> io::Result<()> {
        let is_written = self
            .written
            .as_ref()
            .is_some_and(|written| written == wanted);
        // Whose slot is gone has it no more: the next to come takes it by a new file.
        if self.slot.as_ref().is_some_and(|slot| !slot.is_there()) {
            self.slot = None;
        }
        let has_slot = wanted.has_slot() || self.slot.is_some();
        if is_written && has_slot && self.record.as_ref().is_some_and(Record::is_there) {
            return Ok(());
        }
        let dir = place::of_service(root, &self.service)?;
        let mut instance = Instance::clone(wanted);
        if !instance.has_slot() {
            if self.slot.is_none() {
                self.slot = Some(Slot::claim(root, &self.service)?);
            }
            if let Some(slot) = &self.slot {
                instance = instance.with_slot(slot.name());
            }
        }
        match &mut self.record {
            Some(record) => record.update(&instance)?,
            None => {
                // What the dead have left here: where nobody looks for anybody, nobody else removes it.
                Seen::default().look(&dir, &Which::All)?;
                self.record = Some(Record::publish(&dir, &instance)?);
            }
        }
        self.written = Some(Arc::clone(wanted));
        Ok(())
    }
}
