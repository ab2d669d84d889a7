//! Who is ejected, for how long, and how it comes back.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A node whose calls of the last second went so.
fn record(good: u32, bad: u32) -> Record {
    let now = Instant::now();
    let mut record = Record::new(now, (0, 0));
    record.count((good, bad), now, SECOND);
    record.phase = Phase::Ready;
    record
}

fn compared(records: &[Record], ejected: usize) -> Comparison {
    Comparison::of(records.iter(), records.len(), ejected)
}

#[test]
fn failures_in_a_row_eject_within_the_cap_and_fewer_do_not() {
    let tuning = Tuning::default();
    for (in_a_row, allowed, phase) in [
        (4, 1, None),
        (5, 1, Some(Phase::Ejected)),
        (50, 1, Some(Phase::Ejected)),
        (50, 0, None),
    ] {
        let record = record(0, in_a_row);
        let seen = Seen {
            in_a_row,
            ..Seen::default()
        };
        let others = Comparison {
            allowed,
            ..Comparison::default()
        };
        let judged = record.judge(seen, &others, Instant::now(), &tuning);
        let what = format!("{in_a_row} in a row, {allowed} may be ejected");
        assert_eq!(judged.map(|(phase, _)| phase), phase, "{what}");
    }
}

/// A server that has crashed with calls under way, and is there again, need not wait.
#[test]
fn an_ejection_for_a_lost_connection_ends_with_a_new_one() {
    let tuning = Tuning::default();
    let now = Instant::now();
    for (cause, is_connected, connections, next) in [
        (Cause::FailuresInARow, true, 1, None),
        (Cause::FailuresInARow, false, 1, None),
        (Cause::FailuresInARow, false, 2, None),
        (
            Cause::FailuresInARow,
            true,
            2,
            Some((Phase::Trial, Cause::Back)),
        ),
        (Cause::Outlier, true, 2, None),
        (Cause::TrialFailed, true, 2, None),
    ] {
        let mut record = Record::new(now, (0, 0));
        record.enter(Phase::Ejected, cause, now, &tuning, 1.0);
        record.entered_over(1, Phase::Ready);
        let seen = Seen {
            is_connected,
            connections,
            ..Seen::default()
        };
        let judged = record.judge(seen, &Comparison::default(), now, &tuning);
        assert_eq!(judged, next, "{cause:?}, {is_connected}, {connections}");
    }
}

#[test]
fn an_outlier_is_ejected_among_few_and_among_many() {
    let well = |count: usize| (0..count).map(|_| record(100, 1));
    for (what, calls, others, is_ejected) in [
        ("half of few calls", (5, 5), 1, true),
        ("too few calls", (4, 5), 1, false),
        ("less than half", (60, 40), 1, false),
        ("one of many, by deviation", (60, 40), 9, true),
        ("well enough", (95, 5), 9, false),
    ] {
        let mut records: Vec<Record> = well(others).collect();
        records.push(record(calls.0, calls.1));
        let comparison = compared(&records, 0);
        let judge = |record: &Record| {
            let now = record.since;
            record.judge(Seen::default(), &comparison, now, &Tuning::default())
        };
        let judged = judge(&records[others]);
        let expected = is_ejected.then_some((Phase::Ejected, Cause::Outlier));
        assert_eq!(judged, expected, "{what}");
        assert_eq!(judge(&records[0]), None, "{what}: who is well");
    }
    let all_fail: Vec<Record> = (0..4).map(|_| record(10, 90)).collect();
    let comparison = compared(&all_fail, 0);
    for record in &all_fail {
        let judged = record.judge(
            Seen::default(),
            &comparison,
            record.since,
            &Tuning::default(),
        );
        assert_eq!(judged, None, "where all fail alike, none is an outlier");
    }
}

#[test]
fn a_third_at_most_is_ejected_as_outliers() {
    for (count, most) in [(1, 1), (2, 1), (4, 1), (6, 2), (20, 6), (100, 34)] {
        let records: Vec<Record> = (0..count).map(|_| record(100, 0)).collect();
        for ejected in 0..=most {
            assert_eq!(
                compared(&records, ejected).allowed,
                most - ejected,
                "of {count}"
            );
        }
        assert_eq!(compared(&records, most + 1).allowed, 0);
    }
}

#[test]
fn ejections_double_are_bounded_and_are_forgiven() {
    let tuning = Tuning::default();
    let mut now = Instant::now();
    let mut record = Record::new(now, (0, 0));
    let eject = |record: &mut Record, now, jitter| {
        record.enter(Phase::Ejected, Cause::FailuresInARow, now, &tuning, jitter);
        record.until.duration_since(now).as_secs_f32()
    };
    for seconds in [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0] {
        assert!(
            (eject(&mut record, now, 1.0) - seconds).abs() < 1e-3,
            "{seconds}"
        );
    }
    assert!(
        (eject(&mut record, now, 0.0) - 150.0).abs() < 1e-3,
        "half with no luck"
    );
    record.enter(Phase::Trial, Cause::EjectionOver, now, &tuning, 0.0);
    record.enter(Phase::Warm, Cause::TrialPassed, now, &tuning, 0.0);
    now += tuning.forgiving * 8;
    assert!(
        (eject(&mut record, now, 1.0) - 10.0).abs() < 1e-3,
        "eight of nine forgiven"
    );
}

