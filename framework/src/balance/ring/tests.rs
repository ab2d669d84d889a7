//! What a ring promises: that owners follow from the set alone, that a change of it moves what it must and nothing
//! else, and that load sends calls along the ring.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Enough for what holds with any number of points, and soon built.
const FEW_POINTS: u32 = 64;

const KEYS: u64 = 20_000;

fn member(slot: &str) -> Member<'_> {
    Member {
        slot,
        id: "",
        weight: NORMAL_WEIGHT,
    }
}

fn slots(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("cart-{index}")).collect()
}

fn ring<'a>(slots: impl IntoIterator<Item = &'a String>, points: u32) -> Ring {
    let members: Vec<_> = slots.into_iter().map(|slot| member(slot)).collect();
    Ring::new(&members, points)
}

fn keys() -> impl Iterator<Item = u64> {
    (0..KEYS).map(|key| xxh64(&key.to_le_bytes()))
}

fn owner(ring: &Ring, hash: u64) -> usize {
    ring.candidates(hash).next().unwrap()
}

#[test]
fn a_ring_without_members_has_no_candidates() {
    let empty = Ring::new(&[], POINTS);
    assert_eq!(empty.candidates(7).next(), None);
    assert_eq!((empty.points(), empty.members()), (0, 0));
    assert!(empty.shares().is_empty());
}

#[test]
fn a_member_has_points_by_its_weight_in_sixteenths() {
    for (weight, points) in [
        (100, 1024),
        (103, 1024),
        (104, 1088),
        (50, 512),
        (1000, 10_240),
        (6, 64),
        (1, 64),
        (0, 64),
    ] {
        let one = Member {
            weight,
            ..member("a")
        };
        assert_eq!(Ring::new(&[one], POINTS).points(), points, "{weight}");
    }
}

#[test]
fn a_ring_that_would_be_too_large_gets_fewer_points_for_each() {
    let slots = slots(1025);
    let full = ring(&slots[..1024], POINTS);
    assert_eq!(full.points(), 1024 * 1024);
    let halved = ring(&slots, POINTS);
    assert_eq!(halved.points(), 1025 * 512);
    // Few members are no reason to fall short of what a policy asks for, and there is no less than one point.
    assert_eq!(ring(&slots[..2], 64).points(), 128);
    assert_eq!(ring(&slots[..2], 0).points(), 2);
}

#[test]
fn of_members_with_one_slot_the_first_by_id_owns_its_keys() {
    let of = |slot, id| Member { id, ..member(slot) };
    let (old, new, other) = (of("a", "1"), of("a", "2"), of("b", "3"));
    for (members, silent) in [
        ([old, new, other], 1),
        ([new, old, other], 0),
        ([other, new, old], 1),
    ] {
        let ring = Ring::new(&members, FEW_POINTS);
        assert_eq!(ring.points(), 128);
        assert!(keys().all(|key| ring.candidates(key).all(|one| one != silent)));
        let shares = ring.shares();
        assert_eq!(shares[silent], 0.0);
        assert!(
            (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9,
            "{shares:?}"
        );
    }
}

#[test]
fn shares_are_what_keys_come_to() {
    let light = Member {
        weight: 50,
        ..member("a")
    };
    let ring = Ring::new(&[light, member("b"), member("c")], POINTS);
    let shares = ring.shares();
    let mut counted = [0_u64; 3];
    keys().for_each(|key| counted[owner(&ring, key)] += 1);
    for (share, counted) in shares.iter().zip(counted) {
        assert!(
            (share - counted as f64 / KEYS as f64).abs() < 0.02,
            "{shares:?} {counted:?}"
        );
    }
    assert!(
        (shares[0] - 0.2).abs() < 0.02,
        "half the weight: {shares:?}"
    );
    assert_eq!(Ring::new(&[light], 1).shares(), [1.0]);
}

#[test]
fn a_join_or_leave_moves_at_most_a_tenth_more_than_its_part() {
    for count in [4, 10, 100] {
        let all = slots(count);
        let (before, after) = (ring(&all[1..], POINTS), ring(&all, POINTS));
        // Read as a join of the first, or backwards as its leave.
        let mut moved = 0;
        for key in keys() {
            match owner(&after, key) {
                0 => moved += 1,
                same => assert_eq!(owner(&before, key), same - 1, "a needless move"),
            }
        }
        let part = f64::from(moved) / KEYS as f64 * count as f64;
        assert!(part <= 1.1, "{part} of 1/{count}");
    }
}

#[test]
fn candidates_are_few_and_each_comes_once() {
    let slots = slots(30);
    let ring = ring(&slots, FEW_POINTS);
    for key in keys().take(1000) {
        let mut seen: Vec<_> = ring.candidates(key).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), CANDIDATES);
    }
}

