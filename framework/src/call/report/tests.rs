use std::collections::HashMap;

use proptest::prelude::*;
use prost::Message as _;

use super::*;

/// `xds.data.orca.v3.OrcaLoadReport`, as its file declares it.
#[derive(Clone, PartialEq, prost::Message)]
struct Orca {
    #[prost(double, tag = "1")]
    cpu_utilization: f64,
    #[prost(double, tag = "2")]
    mem_utilization: f64,
    #[prost(uint64, tag = "3")]
    rps: u64,
    #[prost(map = "string, double", tag = "4")]
    request_cost: HashMap<String, f64>,
    #[prost(map = "string, double", tag = "5")]
    utilization: HashMap<String, f64>,
    #[prost(double, tag = "6")]
    rps_fractional: f64,
    #[prost(double, tag = "7")]
    eps: f64,
    #[prost(map = "string, double", tag = "8")]
    named_metrics: HashMap<String, f64>,
    #[prost(double, tag = "9")]
    application_utilization: f64,
}

fn full() -> LoadReport {
    LoadReport {
        in_flight: 17,
        service_time: Duration::from_nanos(1_234_567),
        epoch: u32::MAX,
        draining: true,
        utilization: Some(0.75),
        qps: 1234.5,
        eps: 0.5,
    }
}

#[test]
fn a_report_is_one_of_orca() {
    let orca = Orca::decode(full().encode().as_slice()).unwrap();
    let named = [
        ("sinew.in_flight", 17.0),
        ("sinew.service_us", 1234.567),
        ("sinew.epoch", f64::from(u32::MAX)),
        ("sinew.draining", 1.0),
    ];
    let expected = Orca {
        rps_fractional: 1234.5,
        eps: 0.5,
        named_metrics: named.map(|(name, value)| (name.to_owned(), value)).into(),
        application_utilization: 0.75,
        ..Orca::default()
    };
    assert_eq!(orca, expected);
}

#[test]
fn the_largest_report_takes_what_is_reserved_for_it() {
    assert!(full().encode().len() <= OWN_BYTES);
    assert_eq!(LoadReport::default().encode(), b"");
}

#[test]
fn a_foreign_report_is_read() {
    let all = Orca {
        cpu_utilization: 0.25,
        mem_utilization: 0.9,
        rps: 12,
        request_cost: [("db".to_owned(), 3.0)].into(),
        utilization: [("disk".to_owned(), 0.1)].into(),
        rps_fractional: 12.5,
        eps: 1.5,
        named_metrics: [("queue".to_owned(), 8.0)].into(),
        application_utilization: 0.0,
    };
    let expected = LoadReport {
        utilization: Some(0.25),
        qps: 12.5,
        eps: 1.5,
        service_time: Duration::from_millis(20),
        ..LoadReport::default()
    };
    assert_eq!(LoadReport::decode(&all.encode_to_vec()), Some(expected));

    let better_known = Orca {
        application_utilization: 1.5,
        ..all
    };
    let read = LoadReport::decode(&better_known.encode_to_vec()).unwrap();
    assert_eq!(read.utilization, Some(1.5));
}

#[test]
fn numbers_that_make_no_sense_count_as_not_said() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.0] {
        let named = ["in_flight", "service_us", "epoch", "draining"];
        let orca = Orca {
            cpu_utilization: bad,
            rps_fractional: bad,
            eps: bad,
            named_metrics: named.map(|name| (format!("sinew.{name}"), bad)).into(),
            application_utilization: bad,
            ..Orca::default()
        };
        let read = LoadReport::decode(&orca.encode_to_vec()).unwrap();
        let counts = if bad == f64::INFINITY { u32::MAX } else { 0 };
        let expected = LoadReport {
            in_flight: counts,
            epoch: counts,
            ..LoadReport::default()
        };
        assert_eq!(read, expected, "{bad}");
    }
}

#[test]
fn what_is_no_message_is_no_report() {
    let encoded = full().encode();
    for (what, bytes) in [
        ("the key of no field", &[0][..]),
        ("a group", &[0x0b, 0x0c]),
        ("a varint without end", &[0xff; 11]),
        ("a double cut short", &[0x09, 0, 0]),
        ("more bytes than there are", &[0x42, 0x7f, 0]),
        (
            "a length beyond all memory",
            &[
                0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            ],
        ),
        ("an entry that is none", &[0x42, 1, 0x0b]),
        ("a report cut short", &encoded[..encoded.len() - 1]),
    ] {
        assert_eq!(LoadReport::decode(bytes), None, "{what}");
    }
}

#[test]
fn a_report_that_is_too_large_is_not_looked_at() {
    // Of a field that nobody knows.
    let padded = |len: usize| {
        let mut bytes = full().encode();
        bytes.extend([0x7a, 0x80, 0x40]);
        bytes.resize(len, 0);
        bytes
    };
    let fits = Orca {
        named_metrics: [("x".repeat(MAX_BYTES - 100), 1.0)].into(),
        ..Orca::default()
    };
    assert!(LoadReport::decode(&fits.encode_to_vec()).is_some());
    assert_eq!(LoadReport::decode(&padded(MAX_BYTES + 1)), None);
}

prop_compose! {
    fn any_report()(
        in_flight: u32,
        service_ns in 0..3_600_000_000_000u64,
        // Without one it is a server of another kind, and read as that.
        epoch in 1u32..,
        draining: bool,
        utilization in prop::option::of(0.001f32..100.0),
        qps in 0f32..1e9,
        eps in 0f32..1e9,
    ) -> LoadReport {
        LoadReport {
            in_flight,
            service_time: Duration::from_nanos(service_ns),
            epoch,
            draining,
            utilization,
            qps,
            eps,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(report in any_report()) {
        prop_assert_eq!(LoadReport::decode(&report.encode()), Some(report));
    }

    #[test]
    fn nothing_makes_it_panic(bytes: Vec<u8>) {
        let _ = LoadReport::decode(&bytes);
    }

    #[test]
    fn a_changed_report_is_read_as_protobuf_reads_it(
        report in any_report(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut bytes = report.encode();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(orca) = Orca::decode(bytes.as_slice()) {
            // Groups, which it skips, end our reading.
            if let Some(read) = LoadReport::decode(&bytes) {
                prop_assert_eq!(read.qps, quantity(orca.rps_fractional));
                prop_assert_eq!(read.eps, quantity(orca.eps));
            }
        }
    }
}
