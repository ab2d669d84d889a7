//! How busy a server says that it is, and how that is written: gRPC's load report (`xds.data.orca.v3.OrcaLoadReport`,
//! gRFC A51), with what only ours know among its named metrics.
//! It refuses to measure anything, and to say what follows from it.

mod orca;
#[cfg(test)]
mod tests;

use std::time::Duration;

use orca::{Field, Fields};

/// What a server knows of itself at one moment.
///
/// A foreign server says of it what ORCA has: [`LoadReport::epoch`] is zero then, and so is what only ours tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LoadReport {
    /// Calls that were admitted and have not ended.
    pub(crate) in_flight: u32,
    /// What one call takes of the server: the median of the last ones, each divided by those in flight with it. Zero
    /// where it is not known.
    pub(crate) service_time: Duration,
    /// Tells one life of a server from the next: another number is another life. Never zero in a report of ours.
    pub(crate) epoch: u32,
    /// It is about to end, and wants no new calls.
    pub(crate) draining: bool,
    /// How much of what it has is in use: 1 is all; more is overload. Never zero.
    pub(crate) utilization: Option<f32>,
    /// Calls per second that came.
    pub(crate) qps: f32,
    /// Calls per second that failed.
    pub(crate) eps: f32,
}

/// One connection brings no more reports than one in this time, and no more are asked for: a hundred a second are as
/// new as a balancer needs, and cost a busy connection next to nothing.
pub(crate) const EVERY: Duration = Duration::from_millis(10);

/// The fields of ORCA's message, by number.
mod field {
    pub(super) const CPU_UTILIZATION: u32 = 1;
    pub(super) const RPS_FRACTIONAL: u32 = 6;
    pub(super) const EPS: u32 = 7;
    pub(super) const NAMED_METRICS: u32 = 8;
    pub(super) const APPLICATION_UTILIZATION: u32 = 9;
}

/// The named metrics that are ours.
mod named {
    pub(super) const IN_FLIGHT: &str = "sinew.in_flight";
    /// Microseconds.
    pub(super) const SERVICE_TIME: &str = "sinew.service_us";
    pub(super) const EPOCH: &str = "sinew.epoch";
    pub(super) const DRAINING: &str = "sinew.draining";
}

/// Foreign reports may carry metrics of their users. A larger one is not looked at.
const MAX_BYTES: usize = 8 * 1024;

/// What a report of ours takes at most.
const OWN_BYTES: usize = 160;

const MICROS_PER_SECOND: f64 = 1e6;

impl LoadReport {
    /// The report as ORCA's message. What is zero is left out.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(OWN_BYTES);
        orca::put_double(&mut out, field::RPS_FRACTIONAL, self.qps.into());
        orca::put_double(&mut out, field::EPS, self.eps.into());
        let service_us = self.service_time.as_secs_f64() * MICROS_PER_SECOND;
        for (name, value) in [
            (named::IN_FLIGHT, self.in_flight.into()),
            (named::SERVICE_TIME, service_us),
            (named::EPOCH, self.epoch.into()),
            (named::DRAINING, self.draining.into()),
        ] {
            orca::put_named(&mut out, field::NAMED_METRICS, name, value);
        }
        let utilization = self.utilization.unwrap_or_default();
        orca::put_double(&mut out, field::APPLICATION_UTILIZATION, utilization.into());
        out
    }

    /// Reads a report of any server. What is unknown is passed over, and a number that makes no sense counts as not
    /// said. `None` when it is too large, or no message of protobuf.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let mut report = Self::default();
        let (mut cpu, mut application) = (0.0, 0.0);
        for field in Fields::of(bytes) {
            match field? {
                Field::Double(field::CPU_UTILIZATION, value) => cpu = value,
                Field::Double(field::RPS_FRACTIONAL, value) => report.qps = quantity(value),
                Field::Double(field::EPS, value) => report.eps = quantity(value),
                Field::Double(field::APPLICATION_UTILIZATION, value) => application = value,
                Field::Bytes(field::NAMED_METRICS, entry) => {
                    let (name, value) = orca::entry(entry)?;
                    report.set(name, value);
                }
                _ => {}
            }
        }
        // As gRPC's weighted round robin does: the application knows better, where it says (gRFC A64).
        let used = [application, cpu].map(quantity);
        report.utilization = used.into_iter().find(|used| *used > 0.0);
        report.weigh();
        Some(report)
    }

    /// A server of another kind does not say what a call takes of it, but how much of it so many calls a second use:
    /// that is the inverse of the weight that gRPC gives it (gRFC A58).
    fn weigh(&mut self) {
        if self.epoch == 0
            && self.service_time.is_zero()
            && self.qps > 0.0
            && let Some(used) = self.utilization
        {
            let time = Duration::try_from_secs_f32(used / self.qps);
            self.service_time = time.unwrap_or_default();
        }
    }

    fn set(&mut self, name: &[u8], value: f64) {
        let whole = f64::from(quantity(value));
        if name == named::IN_FLIGHT.as_bytes() {
            self.in_flight = count(value);
        } else if name == named::EPOCH.as_bytes() {
            self.epoch = count(value);
        } else if name == named::DRAINING.as_bytes() {
            self.draining = whole > 0.0;
        } else if name == named::SERVICE_TIME.as_bytes() {
            let time = Duration::try_from_secs_f64(value / MICROS_PER_SECOND);
            self.service_time = time.unwrap_or_default();
        }
    }
}

/// A number that is finite and not negative, or zero.
fn quantity(value: f64) -> f32 {
    let value = value as f32;
    if value.is_finite() && value > 0.0 {
        value
    } else {
        0.0
    }
}

/// A whole number from zero on; what is too large is cut, what is none is zero.
fn count(value: f64) -> u32 {
    value as u32
}
