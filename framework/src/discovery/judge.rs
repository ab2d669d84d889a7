//! What a name stands for after each reading: what is kept, what is let go, and what has to prove itself first.
//! It refuses to read anything, and to look at a clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change::Change;
use super::found::{Found, Held, HeldWhy, Member, Stale};
use super::instance::{Instance, InstanceState};
use crate::rt::pace::Pace;

/// How long those are kept that one reading left out in a mass, unless readings have them again: a registry that has
/// lost its memory fills up again meanwhile, and who is really gone is found out by calling. Finagle's stabilizer and
/// Dubbo's protection from empty answers have the same idea.
pub(crate) const HOLD: Duration = Duration::from_secs(15);

/// So many of ten may leave at once without more ado, and one always may. Envoy's and gRPC's panic thresholds and
/// outlier caps stand at 30 % to 50 %; a rolling restart takes fewer.
const LEAVE_OF_TEN: usize = 3;

/// Comings and goings of one slot that are taken as they come, within [`FLAP_WINDOW`].
const FLAPS: usize = 3;

/// How long comings and goings count. Route flap damping (RFC 2439) halves a penalty in minutes; servers restart more
/// quickly than routes.
const FLAP_WINDOW: Duration = Duration::from_secs(60);

/// How long one that comes and goes has to stay as it is before that counts.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;

/// What was read, or why nothing was.
#[derive(Debug)]
pub(crate) enum Reading {
    Set(Vec<Arc<Instance>>),
    Failed(Arc<str>),
}