#[test]
fn the_way_back_is_a_trial_of_two_calls_and_then_warm() {
    let tuning = Tuning::default();
    let now = Instant::now();
    let mut record = Record::new(now, (0, 0));
    let judge = |record: &Record, tried, after: Duration| {
        let seen = Seen {
            tried,
            ..Seen::default()
        };
        record.judge(seen, &Comparison::default(), now + after, &tuning)
    };
    record.enter(Phase::Ejected, Cause::FailuresInARow, now, &tuning, 1.0);
    assert_eq!(judge(&record, (0, 0), SECOND * 4), None);
    let trial = Some((Phase::Trial, Cause::EjectionOver));
    assert_eq!(judge(&record, (0, 0), SECOND * 5), trial);
    record.enter(Phase::Trial, Cause::EjectionOver, now, &tuning, 1.0);
    for (tried, next) in [
        ((0, 0), None),
        ((1, 0), None),
        ((2, 0), Some((Phase::Warm, Cause::TrialPassed))),
        ((1, 1), Some((Phase::Ejected, Cause::TrialFailed))),
        ((5, 1), Some((Phase::Ejected, Cause::TrialFailed))),
    ] {
        assert_eq!(judge(&record, tried, SECOND), next, "{tried:?}");
    }
}

#[test]
fn whoever_leaves_drains_and_may_change_its_mind() {
    let tuning = Tuning::default();
    let now = Instant::now();
    let mut record = record(100, 0);
    let leaving = Seen {
        aside: Some(Cause::Leaving),
        in_a_row: 9,
        ..Seen::default()
    };
    let none = Comparison::default();
    let judged = record.judge(leaving, &none, now, &tuning);
    assert_eq!(judged, Some((Phase::Draining, Cause::Leaving)));
    record.enter(Phase::Draining, Cause::Leaving, now, &tuning, 0.0);
    assert_eq!(record.judge(leaving, &none, now, &tuning), None);
    let judged = record.judge(Seen::default(), &none, now, &tuning);
    assert_eq!(judged, Some((Phase::Warm, Cause::Back)));
}

#[test]
fn a_window_forgets_what_is_older_than_it() {
    let start = Instant::now();
    let mut record = Record::new(start, (u32::MAX, 7));
    let mut totals = (u32::MAX, 7);
    for second in 0..25_u32 {
        totals = (totals.0.wrapping_add(10), totals.1 + 1);
        record.count(totals, start + SECOND * second, SECOND);
        let seconds = (second + 1).min(10);
        let sum = record.window.sum();
        assert_eq!(sum, (10 * seconds, seconds), "after {second} s");
        assert!(record.has_failures());
    }
    record.count(totals, start + SECOND * 1000, SECOND);
    assert_eq!(record.window.sum(), (0, 0));
    assert!(!record.has_failures());
}

#[test]
fn who_does_not_answer_hangs_until_it_does_or_is_gone() {
    let tuning = Tuning::default();
    let now = Instant::now();
    for (phase, hang, is_connected, next) in [
        (Phase::Ready, Hang::No, true, None),
        (
            Phase::Ready,
            Hang::Asked,
            true,
            Some((Phase::Suspect, Cause::Silent)),
        ),
        (
            Phase::Warm,
            Hang::Asked,
            true,
            Some((Phase::Suspect, Cause::Silent)),
        ),
        (Phase::Suspect, Hang::Asked, true, None),
        (
            Phase::Suspect,
            Hang::No,
            true,
            Some((Phase::Ready, Cause::Answered)),
        ),
        (
            Phase::Suspect,
            Hang::Yes,
            true,
            Some((Phase::Hung, Cause::Unanswered)),
        ),
        (Phase::Hung, Hang::Yes, true, None),
        (
            Phase::Hung,
            Hang::No,
            true,
            Some((Phase::Warm, Cause::Answered)),
        ),
        (
            Phase::Hung,
            Hang::Yes,
            false,
            Some((Phase::Warm, Cause::Disconnected)),
        ),
    ] {
        let mut record = record(100, 0);
        record.phase = phase;
        record.since = now;
        record.warms_since = now - tuning.warm_up;
        let seen = Seen {
            hang,
            is_connected,
            ..Seen::default()
        };
        let judged = record.judge(seen, &Comparison::default(), now, &tuning);
        assert_eq!(judged, next, "{phase:?}, {hang:?}");
    }
}

