//! The last load report that an endpoint's connections have brought, for those who choose where a call goes.
//! It refuses to lock or to wait, and to say what follows from a report.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

use tokio::time::Instant;

use crate::call::LoadReport;
use crate::call::report::EVERY;
use crate::rt::stamp::Stamp;

/// Written by the connections of one endpoint, read at each pick.
///
/// There are two places: a report is written into the one that nobody is shown, and then that one is shown. A reader
/// that was overtaken by two reports reads again; it never waits for a writer.
#[derive(Debug)]
pub(crate) struct Reported {
    since: Instant,
    brief: [AtomicU64; 2],
    /// Reports so far. Its last bit says which place is shown.
    version: AtomicU64,
    places: [Place; 2],
    is_written: AtomicBool,
    is_ours: AtomicBool,
    /// Connections that there were: those that calls still end on are not the last one, perhaps.
    connections: AtomicU32,
    /// The process that has reported over the last connection, by the number of its life; 0 where none has.
    process: AtomicU32,
    /// When the last report came, in microseconds since the start, plus one; zero before the first.
    heard_us: AtomicU64,
    /// How often one is worth asking for, in microseconds.
    every_us: u64,
}

/// What a pick needs of the last report, in two words: it looks at that of each endpoint, and has no time for the rest.
/// Words they stay: taken apart and put together again they cost half of a pick.
///
/// They may be of two reports that came one behind the other: a pick is an estimate, and the next one sees the later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    /// In flight; service time, with [`DRAINING`] as its sign.
    load: u64,
    /// The number of the report, as far as it has room, which is zero before the first; when it came.
    when: u64,
}

/// In flight and epoch; service time in nanoseconds; utilization (not a number where there is none) and calls per
/// second; failures per second and whether it drains; microseconds since the start.
#[derive(Debug, Default)]
struct Place([AtomicU64; 5]);

impl Default for Reported {
    fn default() -> Self {
        Self::new(Instant::now(), EVERY)
    }
}

impl Reported {
    /// Its times count from `start` on; it is to be renewed so often.
    pub(crate) fn new(start: Instant, every: Duration) -> Self {
        Self {
            since: start,
            brief: Default::default(),
            version: AtomicU64::new(0),
            places: Default::default(),
            is_written: AtomicBool::new(false),
            is_ours: AtomicBool::new(false),
            connections: AtomicU32::new(0),
            process: AtomicU32::new(0),
            heard_us: AtomicU64::new(0),
            every_us: micros(every),
        }
    }

    /// Connections that there were; the number of the last one.
    pub(crate) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    /// The number that the next connection will have, from when it is used until there is another one.
    pub(crate) fn next_connection(&self) -> u32 {
        self.connections().wrapping_add(1)
    }

    /// Takes a report that came `now` over the last connection. Of two at once one is lost: they are as good as each
    /// other.
    pub(crate) fn store(&self, report: LoadReport, now: Instant) {
        self.store_over(self.connections(), report, now);
    }

    /// Takes one that came over the connection of this number. Over one that is not the last it says how busy the
    /// server is, and not who is there now.
    pub(crate) fn store_over(&self, connection: u32, report: LoadReport, now: Instant) {
        if self.is_written.swap(true, Ordering::Acquire) {
            return;
        }
        let at = micros(now.saturating_duration_since(self.since));
        let version = self.version.load(Ordering::Relaxed).wrapping_add(1);
        // Whoever sees any of what follows sees the version, too, in which this place was hidden.
        fence(Ordering::Release);
        self.place(version).write(&report, at);
        self.version.store(version, Ordering::Release);
        self.write_brief(&report, Stamp::at(now, self.since), low(version));
        if connection == self.connections() {
            self.heard_us.store(at.saturating_add(1), Ordering::Relaxed);
            if report.epoch != 0 {
                self.is_ours.store(true, Ordering::Relaxed);
                self.process.store(report.epoch, Ordering::Relaxed);
            }
        }
        self.is_written.store(false, Ordering::Release);
    }

    /// The last report, and when it came, to a microsecond.
    pub(crate) fn latest(&self) -> Option<(LoadReport, Instant)> {
        let mut version = self.version.load(Ordering::Acquire);
        loop {
            if version == 0 {
                return None;
            }
            let (report, at) = self.place(version).read();
            fence(Ordering::Acquire);
            let still = self.version.load(Ordering::Relaxed);
            if still == version {
                return Some((report, self.since + Duration::from_micros(at)));
            }
            // Each turn is a report that came in the meantime: they are milliseconds apart.
            version = still;
        }
    }

