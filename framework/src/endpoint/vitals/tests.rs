//! What the end of a call counts as, and how it is forgotten.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::call::LoadReport;

struct Clock(Instant);

impl Clock {
    fn at(&self, millis: u64) -> Stamp {
        Stamp::at(self.0 + Duration::from_millis(millis), self.0)
    }
}

fn end(outcome: Outcome, elapsed: f32, now: Stamp) -> End {
    End {
        outcome,
        elapsed,
        now,
        is_timed: true,
    }
}

#[test]
fn a_round_trip_jumps_up_and_decays() {
    let clock = Clock(Instant::now());
    let tuning = Tuning::default();
    let vitals = Vitals::new(NORMAL_WEIGHT, clock.at(0), Arc::default());
    let rtt = |now| vitals.counted(now).rtt.unwrap();
    vitals.settle(end(Outcome::Success, 0.010, clock.at(0)), &tuning);
    vitals.settle(end(Outcome::Success, 0.050, clock.at(1)), &tuning);
    assert!((rtt(clock.at(1)) - 0.050).abs() < 1e-6, "up at once");
    vitals.settle(end(Outcome::Success, 0.010, clock.at(10_001)), &tuning);
    let left = (rtt(clock.at(1)) - 0.010) / 0.040;
    assert!((0.3..0.45).contains(&left), "{left} after one decay time");
}

#[test]
fn what_an_end_counts_as() {
    let tuning = Tuning::default();
    for (outcome, elapsed, fails, in_a_row, totals, answered, rtt, well) in [
        (Outcome::Success, 0.01, false, 0, (2, 0), 2, 0.02, true),
        (Outcome::Fault, 0.001, true, 1, (1, 1), 2, 0.02, false),
        (Outcome::Fault, 0.04, true, 1, (1, 1), 2, 0.04, false),
        (Outcome::Late, 0.2, true, 1, (1, 1), 1, 0.2, false),
        (Outcome::Late, 0.01, false, 0, (1, 0), 1, 0.02, true),
        (Outcome::Rejected, 0.001, false, 0, (1, 0), 2, 0.02, false),
        (Outcome::Gone, 0.01, false, 0, (1, 0), 1, 0.02, true),
        (Outcome::Gone, 0.04, false, 0, (1, 0), 1, 0.04, true),
        (Outcome::Unsent, 9.0, false, 0, (1, 0), 1, 0.02, true),
    ] {
        let clock = Clock(Instant::now());
        let vitals = Vitals::new(NORMAL_WEIGHT, clock.at(0), Arc::default());
        vitals.settle(end(Outcome::Success, 0.02, clock.at(0)), &tuning);
        let what = format!("{outcome:?} after {elapsed} s");
        let failed = vitals.settle(end(outcome, elapsed, clock.at(0)), &tuning);
        assert_eq!(failed, fails, "{what}");
        assert_eq!(vitals.answered(), answered, "{what}");
        assert_eq!(vitals.failures_in_a_row(), in_a_row, "{what}");
        assert_eq!(vitals.totals(), totals, "{what}");
        let facts = vitals.counted(clock.at(0));
        assert!((facts.rtt.unwrap() - rtt).abs() < 1e-6, "{what}: {facts:?}");
        assert_eq!(facts.success >= 1.0, well, "{what}: {facts:?}");
    }
}

#[test]
fn calls_that_are_over_are_no_load_even_if_no_report_came_since() {
    let clock = Clock(Instant::now());
    let reported = Arc::new(Reported::default());
    let vitals = Vitals::new(NORMAL_WEIGHT, clock.at(0), Arc::clone(&reported));
    let report = LoadReport {
        in_flight: 3,
        epoch: 1,
        ..LoadReport::default()
    };
    reported.store(report, Instant::now());
    let load = || {
        let (sent, _) = halves(vitals.sent.load(Ordering::Relaxed));
        sent
    };
    for _ in 0..30 {
        let after = vitals.add_in_flight(true);
        assert_eq!(load(), 1);
        vitals.remove_in_flight(true, after);
    }
    assert_eq!(load(), 0);
    let before = vitals.add_in_flight(true);
    reported.store(report, Instant::now());
    let after = vitals.add_in_flight(true);
    vitals.remove_in_flight(true, before);
    assert_eq!(
        load(),
        1,
        "what the report has counted is taken from its count by the next one"
    );
    vitals.remove_in_flight(true, after);
    assert_eq!(load(), 0);
}

#[test]
fn failures_are_forgotten_when_calls_go_well_again() {
    let clock = Clock(Instant::now());
    let tuning = Tuning::default();
    let vitals = Vitals::new(NORMAL_WEIGHT, clock.at(0), Arc::default());
    for n in 0..200 {
        vitals.settle(end(Outcome::Fault, 0.001, clock.at(n)), &tuning);
    }
    assert!(vitals.counted(clock.at(200)).success < 0.05);
    let mut steps = 0;
    while vitals.counted(clock.at(0)).success < 1.0 {
        steps += 1;
        let now = clock.at(200 + steps * 100);
        vitals.settle(end(Outcome::Success, 0.001, now), &tuning);
    }
    assert!((10..1000).contains(&steps), "{steps} tenths of a second");
}
