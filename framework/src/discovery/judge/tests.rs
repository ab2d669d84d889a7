//! Readings and what becomes of them, in tables.

use proptest::prelude::*;

use super::*;
use crate::transport::target::Target;

const MS: Duration = Duration::from_millis(1);

fn instance(id: &str) -> Arc<Instance> {
    let target: Target = format!("http://{id}:1").parse().unwrap();
    Arc::new(Instance::new(target).with_id(id))
}

fn set(ids: &str) -> Reading {
    Reading::Set(ids.split_whitespace().map(instance).collect())
}

/// The members: `-a` is held for a mass, `~a` as it comes and goes, `?a` is damped, `(a)` superseded.
fn shown(judge: &Judge) -> String {
    let members = judge.found().members.iter().map(|member| {
        let id = member.instance.id();
        match (member.held.map(|held| held.why), member.damped_until) {
            _ if member.is_superseded => format!("({id})"),
            (Some(HeldWhy::Mass), _) => format!("-{id}"),
            (Some(HeldWhy::Flapping), _) => format!("~{id}"),
            (None, Some(_)) => format!("?{id}"),
            (None, None) => id.to_owned(),
        }
    });
    members.collect::<Vec<_>>().join(" ")
}

/// Readings of a new judge, each after so many seconds: a set of ids, `!` for one that failed, or `.` for none.
fn run(readings: &[(u64, &str)]) -> Judge {
    let (mut judge, start) = (Judge::default(), Instant::now());
    for (second, reading) in readings {
        let now = start + Duration::from_secs(*second);
        match *reading {
            "." => {}
            "!" => drop(judge.take(Reading::Failed("no answer".into()), now)),
            ids => drop(judge.take(set(ids), now)),
        }
        judge.tick(now);
    }
    judge
}

#[test]
fn what_becomes_of_readings() {
    let table: &[(&[(u64, &str)], &str)] = &[
        // The first answer counts, an empty one, too.
        (&[(0, "")], ""),
        (&[(0, "!")], ""),
        (&[(0, ""), (1, "a b")], "a b"),
        // One of any number may leave at once, and three of ten.
        (&[(0, "a b"), (1, "b")], "b"),
        (&[(0, "a b c"), (1, "b c d")], "b c d"),
        (
            &[(0, "a b c d e f g h i j"), (1, "d e f g h i j")],
            "d e f g h i j",
        ),
        (
            &[(0, "a b c d e f g h i j"), (1, "e f g h i j")],
            "-a -b -c -d e f g h i j",
        ),
        (&[(0, "a b c"), (1, "c")], "-a -b c"),
        // Those that come do not make up for those that leave.
        (
            &[(0, "a b c"), (1, "d e f g h i j k l m")],
            "-a -b -c d e f g h i j k l m",
        ),
        // Nothing replaces a set but another one.
        (&[(0, "a b"), (1, "")], "a b"),
        (&[(0, "a b"), (1, "!")], "a b"),
        (&[(0, "a b"), (1, ""), (100, ".")], "a b"),
        // Those that are held leave after 15 s,
        (&[(0, "a b c"), (1, "c"), (15, ".")], "-a -b c"),
        (&[(0, "a b c"), (1, "c"), (16, ".")], "c"),
        (&[(0, "a b c"), (1, "c"), (10, "c"), (16, ".")], "c"),
        // unless they are back, or nobody can tell.
        (&[(0, "a b c"), (1, "c"), (10, "b c"), (11, ".")], "-a b c"),
        (&[(0, "a b c"), (1, "c"), (10, "b c"), (16, ".")], "b c"),
        (&[(0, "a b c"), (1, "c"), (10, "!"), (60, ".")], "-a -b c"),
        (&[(0, "a b c"), (1, "c"), (10, "!"), (60, "c")], "c"),
        // Those that are held do not count when more leave.
        (&[(0, "a b c d"), (1, "c d"), (2, "d")], "-a -b d"),
        // One id twice is one.
        (&[(0, "a a b")], "a b"),
    ];
    for (readings, want) in table {
        assert_eq!(shown(&run(readings)), *want, "{readings:?}");
    }
}

#[test]
fn what_comes_and_goes_has_to_be_steady_first() {
    // b comes and goes once: nothing is made of it.
    let mut readings = vec![(0, "a b c d"), (1, "a c d"), (2, "a b c d")];
    assert_eq!(shown(&run(&readings)), "a b c d");
    // The fourth time is too much: it is a member, and has to stay for 10 s.
    readings.extend([(3, "a c d"), (4, "a b c d")]);
    assert_eq!(shown(&run(&readings)), "a ?b c d");
    assert_eq!(
        shown(&run(&[&readings[..], &[(13, ".")]].concat())),
        "a ?b c d"
    );
    assert_eq!(
        shown(&run(&[&readings[..], &[(14, ".")]].concat())),
        "a b c d"
    );
    // It goes again: no key moves for that.
    readings.push((5, "a c d"));
    assert_eq!(shown(&run(&readings)), "a ~b c d");
    readings.push((6, "a b c d"));
    assert_eq!(shown(&run(&readings)), "a ?b c d");
    readings.push((7, "a c d"));
    assert_eq!(
        shown(&run(&[&readings[..], &[(16, ".")]].concat())),
        "a ~b c d"
    );
    assert_eq!(
        shown(&run(&[&readings[..], &[(17, ".")]].concat())),
        "a c d"
    );
    // All of it is forgotten after a minute.
    let rested = [&readings[..], &[(17, "."), (70, "a b c d")]].concat();
    assert_eq!(shown(&run(&rested)), "a b c d");
}