    /// The last report, in brief.
    #[inline]
    pub(crate) fn brief(&self) -> Brief {
        let [load, when] = self
            .brief
            .each_ref()
            .map(|word| word.load(Ordering::Relaxed));
        Brief { load, when }
    }

    fn write_brief(&self, report: &LoadReport, at: Stamp, version: u32) {
        let service = report.service_time.as_secs_f32().to_bits();
        let draining = if report.draining { DRAINING } else { 0 };
        let words = [
            pair(report.in_flight, service | draining),
            pair(version, at.bits()),
        ];
        for (place, word) in self.brief.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
    }

    /// How many reports came: another number is another report.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// A report of ours came from there: it may be probed.
    pub(crate) fn is_ours(&self) -> bool {
        self.is_ours.load(Ordering::Relaxed)
    }

    /// The process that has reported over the last connection, by the number of its life; 0 where none has.
    pub(crate) fn process(&self) -> u32 {
        self.process.load(Ordering::Relaxed)
    }

    /// There is another connection: it has to show anew that it leads to one of ours, and its first call asks.
    pub(crate) fn renew(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.is_ours.store(false, Ordering::Relaxed);
        self.process.store(0, Ordering::Relaxed);
        self.heard_us.store(0, Ordering::Relaxed);
    }

    /// Is it time to ask for a report? Until one comes, by all calls: which of them ends next is not known.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        let heard = self.heard_us.load(Ordering::Relaxed);
        let age = || micros(now.saturating_duration_since(self.since)).saturating_sub(heard - 1);
        heard == 0 || age() >= self.every_us
    }

    fn place(&self, version: u64) -> &Place {
        &self.places[usize::from(version & 1 == 1)]
    }
}

impl Brief {
    /// Has there been a report, and how many milliseconds ago?
    #[inline]
    pub(crate) fn age(self, now: Stamp) -> Option<u32> {
        let (version, at) = halves(self.when);
        (version != 0).then(|| now.millis_since(Stamp::from_bits(at)))
    }

    #[inline]
    pub(crate) fn in_flight(self) -> u32 {
        halves(self.load).0
    }

    /// Seconds that a call takes; zero where it is not known.
    #[inline]
    pub(crate) fn service(self) -> f32 {
        f32::from_bits(halves(self.load).1 & !DRAINING)
    }

    #[inline]
    pub(crate) fn is_draining(self) -> bool {
        halves(self.load).1 & DRAINING != 0
    }

    /// The number of the report, as far as it has room.
    #[inline]
    pub(crate) fn version(self) -> u32 {
        halves(self.when).0
    }
}

impl Place {
    fn write(&self, report: &LoadReport, at: u64) {
        let utilization = report.utilization.unwrap_or(f32::NAN);
        let words = [
            pair(report.in_flight, report.epoch),
            u64::try_from(report.service_time.as_nanos()).unwrap_or(u64::MAX),
            pair(utilization.to_bits(), report.qps.to_bits()),
            pair(report.eps.to_bits(), report.draining.into()),
            at,
        ];
        for (place, word) in self.0.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
    }

    fn read(&self) -> (LoadReport, u64) {
        let [counts, service, used, failed, at] =
            self.0.each_ref().map(|word| word.load(Ordering::Relaxed));
        let ((in_flight, epoch), (utilization, qps), (eps, draining)) =
            (halves(counts), halves(used), halves(failed));
        let utilization = f32::from_bits(utilization);
        let report = LoadReport {
            in_flight,
            service_time: Duration::from_nanos(service),
            epoch,
            draining: draining != 0,
            utilization: (!utilization.is_nan()).then_some(utilization),
            qps: f32::from_bits(qps),
            eps: f32::from_bits(eps),
        };
        (report, at)
    }
}

/// The sign of a time, which has none.
const DRAINING: u32 = 1 << 31;

