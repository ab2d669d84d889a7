//! What was counted, family by family, as the exposition's encoder takes it.
//! It refuses to spell the format itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::tally::{BOUNDS, Sums, Tally};
use super::{Changes, Connections, Prometheus, Side};
use crate::call::Code;
use crate::observe::names;

type Label<'a> = (&'static str, &'a str);

/// Methods of one side, with what was counted of each.
type Methods = BTreeMap<String, (Sums, Arc<Tally>)>;

impl Collector for Prometheus {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Families(encoder);
        self.calls(&mut out, Side::Client)?;
        self.connections_of(&mut out, Side::Client)?;
        let failures = self.connect_failures.counts();
        out.by_label(names::CLIENT_CONNECT_FAILURES, "reason", &failures)?;
        let changes = self.endpoint_changes.counts();
        out.by_label(names::CLIENT_ENDPOINT_CHANGES, "reason", &changes)?;
        self.discovery(&mut out)?;
        self.calls(&mut out, Side::Server)?;
        self.connections_of(&mut out, Side::Server)?;
        let refused = self.refused_connections.counts();
        out.by_label(names::SERVER_REFUSED_CONNECTIONS, "reason", &refused)?;
        let told = self.told_to_end.counts();
        out.by_label(names::SERVER_TOLD_TO_END, "reason", &told)?;
        out.counter(names::SERVER_CUT_OFF, read(&self.cut_off))?;
        let broken_off = self.broken_off.counts();
        out.by_label(names::SERVER_BROKEN_OFF, "reason", &broken_off)?;
        out.changes(names::POLICY_FILE_CHANGES, &self.policy_files)?;
        out.changes(names::TLS_FILE_CHANGES, &self.tls_files)
    }
}

impl Prometheus {
    fn methods(&self, side: Side) -> Methods {
        let methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let of_side = methods.iter().filter(|((of, _), _)| *of == side);
        let summed = of_side.map(|((_, name), tally)| {
            let counted = (tally.sums(), Arc::clone(tally));
            (name.clone(), counted)
        });
        summed.collect()
    }

    fn calls(&self, out: &mut Families<'_>, side: Side) -> fmt::Result {
        let methods = self.methods(side);
        if methods.is_empty() {
            return Ok(());
        }
        let (calls, in_flight, seconds) = match side {
            Side::Client => (
                names::CLIENT_CALLS,
                names::CLIENT_IN_FLIGHT,
                names::CLIENT_SECONDS,
            ),
            Side::Server => (
                names::SERVER_CALLS,
                names::SERVER_IN_FLIGHT,
                names::SERVER_SECONDS,
            ),
        };
        let mut family = out.family(calls, MetricType::Counter)?;
        for (method, (sums, _)) in &methods {
            for (code, count) in Code::ALL.iter().zip(sums.ended) {
                // A method that is there has this one, so that a first failure is seen to be one more than none.
                if count > 0 || *code == Code::Ok {
                    let labels = [("method", method.as_str()), ("code", code.as_str())];
                    count_of(&mut family, &labels, count)?;
                }
            }
        }
        let mut family = out.family(in_flight, MetricType::Gauge)?;
        for (method, (sums, _)) in &methods {
            gauge_of(&mut family, &[("method", method)], sums.in_flight)?;
        }
        let mut family = out.family(seconds, MetricType::Histogram)?;
        for (method, (sums, _)) in &methods {
            seconds_of(&mut family, &[("method", method)], sums)?;
        }
        match side {
            Side::Client => {
                let mut family = out.family(names::CLIENT_ATTEMPTS, MetricType::Counter)?;
                for (method, (sums, _)) in &methods {
                    count_of(&mut family, &[("method", method)], sums.attempts)?;
                }
                let mut family = out.family(names::CLIENT_WAITING, MetricType::Gauge)?;
                for (method, (sums, _)) in &methods {
                    gauge_of(&mut family, &[("method", method)], sums.waiting)?;
                }
                let again = |tally: &Tally| tally.again.counts();
                out.by_method_and_reason(names::CLIENT_SENT_AGAIN, &methods, again)
            }
            Side::Server => {
                let refused = |tally: &Tally| tally.refused.counts();
                out.by_method_and_reason(names::SERVER_REFUSED_CALLS, &methods, refused)
            }
        }
    }