#[test]
fn who_said_that_it_leaves_or_left_its_slot_to_another_is_not_missed() {
    let now = Instant::now();
    let draining = |id| {
        let instance = Arc::unwrap_or_clone(instance(id));
        Arc::new(instance.with_state(InstanceState::Draining))
    };
    let mut judge = Judge::default();
    judge.take(set("a b c d"), now);
    judge.take(
        Reading::Set(vec![
            draining("a"),
            draining("b"),
            draining("c"),
            instance("d"),
        ]),
        now,
    );
    judge.take(set("d"), now);
    assert_eq!(shown(&judge), "d");

    let slotted = |id: &str, slot: &str, incarnation| {
        let instance = Arc::unwrap_or_clone(instance(id));
        Arc::new(instance.with_slot(slot).with_incarnation(incarnation))
    };
    let mut judge = Judge::default();
    let old = ["a", "b", "c"].map(|id| slotted(id, &format!("slot-{id}"), 1));
    judge.take(Reading::Set(old.to_vec()), now);
    // The old one of a slot and the new one, side by side.
    let beside = [&old[..], &[slotted("x", "slot-a", 2)]].concat();
    judge.take(Reading::Set(beside), now + MS);
    assert_eq!(shown(&judge), "(a) b c x");
    // Those that were followed may all leave at once.
    let mut overlapping = Judge::default();
    let old_of_one = ["a", "b", "c"].map(|id| slotted(id, "slot-a", 1));
    let new_of_one = slotted("x", "slot-a", 9);
    let all = [&old_of_one[..], std::slice::from_ref(&new_of_one)].concat();
    overlapping.take(Reading::Set(all), now);
    overlapping.take(Reading::Set(vec![new_of_one]), now + MS);
    assert_eq!(shown(&overlapping), "x");
    // All of them restart at once.
    let new = ["a", "b", "c"].map(|id| slotted(&format!("new-{id}"), &format!("slot-{id}"), 3));
    judge.take(Reading::Set(new.to_vec()), now + 2 * MS);
    assert_eq!(shown(&judge), "new-a new-b new-c");
}

#[test]
fn a_change_is_told_once_and_with_its_cause() {
    let now = Instant::now();
    let mut judge = Judge::default();
    let mut told = |reading, version: u64| {
        let change = judge.take(reading, now).map(|change| change.to_string());
        assert_eq!(judge.found().version, version);
        change
    };
    let failed = || Reading::Failed("refused".into());
    for (reading, version, want) in [
        (failed(), 1, Some("kept as it was: refused")),
        (failed(), 1, None),
        (set("a b c"), 2, Some("first answer, 3 came")),
        (set("c b a"), 2, None),
        (failed(), 3, Some("kept as it was: refused")),
        (failed(), 3, None),
        (set(""), 4, Some("kept as it was: the answer was empty")),
        (set("a b d"), 5, Some("1 came, 1 left, read again")),
        (
            set("d"),
            6,
            Some("2 held although left out, as too many were at once"),
        ),
        (set("d"), 6, None),
        (set("a b d"), 7, Some("2 settled")),
    ] {
        assert_eq!(told(reading, version).as_deref(), want);
    }
    let found = judge.found();
    assert!(found.is_known && found.stale.is_none());
    assert_eq!(found.seen_at, Some(now));
}

#[test]
fn one_that_changes_stays_the_same_member() {
    let now = Instant::now();
    let mut judge = Judge::default();
    judge.take(set("a"), now);
    let heavy = Arc::unwrap_or_clone(instance("a")).with_weight(500);
    let change = judge.take(Reading::Set(vec![Arc::new(heavy)]), now + MS);
    assert_eq!(change.unwrap().to_string(), "1 changed");
    let member = &judge.found().members[0];
    assert_eq!((member.instance.weight(), member.since), (500, now));
}

#[test]
fn what_is_stale_says_since_when() {
    let start = Instant::now();
    let mut judge = Judge::default();
    judge.take(set("a"), start);
    judge.take(set(""), start + MS);
    judge.take(Reading::Failed("gone".into()), start + 5 * MS);
    let stale = judge.found().stale.clone().unwrap();
    assert_eq!((stale.since, &*stale.why), (start + MS, "gone"));
    assert_eq!(judge.found().age(start + 5 * MS), Some(5 * MS));
}

proptest! {
    /// Whatever is read, in whatever order.
    #[test]
    fn a_set_stays_sorted_and_never_becomes_empty_but_by_its_first_answer(
        readings in prop::collection::vec((0_u64..20_000, prop::option::of(0_u8..64)), 1..60),
    ) {
        let (mut judge, mut now) = (Judge::default(), Instant::now());
        let mut was_full = false;
        for (millis, members) in readings {
            now += Duration::from_millis(millis);
            let before = judge.found().version;
            let change = match members {
                None => judge.take(Reading::Failed("no answer".into()), now),
                Some(bits) => {
                    let ids = (0..6).filter(|bit| bits & (1 << bit) != 0);
                    judge.take(Reading::Set(ids.map(|id| instance(&format!("n{id}"))).collect()), now)
                }
            };
            let ticked = judge.tick(now);
            let changes = u64::from(change.is_some()) + u64::from(ticked.is_some());
            let found = judge.found();
            prop_assert_eq!(found.version, before + changes);
            prop_assert!(found.members.is_sorted_by(|a, b| a.instance.id() < b.instance.id()));
            // One that is held alone may leave; what was read last never does.
            prop_assert!(!was_full || !found.members.is_empty());
            was_full |= !found.members.is_empty();
            prop_assert!(judge.next().is_none_or(|next| next > now));
        }
    }
}
