//! What a name stands for after each reading: what is kept, what is let go, and what has to prove itself first.
//! It refuses to read anything, and to look at a clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::edit::{Edit, Kind, edited, seek};
use self::flaps::{FLAP_WINDOW, Flaps};
use self::rank::{slot_hash, supersede};
use self::read::Read;
use super::change::Change;
use super::found::{Found, Held, HeldWhy, Member, Stale};
use super::instance::{Instance, InstanceState};
use crate::rt::pace::Pace;

mod edit;
mod flaps;
mod rank;
mod read;

/// How long those are kept that one reading left out in a mass, unless readings have them again: a registry that has
/// lost its memory fills up again meanwhile, and who is really gone is found out by calling. Finagle's stabilizer and
/// Dubbo's protection from empty answers have the same idea.
pub(crate) const HOLD: Duration = Duration::from_secs(15);

/// So many of ten may leave at once without more ado, and one always may; and so many may be passed by as their slots
/// come and go. Envoy's and gRPC's panic thresholds and outlier caps stand at 30 % to 50 %; a rolling restart takes
/// fewer.
const FEW_OF_TEN: usize = 3;

/// How long one that comes and goes has to stay as it is before that counts.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;

/// What was read, or why nothing was.
#[derive(Debug)]
pub(crate) enum Reading {
    Set(Vec<Arc<Instance>>),
    /// Some of it could not be read, and is what it was before.
    Part(Vec<Arc<Instance>>, Arc<str>),
    Failed(Arc<str>),
}

/// The state that each reading is judged by.
#[derive(Debug, Default)]
pub(super) struct Judge {
    found: Found,
    read: Read,
    /// Members that are held.
    held: usize,
    /// Members that are passed by, as their slots come and go.
    damped: usize,
    flaps: Flaps,
    /// The last reading failed, or a part of it did: nothing that is held is let go on its word.
    has_failed: bool,
    pace: Pace,
}