    fn discovery(&self, out: &mut Families<'_>) -> fmt::Result {
        let ages = self.ages.now();
        let (readings, relists) = (self.readings.counts(), self.relists.counts());
        if readings.is_empty() && relists.is_empty() && ages.is_empty() {
            return Ok(());
        }
        out.by_label(names::DISCOVERY_READINGS, "outcome", &readings)?;
        if !ages.is_empty() {
            let mut family = out.family(names::DISCOVERY_AGE, MetricType::Gauge)?;
            for (name, age) in &ages {
                let labels = [("name", name.as_str())];
                let series = family.encode_family(&labels)?;
                ConstGauge::new(age.as_secs_f64()).encode(series)?;
            }
        }
        out.by_label(names::DISCOVERY_RELISTS, "cause", &relists)?;
        out.counter(names::DISCOVERY_HELD, read(&self.held_removals))
    }

    fn connections_of(&self, out: &mut Families<'_>, side: Side) -> fmt::Result {
        let (total, open) = match side {
            Side::Client => (names::CLIENT_CONNECTIONS, names::CLIENT_OPEN_CONNECTIONS),
            Side::Server => (names::SERVER_CONNECTIONS, names::SERVER_OPEN_CONNECTIONS),
        };
        let Connections { opened, closed } = self.connections(side);
        // In this order, so that none is closed that was not opened.
        let (closed, opened) = (read(closed), read(opened));
        out.counter(total, opened)?;
        let mut family = out.family(open, MetricType::Gauge)?;
        let is_open = opened.saturating_sub(closed);
        ConstGauge::new(is_open).encode(family.encode_family::<[Label<'_>; 0]>(&[])?)
    }
}

/// The families that are written. One without a series is left out.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    fn family(
        &mut self,
        name: &'static str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        // The encoder adds it.
        let bare = name.strip_suffix("_total").unwrap_or(name);
        let meaning = names::meaning(name);
        self.0.encode_descriptor(bare, meaning, None, kind)
    }

    fn counter(&mut self, name: &'static str, count: u64) -> fmt::Result {
        let family = self.family(name, MetricType::Counter)?;
        ConstCounter::new(count).encode(family)
    }

    fn by_label(
        &mut self,
        name: &'static str,
        label: &'static str,
        counts: &BTreeMap<&str, u64>,
    ) -> fmt::Result {
        if counts.is_empty() {
            return Ok(());
        }
        let mut family = self.family(name, MetricType::Counter)?;
        for (value, count) in counts {
            count_of(&mut family, &[(label, *value)], *count)?;
        }
        Ok(())
    }

    /// Of clients and of servers.
    fn changes(&mut self, name: &'static str, changes: &[Changes; 2]) -> fmt::Result {
        let counts = [Side::Client, Side::Server].into_iter().flat_map(|side| {
            let changes = &changes[side as usize];
            [
                (side, "taken", read(&changes.taken)),
                (side, "refused", read(&changes.refused)),
            ]
        });
        let counts: Vec<_> = counts.filter(|(_, _, count)| *count > 0).collect();
        if counts.is_empty() {
            return Ok(());
        }
        let mut family = self.family(name, MetricType::Counter)?;
        for (side, outcome, count) in counts {
            let labels = [("side", side.as_str()), ("outcome", outcome)];
            count_of(&mut family, &labels, count)?;
        }
        Ok(())
    }

    fn by_method_and_reason(
        &mut self,
        name: &'static str,
        methods: &Methods,
        counts: impl Fn(&Tally) -> BTreeMap<&'static str, u64>,
    ) -> fmt::Result {
        let counted: Vec<_> = methods
            .iter()
            .flat_map(|(method, (_, tally))| {
                let counts = counts(tally).into_iter();
                counts.map(move |(reason, count)| (method.as_str(), reason, count))
            })
            .collect();
        if counted.is_empty() {
            return Ok(());
        }
        let mut family = self.family(name, MetricType::Counter)?;
        for (method, reason, count) in counted {
            let labels = [("method", method), ("reason", reason)];
            count_of(&mut family, &labels, count)?;
        }
        Ok(())
    }
}

fn count_of<const N: usize>(
    family: &mut MetricEncoder<'_>,
    labels: &[Label<'_>; N],
    count: u64,
) -> fmt::Result {
    ConstCounter::new(count).encode(family.encode_family(labels)?)
}

fn gauge_of<const N: usize>(
    family: &mut MetricEncoder<'_>,
    labels: &[Label<'_>; N],
    value: u64,
) -> fmt::Result {
    ConstGauge::new(value).encode(family.encode_family(labels)?)
}

fn seconds_of<const N: usize>(
    family: &mut MetricEncoder<'_>,
    labels: &[Label<'_>; N],
    sums: &Sums,
) -> fmt::Result {
    let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
    let classes: Vec<_> = bounds.zip(sums.durations).collect();
    let count = sums.durations.iter().sum();
    let mut series = family.encode_family(labels)?;
    series.encode_histogram::<[Label<'_>; 0]>(sums.seconds, count, &classes, None)
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