#[test]
fn what_clients_compare_tells_members_weights_and_points_apart() {
    let heavy = Member {
        weight: 200,
        ..member("b")
    };
    let rings = [
        Ring::new(&[], POINTS),
        Ring::new(&[member("a")], POINTS),
        Ring::new(&[member("a"), member("b")], POINTS),
        Ring::new(&[member("a"), heavy], POINTS),
        Ring::new(&[member("a"), member("b")], POINTS / 2),
    ];
    for (index, one) in rings.iter().enumerate() {
        assert!(
            rings[..index]
                .iter()
                .all(|other| other.digest() != one.digest()),
            "{one:?}"
        );
    }
    let other_process = Member {
        id: "another",
        ..member("a")
    };
    assert_eq!(
        Ring::new(&[other_process], POINTS).digest(),
        rings[1].digest()
    );
}

#[test]
fn a_call_goes_along_the_ring_past_those_that_cannot_take_it_or_have_too_much() {
    let slots = slots(10);
    let ring = ring(&slots, FEW_POINTS);
    let order: Vec<_> = ring.candidates(7).collect();
    // Loads of the candidates in their order; those above 99 cannot take a call. The others have 10 on average.
    for (loads, want) in [
        ([10, 10, 10, 10, 10, 10, 10, 10], Choice::Owner(order[0])),
        // ⌈1.25 × 101 × 1/10⌉ = 13.
        ([12, 10, 10, 10, 10, 10, 10, 10], Choice::Owner(order[0])),
        (
            [13, 10, 10, 10, 10, 10, 10, 10],
            Choice::Candidate(order[1], 1),
        ),
        (
            [100, 13, 100, 12, 0, 0, 0, 0],
            Choice::Candidate(order[3], 3),
        ),
        (
            [100, 20, 15, 14, 14, 100, 30, 30],
            Choice::Overflow(order[3]),
        ),
        ([100; 8], Choice::None),
    ] {
        let load = |member| loads[order.iter().position(|one| *one == member).unwrap()];
        let total = Total {
            load: 100,
            weight: 1000,
        };
        let got = pick(&ring, 7, |member| load(member) < 100, load, total);
        assert_eq!(got, want, "{loads:?}");
    }
}

#[test]
fn a_part_of_the_load_is_by_weight_and_never_less_than_two_calls() {
    let heavy = Member {
        weight: 300,
        ..member("heavy")
    };
    let ring = Ring::new(&[heavy, member("light")], FEW_POINTS);
    let (to_heavy, to_light) = (
        keys().find(|key| owner(&ring, *key) == 0).unwrap(),
        keys().find(|key| owner(&ring, *key) == 1).unwrap(),
    );
    for (key, loads, want) in [
        // Idle, or nearly: a second call may still go to the owner, a third not.
        (to_light, [0, 0], Choice::Owner(1)),
        (to_light, [0, 1], Choice::Owner(1)),
        (to_light, [0, 2], Choice::Candidate(0, 1)),
        // ⌈1.25 × 41 × 3/4⌉ = 39, ⌈1.25 × 41 × 1/4⌉ = 13.
        (to_heavy, [38, 2], Choice::Owner(0)),
        (to_heavy, [39, 1], Choice::Candidate(1, 1)),
        (to_light, [28, 12], Choice::Owner(1)),
        (to_light, [27, 13], Choice::Candidate(0, 1)),
    ] {
        let total = Total {
            load: loads.iter().map(|load| u64::from(*load)).sum(),
            weight: 400,
        };
        let got = pick(&ring, key, |_| true, |member| loads[member], total);
        assert_eq!(got, want, "{loads:?}");
    }
    // Sums that are behind what they sum up are no reason to fail.
    let stale = Total { load: 0, weight: 0 };
    let got = pick(&ring, to_light, |_| true, |_| u32::MAX, stale);
    assert_eq!(got, Choice::Overflow(0), "the least for its weight");
}

