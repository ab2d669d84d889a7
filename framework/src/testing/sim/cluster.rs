//! A cluster as whoever simulates describes it, and how a run of it comes about.
//! It refuses to know what its nodes do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use super::ask::Ask;
use super::client::Client;
use super::clock;
use super::control::Control;
use super::drive::Driver;
use super::journal::What;
use super::load::Load;
use super::node::{Bursts, Node};
use super::run::Run;
use super::site::Site;
use super::work::exponential;
use super::world::World;
use crate::call::Status;
use crate::call::serve::BoxFuture;
use crate::client::ChannelBuilder;

/// Seconds of tokio's clock for one of the model: its timers step by 1 ms, the model by 1 µs.
const STRETCH: u32 = 1000;

/// Half a round trip: two machines of one zone.
const ONE_WAY: Duration = Duration::from_micros(150);

/// The environment variable that names the one seed to run.
const SEED: &str = "SINEW_SIM_SEED";

/// What makes a call of the load.
pub(super) type Caller = Arc<dyn Fn(Ask) -> BoxFuture<Result<(), Status>> + Send + Sync>;

type Act = Arc<dyn Fn(&Control) + Send + Sync>;
type Set = Arc<dyn Fn(ChannelBuilder) -> ChannelBuilder + Send + Sync>;
type Calling = Arc<dyn Fn(&Client) -> Caller + Send + Sync>;

/// Nodes, what happens to them, and how clients call them: as often as needed run, by one seed always the same.
///
/// ```
/// use std::time::Duration;
/// use sinew::testing::sim::{Cluster, Load, Node};
///
/// let ms = Duration::from_millis;
/// let run = Cluster::new()
///     .node("a", Node::new().workers(4).exponential(ms(2)))
///     .node("b", Node::new().workers(4).exponential(ms(2)).speed(0.25))
///     .at(ms(500), |cluster| cluster.kill("b"))
///     .run(7, &Load::poisson(500.0).clients(4).lasting(ms(1000)));
/// println!("{run}");
/// assert!(run.calls_at("a") > run.calls_at("b"));
/// ```
#[derive(Clone)]
pub struct Cluster {
    nodes: Vec<(String, Node)>,
    script: Vec<(Duration, Act)>,
    stretch: u32,
    one_way: Duration,
    set: Set,
    calling: Calling,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

impl Cluster {
    /// One without nodes.
    pub fn new() -> Self {
        Self {
            nodes: Vec::new(),
            script: Vec::new(),
            stretch: STRETCH,
            one_way: ONE_WAY,
            set: Arc::new(|builder| builder),
            calling: Arc::new(by_channel),
        }
    }

    /// Adds a node. Its name is its slot, and its host.
    #[must_use]
    pub fn node(mut self, name: impl Into<String>, node: Node) -> Self {
        self.nodes.push((name.into(), node));
        self
    }

    /// Adds so many nodes, `node-0` and on.
    #[must_use]
    pub fn nodes(mut self, count: u32, node: impl Fn(u32) -> Node) -> Self {
        for index in 0..count {
            self.nodes.push((format!("node-{index}"), node(index)));
        }
        self
    }

    /// Does this at that moment of a run, in model time.
    #[must_use]
    pub fn at(mut self, at: Duration, act: impl Fn(&Control) + Send + Sync + 'static) -> Self {
        self.script.push((at, Arc::new(act)));
        self
    }

    /// Sets up each client's channel: how it balances, and what else production sets. Times are model time; metrics
    /// that are set here take the place of those that note what becomes of endpoints.
    #[must_use]
    pub fn channel(
        mut self,
        set: impl Fn(ChannelBuilder) -> ChannelBuilder + Send + Sync + 'static,
    ) -> Self {
        self.set = Arc::new(set);
        self
    }