impl Judge {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            ..Self::default()
        }
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    /// When time alone changes something, if it does.
    pub(super) fn next(&self) -> Option<Instant> {
        // Mostly there is nobody to look for among thousands.
        if self.held + self.damped == 0 {
            return None;
        }
        let waits = self.found.members.iter().filter_map(|member| {
            let held = member.held.filter(|held| !self.waits_for_a_reading(held));
            held.map(|held| held.until)
                .into_iter()
                .chain(member.damped_until)
                .min()
        });
        waits.min()
    }

    /// Takes a reading to what was known; `None` where nothing changed.
    pub(super) fn take(&mut self, reading: Reading, now: Instant) -> Option<Change> {
        let mut change = Change::default();
        match reading {
            Reading::Failed(why) => self.stale(why, now, &mut change),
            Reading::Part(set, why) => {
                self.stale(why, now, &mut change);
                change.is_part = change.staled.is_some();
                if !self.is_empty_again(&set) {
                    self.found.seen_at.get_or_insert(now);
                    change.is_first = !std::mem::replace(&mut self.found.is_known, true);
                    self.merge(set, now, &mut change);
                }
            }
            Reading::Set(set) if self.is_empty_again(&set) => {
                self.stale("the answer was empty".into(), now, &mut change);
            }
            Reading::Set(set) => {
                self.has_failed = false;
                self.found.seen_at = Some(now);
                change.is_fresh_again = self.found.stale.take().is_some() && self.found.is_known;
                change.is_first = !std::mem::replace(&mut self.found.is_known, true);
                self.merge(set, now, &mut change);
            }
        }
        self.done(change)
    }

    /// Lets go what has been held for long enough, and what has been steady.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Change> {
        if self.next().is_none_or(|next| next > now) {
            return None;
        }
        let mut change = Change::default();
        let mut edits = Vec::new();
        for (at, member) in self.found.members.iter().enumerate() {
            let held = member.held.filter(|held| !self.waits_for_a_reading(held));
            let is_over = held.is_some_and(|held| held.until <= now);
            let is_steady = member.damped_until.is_some_and(|until| until <= now);
            change.left += usize::from(is_over);
            change.settled += usize::from(is_steady && !is_over);
            let steady = || Member {
                damped_until: None,
                ..member.clone()
            };
            if is_over || is_steady {
                edits.push(Edit {
                    at,
                    kind: Kind::InPlace,
                    member: (!is_over).then(steady),
                });
            }
        }
        if !edits.is_empty() {
            self.edit(edits);
        }
        self.done(change)
    }

    /// An empty answer replaces nobody.
    fn is_empty_again(&self, set: &[Arc<Instance>]) -> bool {
        set.is_empty() && !self.found.members.is_empty()
    }

    fn stale(&mut self, why: Arc<str>, now: Instant, change: &mut Change) {
        self.has_failed = true;
        let is_news = self
            .found
            .stale
            .as_ref()
            .is_none_or(|stale| stale.why != why);
        let since = self.found.stale.as_ref().map_or(now, |stale| stale.since);
        if is_news {
            change.staled = Some(Arc::clone(&why));
            self.found.stale = Some(Stale { since, why });
        }
    }

    fn merge(&mut self, set: Vec<Arc<Instance>>, now: Instant, change: &mut Change) {
        let old = Arc::clone(&self.found.members);
        let differs = self.read.next(set, &old);
        // Those that are held were missing before, and still are unless they came.
        let mut away = differs.left;
        if self.held > 0 {
            let held = old.iter().filter(|member| member.held.is_some());
            away.extend(held.map(|member| Arc::clone(&member.instance)));
            away.sort_by(|a, b| a.id().cmp(b.id()));
        }
        let (mut here, mut gone) = (Vec::new(), Vec::new());
        let mut away = away.into_iter().peekable();
        let mut from = 0;
        for instance in differs.came {
            while let Some(left) = away.next_if(|left| left.id() < instance.id()) {
                gone.extend(Edit::of(&old, &mut from, left.id()));
            }
            away.next_if(|left| left.id() == instance.id());
            from = seek(&old, from, instance.id());
            let known = old.get(from);
            let known = known.filter(|known| known.instance.id() == instance.id());
            let member = self.present(known, instance, now, change);
            here.extend(member.map(|member| Edit {
                at: from,
                kind: known.map_or(Kind::PutIn, |_| Kind::InPlace),
                member: Some(member),
            }));
        }
        for left in away {
            gone.extend(Edit::of(&old, &mut from, left.id()));
        }
        self.release(&mut gone, &here, now, change);
        if change.is_of_members() {
            here.append(&mut gone);
            self.edit(here);
        }
        self.flaps.forget(now, self.pace.of(FLAP_WINDOW));
    }

    /// What becomes of one that the reading has, if anything does.
    fn present(
        &mut self,
        known: Option<&Member>,
        instance: Arc<Instance>,
        now: Instant,
        change: &mut Change,
    ) -> Option<Member> {
        let steady = now + self.pace.of(STEADY);
        let Some(known) = known else {
            change.came += 1;
            let has_flapped = !change.is_first && self.flapped(instance.slot(), now);
            // Where many slots come and go, as in two deployments in a minute, the rest is not to take all calls.
            let is_damped =
                has_flapped && !is_mass(self.damped + change.damped + 1, self.present_count());
            change.damped += usize::from(is_damped);
            return Some(Member {
                slot_hash: slot_hash(instance.slot()),
                instance,
                held: None,
                damped_until: is_damped.then_some(steady),
                is_superseded: false,
            });
        };
        let is_changed = !Arc::ptr_eq(&known.instance, &instance) && known.instance != instance;
        if !is_changed && known.held.is_none() {
            return None;
        }
        let mut member = known.clone();
        if is_changed {
            member.slot_hash = slot_hash(instance.slot());
            member.instance = instance;
            change.changed += 1;
        }
        let was_held = member.held.take().map(|held| held.why);
        if was_held == Some(HeldWhy::Flapping) {
            self.flapped(member.instance.slot(), now);
        }
        match (was_held, &mut member.damped_until) {
            // It had to stay, and was gone.
            (Some(HeldWhy::Flapping), Some(until)) => {
                *until = steady;
                change.damped += 1;
            }
            (Some(_), _) => change.settled += 1,
            (None, _) => {}
        }
        Some(member)
    }

    /// Those that the reading does not have: they leave, or are held.
    fn release(&mut self, gone: &mut [Edit], here: &[Edit], now: Instant, change: &mut Change) {
        // Who said that it leaves, or left its slot to another, is not missing.
        let mut newcomers: HashMap<&str, u64> = HashMap::new();
        let came = here.iter().filter(|edit| edit.kind == Kind::PutIn);
        for newcomer in came.filter_map(|edit| edit.member.as_ref()) {
            let newest = newcomers.entry(newcomer.instance.slot()).or_default();
            *newest = newcomer.instance.incarnation().max(*newest);
        }
        let is_replaced = |old: &Member| {
            let newer = newcomers.get(old.instance.slot());
            newer.is_some_and(|incarnation| *incarnation >= old.instance.incarnation())
        };
        let is_announced =
            |old: &Member| old.is_superseded || old.instance.state() == InstanceState::Draining;
        let mut missing = Vec::new();
        for Edit { member, .. } in gone {
            let Some(old) = member else { continue };
            if is_replaced(old) || (old.held.is_none() && is_announced(old)) {
                if old.held.is_none() {
                    self.flapped(old.instance.slot(), now);
                }
                change.left += 1;
                *member = None;
            } else if old.held.is_none() {
                missing.push(member);
            }
        }
        let is_mass = is_mass(missing.len(), self.present_count());
        for member in missing {
            let Some(old) = member else { continue };
            let has_flapped = self.flapped(old.instance.slot(), now);
            if is_mass {
                old.held = Some(Held::new(HeldWhy::Mass, now, self.pace.of(HOLD)));
                change.held += 1;
            } else if has_flapped {
                // It stays a member, so that no key moves for it, and keeps its calls while it answers.
                let held = Held::new(HeldWhy::Flapping, now, self.pace.of(STEADY));
                old.held = Some(held);
                old.damped_until = old.damped_until.map(|_| held.until);
                change.damped += 1;
            } else {
                change.left += 1;
                *member = None;
            }
        }
    }

    /// Members that the last reading had.
    fn present_count(&self) -> usize {
        self.found.members.len() - self.held
    }

    /// Counts a coming or going; has there been more of that than is taken?
    fn flapped(&mut self, slot: &str, now: Instant) -> bool {
        self.flaps.count(slot, now, self.pace.of(FLAP_WINDOW))
    }

    fn waits_for_a_reading(&self, held: &Held) -> bool {
        self.has_failed && held.why == HeldWhy::Mass
    }

    /// Takes over what becomes of some of the members; of one slot all but the newest are superseded.
    fn edit(&mut self, edits: Vec<Edit>) {
        let (mut members, slots) = edited(&self.found.members, edits);
        supersede(&mut members, slots);
        self.held = members.iter().filter(|one| one.held.is_some()).count();
        self.damped = members.iter().filter(|one| one.is_damped()).count();
        self.found.members = members.into();
    }

    fn done(&mut self, change: Change) -> Option<Change> {
        if change.is_none() {
            return None;
        }
        self.found.version += 1;
        Some(change)
    }
}

/// Are these too many at once, of all that are there?
fn is_mass(count: usize, all: usize) -> bool {
    count > 1 && count * 10 > all * FEW_OF_TEN
}
