//! Readings and what becomes of them, in tables.

use proptest::prelude::*;

use super::*;
use crate::transport::target::Target;

const MS: Duration = Duration::from_millis(1);

fn instance(id: &str) -> Arc<Instance> {
    let target: Target = format!("http://{id}:1").parse().unwrap();
    Arc::new(Instance::new(target).with_id(id))
}

fn set_of(ids: &str) -> Vec<Arc<Instance>> {
    ids.split_whitespace().map(instance).collect()
}

fn set(ids: &str) -> Reading {
    Reading::Set(set_of(ids))
}

/// The members: `-a` is held for a mass, `~a` as it comes and goes, `?a` is passed by, `(a)` superseded.
fn shown(judge: &Judge) -> String {
    let members = judge.found().members.iter().map(|member| {
        let id = member.instance.id();
        match (member.held.map(|held| held.why), member.damped_until) {
            _ if member.is_superseded => format!("({id})"),
            (Some(HeldWhy::Mass), _) => format!("-{id}"),
            (Some(HeldWhy::Flapping), None) => format!("~{id}"),
            (Some(HeldWhy::Flapping), Some(_)) => format!("~?{id}"),
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
fn what_comes_and_goes_is_held_and_moves_no_key_more_than_twice() {
    let (with, without) = ("a b c d", "a c d");
    let once = vec![(0, with), (1, without), (2, with)];
    // The third time is too much: it stays a member, and keeps its calls while it answers.
    let third = [&once[..], &[(3, without)]].concat();
    let back = [&third[..], &[(4, with)]].concat();
    let again = [&back[..], &[(5, without)]].concat();
    let later = |readings: &[(u64, &'static str)], more: &[(u64, &'static str)]| {
        shown(&run(&[readings, more].concat()))
    };
    for (readings, more, want) in [
        (&once, &[][..], "a b c d"),
        (&third, &[], "a ~b c d"),
        (&third, &[(12, ".")], "a ~b c d"),
        (&third, &[(13, ".")], "a c d"),
        // As it is the same one that is back, it is as good as before.
        (&back, &[], "a b c d"),
        (&back, &[(60, ".")], "a b c d"),
        (&again, &[], "a ~b c d"),
        (&again, &[(6, with)], "a b c d"),
        // One that is new there has to stay for 10 s.
        (&third, &[(13, "."), (14, with)], "a ?b c d"),
        (&third, &[(13, "."), (14, with), (23, ".")], "a ?b c d"),
        (&third, &[(13, "."), (14, with), (24, ".")], "a b c d"),
        // It goes again meanwhile: it is held, and has to stay from the beginning.
        (&third, &[(13, "."), (14, with), (20, without)], "a ~?b c d"),
        (
            &third,
            &[(13, "."), (14, with), (20, without), (30, ".")],
            "a c d",
        ),
        (
            &third,
            &[(13, "."), (14, with), (20, without), (21, with), (30, ".")],
            "a ?b c d",
        ),
        (
            &third,
            &[(13, "."), (14, with), (20, without), (21, with), (31, ".")],
            "a b c d",
        ),
        // All of it is forgotten after a minute.
        (&third, &[(13, "."), (70, with)], "a b c d"),
    ] {
        assert_eq!(later(readings, more), want, "{readings:?}, {more:?}");
    }
}

fn slotted(id: &str, slot: &str, incarnation: u64) -> Arc<Instance> {
    let instance = Arc::unwrap_or_clone(instance(id));
    Arc::new(instance.with_slot(slot).with_incarnation(incarnation))
}

#[test]
fn a_new_one_in_a_slot_that_comes_and_goes_is_passed_by_unless_there_are_many() {
    // So many of ten slots are restarted, so often, a second each: the last of each in its slot.
    for (slots, restarts, want) in [(1, 1, 0), (1, 2, 1), (3, 2, 3), (4, 2, 3), (10, 2, 3)] {
        let (mut judge, mut now) = (Judge::default(), Instant::now());
        let mut all: Vec<_> = (0..10)
            .map(|slot| slotted(&format!("n{slot}"), &slot.to_string(), 1))
            .collect();
        judge.take(Reading::Set(all.clone()), now);
        for restart in 1..=restarts {
            for (slot, one) in all.iter_mut().take(slots).enumerate() {
                now += Duration::from_secs(1);
                *one = slotted(
                    &format!("n{slot}-{restart}"),
                    &slot.to_string(),
                    1 + restart,
                );
            }
            judge.take(Reading::Set(all.clone()), now);
        }
        let shown = shown(&judge);
        assert_eq!(shown.matches('?').count(), want, "{slots} slots, {shown}");
        assert_eq!(judge.found().members.len(), 10, "{shown}");
    }
    // One that was held is followed by the next at once.
    let mut judge = Judge::default();
    let now = Instant::now();
    let others = || {
        [
            slotted("b", "1", 1),
            slotted("c", "2", 1),
            slotted("d", "3", 1),
        ]
    };
    let with = |one: Arc<Instance>| Reading::Set([&others()[..], &[one]].concat());
    for id in 1..=2 {
        judge.take(with(slotted(&format!("a{id}"), "0", id)), now);
    }
    judge.take(Reading::Set(others().to_vec()), now);
    assert_eq!(shown(&judge), "~a2 b c d");
    judge.take(with(slotted("a3", "0", 3)), now);
    assert_eq!(shown(&judge), "?a3 b c d");
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
fn who_takes_no_calls_takes_no_slot_from_one_who_does() {
    use InstanceState::{Draining, Ready, Starting, Warming};
    let of = |id: &str, incarnation, state| {
        let instance = Arc::unwrap_or_clone(instance(id));
        let instance = instance.with_slot("s").with_incarnation(incarnation);
        Arc::new(instance.with_state(state))
    };
    let (mut judge, now) = (Judge::default(), Instant::now());
    for (old, new, want) in [
        (Ready, Starting, "a (b)"),
        (Ready, Warming, "(a) b"),
        (Ready, Ready, "(a) b"),
        (Warming, Draining, "a (b)"),
        // Nobody takes calls: of those the newer one is next.
        (Starting, Starting, "(a) b"),
        (Draining, Starting, "(a) b"),
        (Draining, Ready, "(a) b"),
    ] {
        let set = vec![of("a", 1, old), of("b", 2, new)];
        judge.take(Reading::Set(set), now);
        assert_eq!(shown(&judge), want, "{old} {new}");
    }
    // One that a reading has left out is called while it answers, in place of one that takes no calls.
    let mut judge = Judge::default();
    let others = set_of("x y");
    let old = [vec![of("a", 1, Ready)], others].concat();
    judge.take(Reading::Set(old), now);
    judge.take(Reading::Set(vec![of("b", 0, Starting)]), now + MS);
    assert_eq!(shown(&judge), "-a (b) -x -y");
}

#[test]
fn what_was_read_in_part_counts_and_is_not_fresh() {
    let part = |ids: &str, why: &str| Reading::Part(set_of(ids), why.into());
    let start = Instant::now();
    let mut judge = Judge::default();
    let mut told = |reading, at: u32| {
        let change = judge.take(reading, start + at * MS);
        let change = change.map(|change| change.to_string());
        (change.unwrap_or_default(), shown(&judge))
    };
    for (reading, at, want, members) in [
        (
            part("a b", "x"),
            0,
            "first answer, 2 came, in part as it was: x",
            "a b",
        ),
        (set("a b c d"), 10, "2 came, read again", "a b c d"),
        (
            part("b c d e", "x"),
            20,
            "1 came, 1 left, in part as it was: x",
            "b c d e",
        ),
        (part("b c d e", "x"), 30, "", "b c d e"),
        (part("b c d e", "y"), 40, "in part as it was: y", "b c d e"),
        (part("", "y"), 50, "", "b c d e"),
        (
            part("e", "y"),
            60,
            "3 held although left out, as too many were at once",
            "-b -c -d e",
        ),
    ] {
        let (change, shown) = told(reading, at);
        assert_eq!((&*change, &*shown), (want, members), "{at}");
    }
    let stale = judge.found().stale.clone().unwrap();
    assert_eq!((stale.since, &*stale.why), (start + 20 * MS, "y"));
    assert_eq!(judge.found().age(start + 60 * MS), Some(50 * MS));
    // None of those is let go on the word of half an answer.
    judge.tick(start + Duration::from_secs(60));
    assert_eq!(shown(&judge), "-b -c -d e");
    judge.take(set("e"), start + Duration::from_secs(61));
    judge.tick(start + Duration::from_secs(61));
    assert_eq!(shown(&judge), "e");
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
    assert_eq!(member.instance.weight(), 500);
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

    /// Records that are the very ones of the last reading are not looked at: that comes to the same as if they were.
    #[test]
    fn what_is_as_it_was_need_not_be_looked_at(
        // The order of a reading; which records of 24 are in it, four of each id and three ids to a slot; the time.
        readings in prop::collection::vec((any::<u64>(), 0_u32..1 << 24, 0_u64..9_000), 1..40),
        // The next reading is like the last but for this.
        slips in prop::collection::vec(prop::option::of(0_u32..24), 40),
    ) {
        let pool: Vec<_> = (0..24_u64).map(|at| {
            let (id, kind) = (at / 4, at % 4);
            let one = Arc::unwrap_or_clone(slotted(&format!("n{id}"), &(id % 2).to_string(), 1 + kind / 2));
            // The last two are the same, written twice.
            let state = if kind == 1 { InstanceState::Draining } else { InstanceState::Ready };
            Arc::new(one.with_state(state))
        }).collect();
        let (mut quick, mut thorough) = (Judge::default(), Judge::default());
        let (mut now, mut which, mut order) = (Instant::now(), 0, 0);
        for ((seed, bits, millis), slip) in readings.into_iter().zip(slips) {
            now += Duration::from_millis(millis);
            match slip {
                Some(bit) => which ^= 1 << bit,
                None => (which, order) = (bits, seed),
            }
            let in_it = (0..24).filter(|bit| which & (1 << bit) != 0);
            let mut set: Vec<_> = in_it.map(|bit| Arc::clone(&pool[bit])).collect();
            fastrand::Rng::with_seed(order).shuffle(&mut set);
            thorough.read.doubt();
            let changes = [&mut quick, &mut thorough].map(|judge| {
                (judge.take(Reading::Set(set.clone()), now), judge.tick(now))
            });
            prop_assert_eq!(&changes[0], &changes[1]);
            let found = [&quick, &thorough].map(|judge| format!("{:?}", judge.found()));
            prop_assert_eq!(&found[0], &found[1]);
            // Of each slot one has it.
            let members = &quick.found().members;
            for slot in ["0", "1"] {
                let of_slot = || members.iter().filter(|one| one.instance.slot() == slot);
                let heads = of_slot().filter(|one| !one.is_superseded).count();
                prop_assert_eq!(heads, of_slot().count().min(1));
            }
        }
    }
}

#[test]
fn a_place_is_found_from_wherever_it_is_looked_for() {
    let judge = run(&[(0, "b d f h j l n p r t v x z")]);
    let members = &judge.found().members;
    for from in 0..=members.len() {
        for id in ('a'..='{').map(String::from) {
            let want = members.partition_point(|one| one.instance.id() < id.as_str());
            assert_eq!(seek(members, from.min(want), &id), want, "{id} from {from}");
        }
    }
}