/// The state that each reading is judged by.
#[derive(Debug, Default)]
pub(super) struct Judge {
    found: Found,
    flaps: HashMap<Arc<str>, VecDeque<Instant>>,
    /// The last reading failed: nothing that is held is let go on its word.
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
            Reading::Set(set) if set.is_empty() && !self.found.members.is_empty() => {
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
        let mut members: Vec<Member> = self.found.members.to_vec();
        members.retain_mut(|member| {
            let over = member
                .held
                .filter(|held| held.until <= now && !self.waits_for_a_reading(held));
            if over.is_some() {
                change.left += 1;
                return false;
            }
            if member.damped_until.is_some_and(|until| until <= now) {
                member.damped_until = None;
                change.settled += 1;
            }
            true
        });
        if !change.is_none() {
            self.set(members);
        }
        self.done(change)
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

    fn merge(&mut self, mut set: Vec<Arc<Instance>>, now: Instant, change: &mut Change) {
        // Of one id the newer stands first, and stays.
        set.sort_by(|a, b| {
            a.id()
                .cmp(b.id())
                .then(b.incarnation().cmp(&a.incarnation()))
        });
        set.dedup_by(|b, a| a.id() == b.id());
        let old = Arc::clone(&self.found.members);
        let (mut members, mut gone) = (Vec::with_capacity(set.len()), Vec::new());
        let mut old = old.iter().peekable();
        for instance in set {
            while let Some(left) = old.next_if(|old| old.instance.id() < instance.id()) {
                gone.push(left.clone());
            }
            let known = old.next_if(|old| old.instance.id() == instance.id());
            members.push(self.present(known, instance, now, change));
        }
        gone.extend(old.cloned());
        self.release(gone, &mut members, now, change);
        if change.is_of_members() {
            members.sort_by(|a, b| a.instance.id().cmp(b.instance.id()));
            self.set(members);
        }
        self.flaps.retain(|_, flaps| {
            let is_recent =
                |at: &Instant| now.saturating_duration_since(*at) < self.pace.of(FLAP_WINDOW);
            flaps.back().is_some_and(is_recent)
        });
    }

    /// One that the reading has.
    fn present(
        &mut self,
        known: Option<&Member>,
        instance: Arc<Instance>,
        now: Instant,
        change: &mut Change,
    ) -> Member {
        let Some(known) = known else {
            change.came += 1;
            let is_flapping = !change.is_first && self.flapped(instance.slot(), now);
            change.damped += usize::from(is_flapping);
            return Member {
                instance,
                since: now,
                held: None,
                damped_until: is_flapping.then(|| now + self.pace.of(STEADY)),
                is_superseded: false,
            };
        };
        let mut member = known.clone();
        if !Arc::ptr_eq(&member.instance, &instance) && member.instance != instance {
            member.instance = instance;
            change.changed += 1;
        }
        match member.held.take().map(|held| held.why) {
            None => {}
            Some(HeldWhy::Mass) => change.settled += 1,
            // It was gone, and is here again: it has to stay.
            Some(HeldWhy::Flapping) => {
                self.flapped(member.instance.slot(), now);
                member.damped_until = Some(now + self.pace.of(STEADY));
                change.damped += 1;
            }
        }
        member
    }

    /// Those that the reading does not have: they leave, or are held.
    fn release(
        &mut self,
        gone: Vec<Member>,
        members: &mut Vec<Member>,
        now: Instant,
        change: &mut Change,
    ) {
        let is_held = |old: &Member| old.held.is_some();
        let (held, fresh): (Vec<_>, Vec<_>) = gone.into_iter().partition(is_held);
        let known = self.found.members.iter().filter(|old| !is_held(old));
        let known = known.count();
        // Who said that it leaves, or left its slot to another, is not missing.
        let newcomers: Vec<Arc<Instance>> = members
            .iter()
            .filter(|member| member.since == now)
            .map(|member| Arc::clone(&member.instance))
            .collect();
        let newcomers: HashMap<&str, u64> = newcomers
            .iter()
            .map(|newcomer| (newcomer.slot(), newcomer.incarnation()))
            .collect();
        let is_replaced = |old: &Member| {
            let newer = newcomers.get(old.instance.slot());
            newer.is_some_and(|incarnation| *incarnation >= old.instance.incarnation())
        };
        let is_announced =
            |old: &Member| old.is_superseded || old.instance.state() == InstanceState::Draining;
        let (announced, missing): (Vec<_>, Vec<_>) = fresh
            .into_iter()
            .partition(|old| is_announced(old) || is_replaced(old));
        let (replaced, still): (Vec<_>, Vec<_>) = held.into_iter().partition(|old| {
            is_replaced(old) && old.held.is_some_and(|held| held.why == HeldWhy::Mass)
        });
        change.left += announced.len() + replaced.len();
        for old in announced {
            self.flapped(old.instance.slot(), now);
        }
        members.extend(still);
        let is_mass = missing.len() > 1 && missing.len() * 10 > known * LEAVE_OF_TEN;
        for mut old in missing {
            let is_flapping = self.flapped(old.instance.slot(), now);
            if is_mass {
                old.held = Some(Held::new(HeldWhy::Mass, now, self.pace.of(HOLD)));
                change.held += 1;
            } else if is_flapping {
                // It stays a member, so that no key moves for it, and gets no calls.
                old.held = Some(Held::new(HeldWhy::Flapping, now, self.pace.of(STEADY)));
                old.damped_until = None;
                change.damped += 1;
            } else {
                change.left += 1;
                continue;
            }
            members.push(old);
        }
    }

    /// Counts a coming or going; has there been more of that than is taken?
    fn flapped(&mut self, slot: &str, now: Instant) -> bool {
        if !self.flaps.contains_key(slot) {
            self.flaps.insert(slot.into(), VecDeque::new());
        }
        let window = self.pace.of(FLAP_WINDOW);
        let Some(flaps) = self.flaps.get_mut(slot) else {
            return false;
        };
        flaps.push_back(now);
        while flaps.len() > FLAPS + 1
            || flaps
                .front()
                .is_some_and(|at| now.saturating_duration_since(*at) >= window)
        {
            flaps.pop_front();
        }
        flaps.len() > FLAPS
    }

    fn waits_for_a_reading(&self, held: &Held) -> bool {
        self.has_failed && held.why == HeldWhy::Mass
    }

    /// The members, sorted by id; of one slot all but the newest are superseded.
    fn set(&mut self, mut members: Vec<Member>) {
        // Told from what all clients see alike, so that they agree.
        fn rank(member: &Member) -> (bool, u64, &str) {
            let Member { instance, held, .. } = member;
            (held.is_none(), instance.incarnation(), instance.id())
        }
        let mut best: HashMap<&str, (bool, u64, &str)> = HashMap::with_capacity(members.len());
        for member in &members {
            let best = best.entry(member.instance.slot()).or_default();
            *best = rank(member).max(*best);
        }
        let is_best = |member: &Member| best.get(member.instance.slot()) == Some(&rank(member));
        let superseded: Vec<bool> = members.iter().map(|member| !is_best(member)).collect();
        for (member, is_superseded) in members.iter_mut().zip(superseded) {
            member.is_superseded = is_superseded;
        }
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