/// The keys of `tests/ring/owners.py`.
fn golden_key(index: u32) -> Vec<u8> {
    let number = i64::from(index);
    match index % 4 {
        0 => format!("cart-{index}").into_bytes(),
        1 => (number * 7919 - 40_000_000).to_string().into_bytes(),
        2 => [&number.to_be_bytes()[..], &[0xff]].concat(),
        _ => format!("{}{index}", "x".repeat((index % 97) as usize)).into_bytes(),
    }
}

#[test]
fn ten_thousand_keys_have_the_owners_that_another_language_computes() {
    let golden = include_str!("../../../../tests/ring/owners.txt");
    let (members, owners) = golden.split_once("digest ").unwrap();
    let member = |line: &'static str| {
        let (weight, slot) = line.split_once(' ').unwrap();
        let weight = weight.parse().unwrap();
        Member {
            slot,
            id: "",
            weight,
        }
    };
    let members: Vec<_> = members.lines().map(member).collect();
    let ring = Ring::new(&members, POINTS);
    let (digest, owners) = owners.split_once('\n').unwrap();
    assert_eq!(format!("{:016x}", ring.digest()), digest);
    let owners: Vec<_> = owners.chars().filter_map(|one| one.to_digit(10)).collect();
    assert_eq!(owners.len(), 10_000);
    for (index, want) in (0..).zip(owners) {
        let got = owner(&ring, xxh64(&golden_key(index)));
        assert_eq!(got, want as usize, "key {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_member_that_leaves_hands_each_key_to_its_second_candidate(
        count in 2_usize..20,
        leaving: Index,
        hashes in prop::collection::vec(any::<u64>(), 200),
    ) {
        let all = slots(count);
        let leaving = leaving.index(count);
        let left = all.iter().filter(|slot| **slot != all[leaving]);
        let (before, after) = (ring(&all, FEW_POINTS), ring(left.clone(), FEW_POINTS));
        let left: Vec<_> = left.collect();
        for hash in hashes {
            let mut candidates = before.candidates(hash).filter(|member| *member != leaving);
            let heir = candidates.next().unwrap();
            prop_assert_eq!(left[owner(&after, hash)], &all[heir]);
        }
    }

    #[test]
    fn the_order_of_members_changes_nothing(
        order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
        weights in prop::collection::vec(1_u16..400, 12),
        hashes in prop::collection::vec(any::<u64>(), 100),
    ) {
        let slots = slots(12);
        let all: Vec<_> = slots.iter().zip(weights).map(|(slot, weight)| Member {
            slot,
            // Two processes in each slot of a pair.
            id: if weight % 2 == 0 { "even" } else { "odd" },
            weight,
        }).collect();
        let shuffled: Vec<_> = order.iter().map(|index| all[*index]).collect();
        let (one, other) = (Ring::new(&all, FEW_POINTS), Ring::new(&shuffled, FEW_POINTS));
        prop_assert_eq!(one.digest(), other.digest());
        for hash in hashes {
            let of = |ring: &Ring, all: &[Member<'_>]| -> Vec<String> {
                ring.candidates(hash).map(|index| all[index].slot.to_owned()).collect()
            };
            prop_assert_eq!(of(&one, &all), of(&other, &shuffled));
        }
    }

    #[test]
    fn whoever_is_picked_can_take_a_call(
        hash: u64,
        states in prop::collection::vec((any::<bool>(), 0_u32..50), 1..20),
    ) {
        let slots = slots(states.len());
        let ring = ring(&slots, FEW_POINTS);
        let open = states.iter().filter(|(routable, _)| *routable);
        let total = Total {
            load: open.clone().map(|(_, load)| u64::from(*load)).sum(),
            weight: 100 * open.count() as u64,
        };
        match pick(&ring, hash, |one| states[one].0, |one| states[one].1, total) {
            Choice::Owner(one) => {
                prop_assert_eq!(one, owner(&ring, hash));
                prop_assert!(states[one].0);
            }
            Choice::Candidate(one, rank) => {
                prop_assert_eq!(ring.candidates(hash).nth(rank), Some(one));
                prop_assert!(states[one].0);
            }
            Choice::Overflow(one) => prop_assert!(states[one].0),
            Choice::None => prop_assert!(ring.candidates(hash).all(|one| !states[one].0)),
        }
    }
}