/// The number of a report, as far as it has room.
pub(crate) fn low(version: u64) -> u32 {
    version as u32
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

/// In one word all along: this is asked for each call.
fn micros(time: Duration) -> u64 {
    let micros = u64::from(time.subsec_micros());
    time.as_secs()
        .saturating_mul(1_000_000)
        .saturating_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn numbered(n: u32) -> LoadReport {
        LoadReport {
            in_flight: n,
            service_time: Duration::from_nanos(n.into()),
            epoch: n,
            draining: n.is_multiple_of(2),
            utilization: (!n.is_multiple_of(3)).then_some(n as f32),
            qps: n as f32,
            eps: n as f32,
        }
    }

    #[test]
    fn the_last_report_is_shown_with_its_time() {
        let reported = Reported::default();
        let start = reported.since;
        assert_eq!((reported.latest(), reported.version()), (None, 0));
        assert_eq!(reported.brief().age(Stamp::at(start, start)), None);
        for n in 1..=4 {
            let at = start + n * MS;
            reported.store(numbered(n), at);
            assert_eq!(reported.latest(), Some((numbered(n), at)));
            assert_eq!(reported.version(), u64::from(n));
            let brief = reported.brief();
            assert_eq!(brief.age(Stamp::at(at + 7 * MS, start)), Some(7));
            assert_eq!((brief.in_flight(), brief.version()), (n, n));
            assert_eq!(brief.is_draining(), n.is_multiple_of(2));
            let service = Duration::from_nanos(n.into()).as_secs_f32();
            assert_eq!(brief.service().to_bits(), service.to_bits());
        }
    }

    /// What still ends on the connection before says how busy a server is, and not who is there now.
    #[test]
    fn only_the_last_connection_says_which_process_is_there() {
        let reported = Reported::default();
        let report = |epoch| LoadReport {
            epoch,
            in_flight: epoch,
            ..LoadReport::default()
        };
        let seen = || (reported.process(), reported.is_ours());
        let first = reported.next_connection();
        reported.renew();
        reported.store_over(first, report(7), reported.since);
        assert_eq!(seen(), (7, true));
        let second = reported.next_connection();
        reported.renew();
        assert_eq!(seen(), (0, false));
        reported.store_over(first, report(7), reported.since);
        assert_eq!((seen(), reported.brief().in_flight()), ((0, false), 7));
        let is_asked = reported.is_stale(reported.since);
        assert!(is_asked, "nobody has answered over this one");
        reported.store_over(second, report(8), reported.since);
        reported.store_over(first, report(7), reported.since);
        assert_eq!(seen(), (8, true));
        reported.store(report(0), reported.since);
        assert_eq!(seen(), (8, true), "a foreign one says nothing of that");
    }

    #[test]
    fn only_a_report_of_ours_makes_it_ours() {
        let reported = Reported::default();
        let foreign = LoadReport {
            epoch: 0,
            ..numbered(1)
        };
        reported.store(foreign, reported.since);
        assert!(!reported.is_ours());
        reported.store(numbered(1), reported.since);
        assert!(reported.is_ours());
        reported.renew();
        reported.store(foreign, reported.since);
        assert!(!reported.is_ours(), "another one is there now");
    }

    #[test]
    fn it_is_asked_again_after_ten_milliseconds() {
        let reported = Reported::default();
        let start = reported.since;
        assert!(reported.is_stale(start));
        reported.store(numbered(1), start + MS);
        let stale = [0, 1, 10, 11, 500].map(|ms| reported.is_stale(start + ms * MS));
        assert_eq!(stale, [false, false, false, true, true]);
        reported.store(numbered(2), start + 500 * MS);
        assert!(!reported.is_stale(start + 505 * MS));
    }

    #[test]
    fn readers_never_see_parts_of_two_reports() {
        let reported = &Reported::default();
        let read = || {
            let (mut last, mut versions) = (0, 0);
            while last < 20_000 {
                let Some((report, at)) = reported.latest() else {
                    continue;
                };
                let n = report.in_flight;
                assert_eq!(report, numbered(n));
                assert_eq!(at, reported.since + n * MS);
                assert!(n >= last, "{n} after {last}");
                versions += u32::from(n > last);
                last = n;
            }
            versions
        };
        let seen = std::thread::scope(|scope| {
            let readers = [(); 2].map(|()| scope.spawn(read));
            for n in 1..=20_000 {
                reported.store(numbered(n), reported.since + n * MS);
            }
            readers.map(|reader| reader.join().unwrap())
        });
        assert!(seen.iter().all(|seen| *seen > 0));
    }
}