    /// Says how a client makes a call of the load: by stubs on its channel, or by a balancer of one's own. Unless set,
    /// it is [`Ask::call`] on its channel.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sinew::testing::sim::{self, Cluster, Load, Node};
    ///
    /// #[sinew::service(package = "shop.v1", timeout = "1s")]
    /// pub trait Stock {
    ///     async fn count(&self, req: ()) -> sinew::Result<()>;
    /// }
    ///
    /// struct Shelf;
    ///
    /// impl Stock for Shelf {
    ///     async fn count(&self, _: ()) -> sinew::Result<()> {
    ///         sim::sleep(Duration::from_millis(5)).await; // work, in model time
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let run = Cluster::new()
    ///     .nodes(3, |_| Node::serving(|| sinew::Server::new().add(stock::server(Shelf))))
    ///     .calling(|client| {
    ///         let stock = stock::Client::new(client.channel().clone());
    ///         move |_ask| {
    ///             let stock = stock.clone();
    ///             async move { stock.count(()).await.map(drop) }
    ///         }
    ///     })
    ///     .run(7, &Load::poisson(100.0).lasting(Duration::from_secs(2)));
    /// assert_eq!(run.failed(), 0, "{run}");
    /// # }
    /// ```
    #[must_use]
    pub fn calling<C, F>(mut self, calling: impl Fn(&Client) -> C + Send + Sync + 'static) -> Self
    where
        C: Fn(Ask) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.calling = Arc::new(move |client| {
            let call = calling(client);
            Arc::new(move |ask| Box::pin(call(ask)))
        });
        self
    }

    /// Half a round trip between a client and a node; 150 µs unless set.
    #[must_use]
    pub fn one_way(mut self, one_way: Duration) -> Self {
        self.one_way = one_way;
        self
    }

    /// How many seconds of tokio's clock are one of the model; 1,000 unless set, so that the model steps by 1 µs. With
    /// 1, servers of one's own need no change, and all takes whole milliseconds.
    #[must_use]
    pub fn stretch(mut self, stretch: u32) -> Self {
        self.stretch = stretch.max(1);
        self
    }

