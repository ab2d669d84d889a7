//! How old the answers are that directories go by, name by name.
//! It refuses to keep a name that nobody looks for any more.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Of each name that is looked for.
#[derive(Default)]
pub(super) struct Ages(Mutex<BTreeMap<String, Age>>);

#[derive(Default)]
struct Age {
    /// How many directories look for it.
    directories: usize,
    taken: Option<Instant>,
}

impl Ages {
    pub(super) fn began(&self, name: &str) {
        self.lock().entry(name.to_owned()).or_default().directories += 1;
    }

    pub(super) fn ended(&self, name: &str) {
        let mut ages = self.lock();
        if let Some(age) = ages.get_mut(name) {
            age.directories = age.directories.saturating_sub(1);
            if age.directories == 0 {
                ages.remove(name);
            }
        }
    }

    pub(super) fn taken(&self, name: &str) {
        if let Some(age) = self.lock().get_mut(name) {
            age.taken = Some(Instant::now());
        }
    }

    /// Of those that had an answer: where several look for one name, of the last one that any of them had.
    pub(super) fn now(&self) -> Vec<(String, Duration)> {
        let ages = self.lock();
        let ages = ages.iter().filter_map(|(name, age)| {
            let taken = age.taken?;
            Some((name.clone(), taken.elapsed()))
        });
        ages.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Age>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_an_age_while_somebody_looks_for_it() {
        let ages = Ages::default();
        ages.taken("nobody's");
        ages.began("a");
        ages.began("a");
        assert!(ages.now().is_empty(), "there was no answer");
        ages.taken("a");
        assert_eq!(ages.now().len(), 1);
        ages.ended("a");
        assert_eq!(ages.now()[0].0, "a");
        ages.ended("a");
        ages.ended("a");
        assert!(ages.now().is_empty());
    }
}
