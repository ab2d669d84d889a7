//! What makes a call dearer, and what a server says of itself.

use super::*;
use crate::endpoint::{Phase, Readiness, Said};

const COMMON: Common = Common {
    first_call: 0.4,
    typical_rtt: 0.03,
    warming: 0.1,
    rtt_decay: 0.1,
    success_decay: 0.1,
    uses_reports: true,
    report_age: 1.0,
    typical_service: 0.003,
};

const FACTS: Facts = Facts {
    readiness: Readiness::Ready,
    phase: Phase::Ready,
    in_phase: 5.0,
    in_flight: 0,
    is_tried: false,
    weight: 1.0,
    rtt: Some(0.01),
    rtt_age: 0.0,
    success: 1.0,
    success_age: 0.0,
    report: None,
};

#[test]
fn what_a_server_says_counts_for_all_of_its_clients() {
    let said = |in_flight, service| Facts {
        report: Some(Said {
            in_flight,
            service,
            is_draining: false,
            is_fresh: true,
        }),
        ..FACTS
    };
    for (facts, cost) in [
        (said(4, 0.002), 0.01),
        (
            Facts {
                in_flight: 9,
                ..said(4, 0.002)
            },
            (0.002_f32 * 10.0 * 0.01 * 10.0).sqrt(),
        ),
        (said(4, 0.0), 0.01),
        (
            Facts {
                rtt: Some(0.5),
                rtt_age: 2.0,
                ..said(0, 0.5)
            },
            (0.003_f32 * 0.03).sqrt(),
        ),
        (
            Facts {
                rtt: Some(0.5),
                rtt_age: 0.5,
                ..said(0, 0.5)
            },
            (0.5 * 0.5 * decayed(0.05)).sqrt(),
        ),
        (
            Facts {
                rtt_age: 2.0,
                ..said(0, 0.001)
            },
            (0.001 * 0.01 * decayed(0.2)).sqrt(),
        ),
    ] {
        let found = expected_delay(&facts, &COMMON);
        assert!(
            (found - cost).abs() < cost * 1e-4,
            "{facts:?}: {found}, not {cost}"
        );
    }
    let stale = Facts {
        in_flight: 1,
        report: said(100, 0.002).report.map(|said| Said {
            is_fresh: false,
            ..said
        }),
        ..FACTS
    };
    let found = expected_delay(&stale, &COMMON);
    assert!(
        (found - 8e-5_f32.sqrt()).abs() < 1e-6,
        "of old what a call takes counts, and not the queue: {found}"
    );
    let deaf = Common {
        uses_reports: false,
        ..COMMON
    };
    let found = expected_delay(&said(100, 1.0), &deaf);
    assert!((found - 0.01).abs() < 1e-6, "{found}");
}

/// Until then it costs what others do, by its warmth.
#[test]
fn who_was_never_measured_gets_one_call_soon() {
    for (in_phase, cost) in [(0.0, 0.3), (0.39, 0.3), (0.4, 0.0), (9.0, 0.0)] {
        let new = Facts {
            rtt: None,
            phase: Phase::Warm,
            in_phase,
            ..FACTS
        };
        let found = expected_delay(&new, &COMMON);
        assert!((found - cost).abs() < 1e-5, "after {in_phase} s: {found}");
    }
}

#[test]
fn what_makes_a_call_dearer() {
    for (facts, cost) in [
        (FACTS, 0.01),
        (
            Facts {
                rtt: None,
                in_flight: 1,
                ..FACTS
            },
            0.06,
        ),
        (
            Facts {
                in_flight: 3,
                ..FACTS
            },
            0.04,
        ),
        (
            Facts {
                rtt_age: 10.0,
                ..FACTS
            },
            0.01 * decayed(1.0),
        ),
        (
            Facts {
                weight: 2.0,
                ..FACTS
            },
            0.005,
        ),
        (
            Facts {
                success: 0.5,
                ..FACTS
            },
            0.04,
        ),
        (
            Facts {
                success: 0.5,
                success_age: 1000.0,
                ..FACTS
            },
            0.01,
        ),
        (
            Facts {
                success: 0.0,
                ..FACTS
            },
            4.0,
        ),
        (
            Facts {
                phase: Phase::Warm,
                ..FACTS
            },
            0.02,
        ),
        (
            Facts {
                phase: Phase::Warm,
                in_phase: 0.0,
                ..FACTS
            },
            0.1,
        ),
        (
            Facts {
                phase: Phase::Warm,
                in_phase: 60.0,
                ..FACTS
            },
            0.01,
        ),
    ] {
        let found = expected_delay(&facts, &COMMON);
        assert!(
            (found - cost).abs() < cost * 1e-4,
            "{facts:?}: {found}, not {cost}"
        );
    }
}
