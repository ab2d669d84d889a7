//! That a set follows from what is found whatever is known of the one before, and how many of it connect at once.

use std::collections::HashSet;
use std::future::pending;
use std::io;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::client::Channel;
use crate::discovery::{Discover, Updates};
use crate::transport::connect::Connect;
use crate::transport::target::Target;

const MS: Duration = Duration::from_millis(1);

/// Says once who is there.
struct Once(Vec<Arc<Instance>>);

impl Discover for Once {
    async fn discover(&self, updates: Updates) {
        updates.replace(self.0.iter().cloned());
    }
}

/// Knows who has begun to connect. All fail, after as long as it says.
struct Slow {
    takes: Option<Duration>,
    begun: Arc<Mutex<HashSet<String>>>,
}

impl Connect for Slow {
    type Io = tokio::io::DuplexStream;

    async fn connect(&self, target: &Target) -> io::Result<Self::Io> {
        self.begun.lock().unwrap().insert(target.to_string());
        match self.takes {
            Some(takes) => tokio::time::sleep(takes).await,
            None => pending().await,
        }
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

fn instance(id: &str, slot: &str, port: u16) -> Arc<Instance> {
    let target: Target = format!("http://node:{port}").parse().unwrap();
    let instance = Instance::new(target).with_id(id).with_slot(slot);
    Arc::new(instance)
}

fn members(channel: &Channel) -> &Shared {
    let members = channel.0.core.place.members.as_ref();
    &members.unwrap().shared
}

fn told(instances: Vec<Arc<Instance>>, slow: Slow) -> Channel {
    Channel::discover("cart", Once(instances))
        .connector(slow)
        .connect_timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_many_nodes_some_connect_at_a_time() {
    for (count, takes, steps) in [
        // Few wait for nobody.
        (64, None, vec![(0, 64)]),
        // Those that answer nothing keep a place for 250 ms.
        (
            200,
            None,
            vec![(0, 64), (240, 64), (251, 128), (510, 192), (760, 200)],
        ),
        // Those that are soon done make room at once.
        (200, Some(10 * MS), vec![(0, 64), (12, 128), (45, 200)]),
    ] {
        let begun = Arc::default();
        let slow = Slow {
            takes,
            begun: Arc::clone(&begun),
        };
        let all = (0..count).map(|n| instance(&format!("n{n}"), &n.to_string(), 1 + n));
        let channel = told(all.collect(), slow);
        channel.0.core.place.members.as_ref().unwrap().wake();
        let start = tokio::time::Instant::now();
        for (millis, want) in steps {
            tokio::time::sleep_until(start + millis * MS + MS / 2).await;
            let begun = begun.lock().unwrap().len();
            assert_eq!(begun, want, "{count} nodes, {takes:?}, after {millis} ms");
        }
    }
}

fn shown(set: &EndpointSet) -> Vec<String> {
    let all = set.nodes().iter().zip(set.standing()).zip(set.vitals());
    all.map(|((node, standing), vitals)| {
        assert!(Arc::ptr_eq(node.vitals(), vitals));
        format!("{} {} {} {standing:?}", node.id(), node.slot(), node.name())
    })
    .collect()
}

/// What a ring is made of.
fn ring(set: &EndpointSet) -> Vec<String> {
    let all = set.nodes().iter().zip(set.standing());
    all.map(|(node, standing)| format!("{} {} {standing:?}", node.id(), node.slot()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Nodes whose members are as they were are kept unseen: that comes to the same as if they were looked at.
    #[test]
    fn what_is_as_it_was_is_kept_as_it_was(
        // Of eight ids with three records each, which one is there, and how it stands.
        rounds in prop::collection::vec(prop::collection::vec((0_usize..5, 0_u8..8), 8), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let slow = || Slow { takes: None, begun: Arc::default() };
        let channels = [(); 2].map(|()| told(Vec::new(), slow()));
        let [quick, thorough] = channels.each_ref().map(members);
        let _guard = runtime.enter();
        let pool: Vec<[Arc<Instance>; 3]> = (0..8_u16).map(|n| {
            let id = format!("n{n}");
            // Two that differ in all that a node is made of, and one that only weighs more.
            let heavy = Arc::unwrap_or_clone(instance(&id, &id, 1)).with_weight(300);
            [instance(&id, &id, 1), instance(&id, "other", 2), Arc::new(heavy)]
        }).collect();
        for round in rounds {
            let there = round.iter().zip(&pool).filter_map(|((which, stands), records)| {
                let record = records.get(*which)?;
                Some(Member::standing(Arc::clone(record), stands & 1 > 0, stands & 6 == 6))
            });
            let found = Arc::new(Found { members: there.collect(), ..Found::default() });
            let before = [quick, thorough].map(|shared| Arc::clone(&shared.table.now()));
            let next = [
                quick.follows(&before[0], &quick.found.load(), &found),
                // As if nothing were known of the members that this set was made of.
                thorough.follows(&before[1], &Found::default(), &found),
            ];
            prop_assert_eq!(shown(&next[0]), shown(&next[1]));
            prop_assert_eq!(next[0].roster(), next[1].roster());
            let asides = next.each_ref().map(|set| {
                set.nodes().iter().map(|node| node.aside()).collect::<Vec<_>>()
            });
            prop_assert_eq!(&asides[0], &asides[1]);
            // Sets share a ring where all that it is made of is the same.
            let is_new = next[0].roster() != before[0].roster();
            prop_assert_eq!(is_new, ring(&next[0]) != ring(&before[0]));
            for (shared, set) in [quick, thorough].into_iter().zip(next) {
                shared.found.store(Arc::clone(&found));
                shared.table.replace(Arc::new(set));
            }
        }
    }
}