#[test]
fn a_doubt_neither_ends_a_warm_up_nor_begins_it_anew() {
    let tuning = Tuning::default();
    let start = Instant::now();
    let mut record = Record::new(start, (0, 0));
    for (second, hang, next) in [
        (2, Hang::Asked, Some((Phase::Suspect, Cause::Silent))),
        (3, Hang::No, Some((Phase::Warm, Cause::Answered))),
        (4, Hang::No, None),
        (10, Hang::No, Some((Phase::Ready, Cause::WarmedUp))),
        (11, Hang::Asked, Some((Phase::Suspect, Cause::Silent))),
        (12, Hang::No, Some((Phase::Ready, Cause::Answered))),
    ] {
        let now = start + SECOND * second;
        let seen = Seen {
            hang,
            is_connected: true,
            ..Seen::default()
        };
        let judged = record.judge(seen, &Comparison::default(), now, &tuning);
        assert_eq!(judged, next, "after {second} s");
        if let Some((phase, cause)) = judged {
            record.enter(phase, cause, now, &tuning, 0.0);
        }
        let is_warm = record.phase == Phase::Warm;
        assert!(!is_warm || record.since == start, "after {second} s");
    }
}

/// A connection that is too old, or that was cut, says nothing of the process.
#[test]
fn a_process_that_was_warm_needs_no_warm_up_behind_another_connection() {
    let (tuning, none) = (Tuning::default(), Comparison::default());
    let start = Instant::now();
    let at = |second| start + Duration::from_secs(second);
    let seen = |connections, process| Seen {
        is_connected: true,
        connections,
        process,
        ..Seen::default()
    };
    let leaving = Seen {
        aside: Some(Cause::Leaving),
        ..seen(1, 7)
    };
    let back = Some((Phase::Warm, Cause::Back));
    let same = Some((Phase::Ready, Cause::SameProcess));
    for (name, warm_at, steps) in [
        (
            "the report comes after the connection",
            20,
            &[(seen(2, 0), back), (seen(2, 7), same), (seen(2, 7), None)][..],
        ),
        (
            "it comes with it, and then there is another process",
            20,
            &[(seen(2, 7), None), (seen(2, 0), None), (seen(3, 0), back)],
        ),
        (
            "the first connection breaks before anybody has reported",
            20,
            &[(seen(2, 0), back), (seen(3, 0), back), (seen(3, 7), same)],
        ),
        (
            "another process, which is no more known over a second connection",
            20,
            &[
                (seen(2, 0), back),
                (seen(2, 8), None),
                (seen(3, 8), back),
                (seen(3, 8), None),
            ],
        ),
        (
            "it was not warm yet",
            5,
            &[(seen(2, 0), back), (seen(2, 7), None)],
        ),
        (
            "it was set aside",
            20,
            &[
                (leaving, Some((Phase::Draining, Cause::Leaving))),
                (seen(1, 7), back),
                (seen(1, 7), None),
            ],
        ),
    ] {
        let mut record = Record::new(start, (0, 0));
        record.begins_with(1);
        let mut judge = |seen: Seen, now| {
            let before = record.phase;
            let judged = record.judge(seen, &none, now, &tuning);
            if let Some((phase, cause)) = judged {
                record.enter(phase, cause, now, &tuning, 0.0);
                record.entered_over(seen.connections, before);
            }
            record.note(seen);
            judged
        };
        judge(seen(1, 7), at(warm_at));
        for (step, (seen, next)) in steps.iter().enumerate() {
            assert_eq!(judge(*seen, at(warm_at + 1)), *next, "{name}, step {step}");
        }
    }
}

/// Behind the same address there is another process, perhaps.
#[test]
fn who_comes_back_warms_up_and_who_comes_first_does_so_already() {
    let tuning = Tuning::default();
    let now = Instant::now();
    for (phase, connections, next) in [
        (Phase::Warm, [0, 1], None),
        (Phase::Ready, [1, 1], None),
        (Phase::Ready, [1, 2], Some((Phase::Warm, Cause::Back))),
        (Phase::Warm, [1, 2], Some((Phase::Warm, Cause::Back))),
    ] {
        let mut record = Record::new(now, (0, 0));
        record.phase = phase;
        record.begins_with(connections[0]);
        let seen = |connections| Seen {
            is_connected: true,
            connections,
            ..Seen::default()
        };
        record.begins_with(connections[1]);
        let judged = record.judge(seen(connections[1]), &Comparison::default(), now, &tuning);
        assert_eq!(judged, next, "{phase:?}, {connections:?}");
        // A doubt in between does not hide it.
        record.enter(Phase::Suspect, Cause::Silent, now, &tuning, 0.0);
        record.entered_over(connections[0], phase);
        record.enter(Phase::Ready, Cause::Answered, now, &tuning, 0.0);
        record.entered_over(connections[1], Phase::Suspect);
        let judged = record.judge(seen(connections[1]), &Comparison::default(), now, &tuning);
        assert_eq!(
            judged.is_some(),
            next.is_some(),
            "{phase:?}, {connections:?}"
        );
    }
}
