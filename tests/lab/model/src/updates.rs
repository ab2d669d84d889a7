//! What it costs a channel that its set of endpoints is told ten times a second, whole each time.
//!
//! No endpoint ever connects, so that it is the updates that are measured; picks beside them are among as many nodes
//! that are connected.

use std::{
    fs,
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use lab_common::{Failure, process_cpu};
use serde_json::json;
use sinew::{
    Channel, RawCall, Target,
    balance::Balance,
    discovery::{Discover, Instance, InstanceState, Updates},
    testing::pick::{Nodes, rings_made},
};

use crate::Figures;

const EVERY: Duration = Duration::from_millis(100);

/// How long is looked at.
const WINDOW: Duration = Duration::from_secs(4);

/// What differs from one update to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// One member is replaced.
    Member,
    /// One member says that it drains, or no longer does.
    State,
}

/// Values: the share of a core without updates and with them, rings that were made, updates, bytes of memory of an
/// endpoint, and nanoseconds of a pick meanwhile.
pub(crate) fn run(count: usize, change: Change, has_keys: bool) -> Result<Figures, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let before = resident();
    let told = Arc::new(AtomicU64::new(0));
    let target: Target = "http://127.0.0.1:9".parse()?;
    let members = (0..count).map(|n| member(&target, n));
    let script = Script {
        members: members.collect(),
        target,
        change,
        told: Arc::clone(&told),
    };
    let channel = Channel::discover("cart", script)
        .connector(Never)
        .connect_timeout(Duration::from_secs(3600))
        .build()?;
    runtime.block_on(async {
        let mut call = RawCall::new("lab.v1.Echo/Unary", Vec::new());
        if has_keys {
            call = call.hash_key("cart-7");
        }
        // It finds nobody who is connected; it is there so that the channel begins to look.
        let _ = tokio::time::timeout(Duration::from_secs(1), channel.call(call)).await;
    });
    let memory = resident().saturating_sub(before) / count as u64;
    let idle = share(WINDOW / 4);
    told.store(1, Ordering::Relaxed);
    std::thread::sleep(EVERY * 3);
    let (rings, first) = (rings_made(&channel), told.load(Ordering::Relaxed));
    let updating = share(WINDOW);
    let rings = rings_made(&channel) - rings;
    let updates = told.load(Ordering::Relaxed) - first;
    let picks = picks(count);
    let mut figures = Figures::new();
    for (name, value) in [
        ("idle", idle * 100.0),
        ("updating", updating * 100.0),
        ("rings", rings as f64),
        ("updates", updates as f64),
        ("memory", memory as f64),
        (
            "pick",
            picks.get(picks.len() / 2).copied().unwrap_or(f64::NAN),
        ),
    ] {
        figures.insert(name.to_owned(), json!([value]));
    }
    Ok(figures)
}

/// The share of a core that this process uses.
fn share(window: Duration) -> f64 {
    let (before, began) = (process_cpu(), Instant::now());
    std::thread::sleep(window);
    (process_cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64()
}

/// Nanoseconds of a pick, sorted.
fn picks(count: usize) -> Vec<f64> {
    let nodes = Nodes::new(count, Balance::default());
    let began = Instant::now();
    let mut batches = Vec::new();
    // As long as a report is news.
    while began.elapsed() < Duration::from_millis(900) {
        let began = Instant::now();
        nodes.picks(64);
        batches.push(began.elapsed().as_secs_f64() * 1e9 / 64.0);
        std::thread::sleep(Duration::from_micros(100));
    }
    batches.sort_by(f64::total_cmp);
    batches
}

/// Bytes of memory that this process has; zero where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

fn member(target: &Target, number: usize) -> Arc<Instance> {
    let name = format!("cart-{number}");
    Arc::new(
        Instance::new(target.clone())
            .with_id(name.clone())
            .with_slot(name),
    )
}

/// Says who serves at once, and after its first word is asked for ten times a second, with a change.
struct Script {
    members: Vec<Arc<Instance>>,
    target: Target,
    change: Change,
    /// Updates; zero until they are to begin.
    told: Arc<AtomicU64>,
}

impl Discover for Script {
    async fn discover(&self, updates: Updates) {
        let mut members = self.members.clone();
        updates.replace(members.iter().cloned());
        let mut tick = tokio::time::interval(EVERY);
        let mut next = members.len();
        loop {
            tick.tick().await;
            if self.told.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let at = next % members.len();
            match self.change {
                Change::Member => members[at] = member(&self.target, next),
                Change::State => {
                    let state = if next.is_multiple_of(2) {
                        InstanceState::Draining
                    } else {
                        InstanceState::Ready
                    };
                    let first = Instance::clone(&members[0]).with_state(state);
                    members[0] = Arc::new(first);
                }
            }
            next += 1;
            updates.replace(members.iter().cloned());
            self.told.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reaches nobody.
struct Never;

impl sinew::Connect for Never {
    type Io = sinew::Stream;

    async fn connect(&self, _: &Target) -> io::Result<sinew::Stream> {
        pending().await
    }
}