    /// Runs it, on a thread of its own, and waits for that.
    ///
    /// # Panics
    /// When two nodes have one name, or a name is no host; and where the script, a server or a caller does.
    pub fn run(&self, seed: u64, load: &Load) -> Run {
        let (cluster, load) = (self.clone(), load.clone());
        let thread = std::thread::Builder::new().name(format!("simulation {seed}"));
        let running = thread.spawn(move || cluster.run_here(seed, &load));
        let running = running.unwrap_or_else(|error| panic!("no thread for a simulation: {error}"));
        running
            .join()
            .unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))
    }

    /// Runs it once with each of these seeds and lets `check` look at the runs. When that panics, the seed is printed:
    /// `SINEW_SIM_SEED=7 cargo test NAME` runs that one alone.
    ///
    /// # Panics
    /// When `check` does, and as [`Cluster::run`].
    pub fn check(&self, seeds: impl IntoIterator<Item = u64>, load: &Load, check: impl Fn(&Run)) {
        let named = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seeds: Vec<u64> = named.map_or_else(|| seeds.into_iter().collect(), |seed| vec![seed]);
        for seed in seeds {
            let _said = Replay(seed);
            check(&self.run(seed, load));
        }
    }

    fn run_here(&self, seed: u64, load: &Load) -> Run {
        // All that draws on chance in this thread: balancers, backoff, ejections.
        fastrand::seed(mixed(seed, 0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime =
            runtime.unwrap_or_else(|error| panic!("no runtime for a simulation: {error}"));
        runtime.block_on(async {
            clock::start(self.stretch);
            let world = Arc::new(World::new(self.sites(), self.one_way, self.stretch));
            self.live(seed, load, &world).await;
            Run::new(seed, load, &world)
        })
    }

    fn sites(&self) -> Vec<Arc<Site>> {
        let mut sites: Vec<Arc<Site>> = Vec::with_capacity(self.nodes.len());
        for (name, node) in &self.nodes {
            assert!(
                sites.iter().all(|site| site.name != *name),
                "two nodes are called {name:?}"
            );
            let target = format!("http://{name}:1").parse();
            let target = target.unwrap_or_else(|wrong| panic!("{name:?} is no host: {wrong}"));
            let index = u32::try_from(sites.len()).unwrap_or(u32::MAX);
            sites.push(Arc::new(Site::new(
                name.clone(),
                index,
                target,
                node.clone(),
                self.stretch,
            )));
        }
        sites
    }

    /// Runs the load, and beside it what happens to the nodes.
    async fn live(&self, seed: u64, load: &Load, world: &Arc<World>) {
        world.relist();
        let mut beside = tokio::task::JoinSet::new();
        for site in &world.sites {
            if let Some(bursts) = site.node.bursts {
                let seed = mixed(seed, BURSTS + u64::from(site.index));
                beside.spawn(burst(Arc::clone(world), Arc::clone(site), bursts, seed));
            }
        }
        for (at, act) in &self.script {
            let (at, act, control) = (*at, Arc::clone(act), Control::new(Arc::clone(world)));
            beside.spawn(async move {
                clock::sleep_until(at).await;
                act(&control);
            });
        }
        let made = Arc::new(AtomicU64::new(0));
        let mut driving = tokio::task::JoinSet::new();
        for number in 0..load.clients {
            let client = Client::new(number, world, &*self.set);
            let driver = Driver {
                world: Arc::clone(world),
                load: load.clone(),
                client: number,
                caller: (self.calling)(&client),
                made: Arc::clone(&made),
                number: AtomicU32::new(0),
            };
            let seed = mixed(seed, CLIENTS + u64::from(number));
            driving.spawn(async move {
                driver.run(seed).await;
                drop(client);
            });
        }
        loop {
            // A script that panics ends the run; one that has nothing more to do does not.
            tokio::select! {
                biased;
                Some(done) = beside.join_next() => unwind(done),
                done = driving.join_next() => match done {
                    Some(done) => unwind(done),
                    None => return,
                },
            }
        }
    }
}

/// Where the random numbers of bursts and of clients begin.
const BURSTS: u64 = 1 << 32;
const CLIENTS: u64 = 1 << 33;

/// The seed of one of many that draw on chance.
fn mixed(seed: u64, stream: u64) -> u64 {
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    fastrand::Rng::with_seed(seed.wrapping_mul(step) ^ stream.wrapping_mul(step).rotate_left(29))
        .u64(..)
}

/// Goes on with the panic of a task that has ended by one.
pub(super) fn unwind(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done
        && let Ok(panicked) = error.try_into_panic()
    {
        std::panic::resume_unwind(panicked);
    }
}

/// Takes part of a node's speed away, again and again.
async fn burst(world: Arc<World>, site: Arc<Site>, bursts: Bursts, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let calm = bursts.every.saturating_sub(bursts.lasting);
    let set = |left: f64| {
        site.set_left(left);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share in thousandths"
        )]
        let thousandths = (left * 1000.0) as u32;
        world.note(None, Some(site.index), What::Speed(thousandths));
    };
    loop {
        clock::sleep(calm.mul_f64(exponential(rng.u64(..)))).await;
        set(1.0 - bursts.lost);
        clock::sleep(bursts.lasting).await;
        set(1.0);
    }
}

fn by_channel(client: &Client) -> Caller {
    let channel = client.channel().clone();
    Arc::new(move |ask| {
        let channel = channel.clone();
        Box::pin(async move { channel.call(ask.call()).await.map(drop) })
    })
}

/// Prints how to run a seed again, where a check of it panics.
struct Replay(u64);

impl Drop for Replay {
    #[expect(
        clippy::print_stderr,
        reason = "a test that fails says how to repeat it"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the simulation failed with the seed {0}: {SEED}={0} runs it alone",
                self.0
            );
        }
    }
}
