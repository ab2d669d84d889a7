//! A server in the registry directory: a record under each of its services, written again where it is gone.
//! It refuses to be in a slot that another one has, and to keep its own when it leaves.
//!
//! What is not generic is inline, here and in the records and slots, so that servers that register compile it, and not
//! every build of this crate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::record::Record;
use super::scan::{Seen, Which};
use super::slots::Slot;
use super::{JITTER, blocking, place, service};
use crate::discovery::{Instance, InstanceState, Register, Registration};
use crate::transport::target::InvalidTarget;

/// How often it is looked whether the records are still there.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often one looks who waits for a slot that is taken: more often than the 150 ms for which one is shown who leaves
/// it, so that the slot is never without anybody.
const SLOT_EVERY: Duration = Duration::from_millis(50);

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
            let every = match &kept {
                Err(why) if why.kind() == io::ErrorKind::ResourceBusy => SLOT_EVERY,
                _ => LOOK_EVERY,
            };
            match kept {
                Ok(()) => registration.done(),
                Err(why) => registration.failed(why),
            }
            let wait = every.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
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
    /// Makes it so that what is wanted is there under each name; where it cannot be under one, under the others.
    ///
    /// # Errors
    /// The first of them.
    #[inline]
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
        let mut kept = Ok(());
        for service in names {
            let known = self.0.iter().position(|entry| entry.service == service);
            let at = known.unwrap_or_else(|| {
                self.0.push(Entry::new(service));
                self.0.len() - 1
            });
            if let Some(entry) = self.0.get_mut(at) {
                kept = kept.and(entry.keep(&root, wanted));
            }
        }
        kept
    }
}

impl Entry {
    #[inline]
    fn new(service: String) -> Self {
        Self {
            record: None,
            slot: None,
            service,
            written: None,
        }
    }

    #[inline]
    fn keep(&mut self, root: &Path, wanted: &Arc<Instance>) -> io::Result<()> {
        let is_leaving = wanted.state() == InstanceState::Draining;
        if is_leaving && self.record.is_none() {
            // Nobody has to be told.
            return Ok(());
        }
        let is_written = self
            .written
            .as_ref()
            .is_some_and(|written| written == wanted);
        // Whose slot's file is gone has it no more: the next to come takes it by a new one.
        let has_slot = is_leaving || self.slot.as_ref().is_some_and(Slot::is_there);
        if is_written && has_slot && self.record.as_ref().is_some_and(Record::is_there) {
            return Ok(());
        }
        let dir = place::of_service(root, &self.service)?;
        if !has_slot {
            self.slot = None;
            let owner = wanted.to_string();
            let slot = match wanted.has_slot() {
                true => Slot::given(root, &self.service, wanted.slot(), &owner),
                false => Slot::lowest(root, &self.service, &owner),
            };
            self.slot = Some(slot?);
        }
        // Its own service alone: of a hundred names a record has no room, and who looks here knows where he looks.
        let services = wanted.services().iter();
        let services: Vec<_> = services
            .filter(|name| **name == self.service)
            .cloned()
            .collect();
        let mut instance = Instance::clone(wanted).with_services(services);
        if let Some(slot) = &self.slot {
            instance = instance.with_slot(slot.name());
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
        if is_leaving && let Some(slot) = &mut self.slot {
            // Now, and not with the record: whoever comes next is there when this one is not shown any more.
            slot.let_go();
        }
        Ok(())
    }
}
