//! That nodes are judged alike whether or not all of them are looked at, and how often many are.

use proptest::prelude::*;
use tokio::time::advance;

use super::*;
use crate::call::{Deadline, LoadReport, MethodSpec, Status};
use crate::endpoint::{Cause, EndpointSet, Fleet, InFlight, Table};
use crate::endpoint::{Readiness, Tuning};
use crate::observe::{MethodMetrics, Metrics, Observer, Side};
use crate::transport::Link;
use crate::transport::memory::{InProcessLink, Unserved};
use crate::transport::scripted::Scripted;

const MS: Duration = Duration::from_millis(1);

/// Nodes, who judges them, and the calls that are under way.
struct Judging {
    judge: Judge,
    nodes: Vec<Arc<Node>>,
    calls: Vec<InFlight>,
}

fn fleet_of(count: usize) -> (Arc<Fleet>, Vec<Arc<Node>>) {
    let fleet = Fleet::new(Tuning::default(), true, 7);
    let node = |index: usize| {
        let link = Link::Memory(InProcessLink::new(Unserved(String::new())));
        Arc::new(Node::fixed(&format!("node-{index:04}"), link, &fleet))
    };
    let nodes = (0..count).map(node).collect();
    (fleet, nodes)
}

impl Judging {
    fn new(count: usize) -> Self {
        let (fleet, nodes) = fleet_of(count);
        let shared = Shared {
            set: Arc::new(EndpointSet::new(nodes.clone())).into(),
            fleet,
            observer: Observer::default(),
        };
        Self {
            judge: Judge::new(Arc::new(shared)),
            nodes,
            calls: Vec::new(),
        }
    }

    /// What happens to one of the nodes, or to the set of them.
    fn happen(&mut self, what: u8, at: usize) {
        let Some(node) = self.nodes.get(at % self.nodes.len().max(1)).cloned() else {
            return;
        };
        match what {
            // Most are calls, and most of those go well.
            0..=9 => {
                let call = InFlight::begin(node, Instant::now(), None, true);
                self.calls.push(call);
            }
            10..=19 if !self.calls.is_empty() => {
                let call = self.calls.swap_remove(at % self.calls.len());
                let failed = Status::internal("broken");
                call.settle(if what > 16 { Err(&failed) } else { Ok(()) });
            }
            20 => node.set_aside(Some(Cause::Leaving)),
            21 => node.set_aside(None),
            22 => node.set_weight(50 + u32::try_from(at).unwrap_or(0)),
            23 => {
                let report = LoadReport {
                    in_flight: u32::try_from(at).unwrap_or(0),
                    epoch: 1,
                    ..LoadReport::default()
                };
                node.vitals().reported().store(report, Instant::now());
            }
            24 => {
                // It is another one, or it is gone.
                let fleet = Arc::clone(&self.judge.shared.fleet);
                let link = Link::Memory(InProcessLink::new(Unserved(String::new())));
                let index = at % self.nodes.len();
                if at.is_multiple_of(2) {
                    self.nodes[index] = Arc::new(Node::fixed(node.name(), link, &fleet));
                } else {
                    self.nodes.remove(index);
                }
                let set = EndpointSet::new(self.nodes.clone());
                self.judge.shared.set.store(Arc::new(set));
            }
            25 => self.judge.shared.fleet.keep_load(),
            26 => self.judge.thaw(Instant::now()),
            _ => {}
        }
    }

    /// All that follows from a review.
    async fn review(&mut self, rests: Rests) -> String {
        let next = self.judge.review_but(rests);
        // Those that are asked whether they hang answer at once.
        for _ in 0..8 {
            tokio::select! {
                biased;
                (node, hang) = self.judge.probes.next() => self.judge.probed(&node, hang),
                () = tokio::task::yield_now() => {}
            }
        }
        let phases = self.nodes.iter().map(|node| {
            let (phase, since) = node.vitals().phase();
            (phase, since.bits(), node.cause())
        });
        let fleet = &self.judge.shared.fleet;
        format!(
            "{:?}, {:?}, {}, {}, {}",
            next.map(|next| next.saturating_duration_since(fleet.epoch())),
            phases.collect::<Vec<_>>(),
            fleet.keyed().weight(),
            fleet.panics(),
            fleet.keyed().load(),
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Nodes that nothing has happened to are passed by: that comes to the same as if they were judged.
    #[test]
    fn a_node_that_nothing_happened_to_need_not_be_judged(
        steps in prop::collection::vec(
            (prop::collection::vec((0_u8..40, 0_usize..24), 0..12), 0_u64..1_500),
            1..60,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut quick, mut thorough) = (Judging::new(6), Judging::new(6));
            for (happens, millis) in steps {
                for (what, at) in happens {
                    quick.happen(what, at);
                    thorough.happen(what, at);
                }
                let quick = quick.review(Judged::rests).await;
                let thorough = thorough.review(|_, _, _| false).await;
                prop_assert_eq!(quick, thorough);
                advance(Duration::from_millis(millis)).await;
            }
            Ok(())
        })?;
    }
}

#[test]
fn many_nodes_are_left_alone_for_a_while_after_they_were_judged() {
    for (nodes, micros) in [(2, 0), (100, 0), (1_100, 5_000), (10_100, 50_000)] {
        assert_eq!(pause(nodes).as_micros(), micros, "{nodes} nodes");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_of_many_is_seen_at_once_and_the_next_after_a_pause() {
    let (fleet, nodes) = fleet_of(1_100);
    let table = Table::new(nodes.clone(), Arc::clone(&fleet), Observer::default());
    table.wake();
    tokio::time::sleep(20 * MS).await;
    let fail = |node: &Arc<Node>| {
        for _ in 0..5 {
            let call = InFlight::begin(Arc::clone(node), Instant::now(), None, false);
            call.settle(Err(&Status::internal("broken")));
        }
    };
    let ejected = async |node: &Arc<Node>| {
        let before = Instant::now();
        while node.vitals().phase().0 != Phase::Ejected {
            tokio::time::sleep(MS / 2).await;
        }
        before.elapsed()
    };
    fail(&nodes[0]);
    let first = ejected(&nodes[0]).await;
    fail(&nodes[1]);
    let second = ejected(&nodes[1]).await;
    assert!(first <= MS, "{first:?}");
    assert!(second > 3 * MS && second <= 6 * MS, "{second:?}");
}

#[test]
fn a_task_that_wakes_far_later_than_it_asked_for_was_frozen() {
    let start = Instant::now();
    let at = |millis: u64| start + Duration::from_millis(millis);
    let frozen = Duration::from_millis(500);
    // Asked for by the clock, and to rest, in milliseconds; when it woke up.
    for (next, rested, now, is_frozen) in [
        (Some(50), 0, 10, false),
        (Some(50), 0, 550, false),
        (Some(50), 0, 551, true),
        (Some(50), 100, 551, false),
        (Some(50), 100, 601, true),
        (None, 0, 9_000, false),
    ] {
        let was = was_frozen(next.map(at), at(rested), at(now), frozen);
        assert_eq!(was, is_frozen, "{next:?}, {rested}: {now}");
    }
}

/// Deadlines pass while the only thread of a runtime stands still: that is nobody's fault but its own, whether a call
/// ends before the judge looks or after.
#[tokio::test]
async fn a_process_that_was_frozen_ejects_nobody() {
    let (fleet, nodes) = fleet_of(4);
    let table = Table::new(nodes.clone(), fleet, Observer::default());
    table.wake();
    let mut calls = tokio::task::JoinSet::new();
    for (n, node) in nodes.iter().cycle().take(4 * 12).enumerate() {
        let now = Instant::now();
        let deadline = Deadline::from_start(now, 100 * MS);
        let call = InFlight::begin(Arc::clone(node), now, Some(deadline), true);
        calls.spawn(async move {
            tokio::time::sleep(100 * MS).await;
            for _ in 0..(n / 24) * 50 {
                tokio::task::yield_now().await;
            }
            drop(call);
        });
    }
    // They are under way, and the judge looks after them.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    std::thread::sleep(700 * MS);
    while calls.join_next().await.is_some() {}
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    for node in &nodes {
        assert_eq!(node.vitals().phase().0, Phase::Warm, "{node:?}");
        assert_eq!(node.vitals().in_flight(), 0);
    }
}

/// A node that owes an answer, of which it is known that it is one of ours.
fn owes(judging: &mut Judging, at: usize) {
    let report = LoadReport {
        epoch: 1,
        ..LoadReport::default()
    };
    let node = &judging.nodes[at];
    node.vitals().reported().store(report, Instant::now());
    let call = InFlight::begin(Arc::clone(node), Instant::now(), None, true);
    judging.calls.push(call);
}

/// Where others answer, it is not this process that hangs.
#[tokio::test(start_paused = true)]
async fn most_may_hang_while_one_answers_but_not_all() {
    for (count, hanging, answers, asked) in [
        (4, 3, true, 3),
        (3, 2, true, 2),
        (4, 1, false, 1),
        (4, 3, false, 0),
        (3, 3, false, 0),
    ] {
        let mut judging = Judging::new(count);
        judging.judge.review();
        for at in 0..hanging {
            owes(&mut judging, at);
        }
        judging.judge.review();
        advance(20 * MS).await;
        if answers {
            let node = Arc::clone(&judging.nodes[count - 1]);
            InFlight::begin(node, Instant::now(), None, true).settle(Ok(()));
        }
        judging.judge.review();
        advance(20 * MS).await;
        judging.judge.review();
        let suspects =
            (judging.nodes.iter()).filter(|node| node.vitals().phase().0 == Phase::Suspect);
        let what = format!("{hanging} of {count}, and another answers: {answers}");
        assert_eq!(suspects.count(), asked, "{what}");
    }
}

/// One that is away, or hangs, has not been heard for longest, and keeps nobody else from being asked; nor does one
/// that does not answer.
#[tokio::test(start_paused = true)]
async fn those_that_can_answer_are_asked_in_turn_how_busy_they_are() {
    let mut judging = Judging::new(4);
    for at in 0..4 {
        owes(&mut judging, at);
        advance(MS).await;
    }
    judging.judge.review();
    judging.judge.judged[0]
        .vitals
        .set_readiness(Readiness::Failing);
    judging.judge.judged[1].record.phase = Phase::Hung;
    let mut asked = [0; 4];
    for _ in 0..6 {
        advance(Tuning::default().ask).await;
        judging.judge.has_traffic = true;
        judging.judge.ask(Instant::now());
        for (asked, judged) in asked.iter_mut().zip(&judging.judge.judged) {
            *asked += usize::from(judged.refreshed_at == Some(Instant::now()));
        }
        // It does not answer with a report; that it was asked is over, though.
        while judging.judge.probes.is_refreshing() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(asked, [0, 0, 3, 3]);
}

/// Who is ejected counts again where less than half take calls of those that were to.
#[tokio::test(start_paused = true)]
async fn there_is_panic_where_few_take_calls_of_those_that_were_to() {
    use Readiness::{Failing, Pending, Ready};
    for (what, nodes, panics) in [
        ("all are well", [(Phase::Ready, Ready); 5], false),
        (
            "all connect for the first time",
            [(Phase::Warm, Pending); 5],
            false,
        ),
        (
            "one is ejected, and the others are not connected yet",
            [
                (Phase::Ready, Ready),
                (Phase::Ejected, Ready),
                (Phase::Warm, Pending),
                (Phase::Warm, Pending),
                (Phase::Warm, Pending),
            ],
            false,
        ),
        (
            "most are away",
            [
                (Phase::Ready, Ready),
                (Phase::Ejected, Ready),
                (Phase::Ready, Failing),
                (Phase::Ready, Failing),
                (Phase::Ready, Failing),
            ],
            true,
        ),
        (
            "those that are set aside were not to take any",
            [
                (Phase::Ready, Ready),
                (Phase::Ejected, Ready),
                (Phase::Draining, Ready),
                (Phase::Draining, Ready),
                (Phase::Draining, Failing),
            ],
            false,
        ),
        (
            "those that are asked take calls",
            [
                (Phase::Suspect, Ready),
                (Phase::Suspect, Ready),
                (Phase::Suspect, Ready),
                (Phase::Ejected, Ready),
                (Phase::Hung, Ready),
            ],
            false,
        ),
    ] {
        let mut judging = Judging::new(5);
        judging.judge.review();
        for (judged, (phase, readiness)) in judging.judge.judged.iter_mut().zip(nodes) {
            let (now, tuning) = (Instant::now(), Tuning::default());
            judged
                .record
                .enter(phase, Cause::Leaving, now, &tuning, 1.0);
            judged.watch.asked(now);
            judged.vitals.set_readiness(readiness);
            let is_aside = phase == Phase::Draining;
            judged.node.set_aside(is_aside.then_some(Cause::Leaving));
        }
        // Those that are judged anew by that are asked already.
        for judged in &mut judging.judge.judged {
            if matches!(judged.record.phase, Phase::Warm | Phase::Ready) {
                judged.watch.probed(Hang::No, Instant::now());
            }
        }
        judging.judge.review();
        assert_eq!(judging.judge.shared.fleet.panics(), panics, "{what}");
    }
}

/// What keys are placed by is of those nodes alone that take them.
#[tokio::test(start_paused = true)]
async fn load_and_weight_are_of_one_set_of_nodes() {
    let mut judging = Judging::new(4);
    judging.judge.shared.fleet.keep_load();
    for at in [0, 0, 1, 1, 1, 2, 3, 3] {
        let node = Arc::clone(&judging.nodes[at]);
        judging
            .calls
            .push(InFlight::begin(node, Instant::now(), None, false));
    }
    let sums = |judging: &Judging| {
        let fleet = &judging.judge.shared.fleet;
        (fleet.keyed().load(), fleet.keyed().weight())
    };
    judging.judge.review();
    assert_eq!(sums(&judging), (8, 400));
    // One hangs.
    let (now, tuning) = (Instant::now(), Tuning::default());
    let judged = &mut judging.judge.judged[1];
    judged.watch.asked(now);
    judged
        .record
        .enter(Phase::Suspect, Cause::Silent, now, &tuning, 1.0);
    judging
        .judge
        .probed(&Arc::clone(&judging.nodes[1]), Hang::Yes);
    judging.judge.review();
    assert_eq!(sums(&judging), (5, 300));
    // One is heavier.
    judging.nodes[2].set_weight(50);
    assert_eq!(sums(&judging), (5, 250));
    // One is gone, and kept by its calls alone.
    judging.nodes.remove(0);
    let set = EndpointSet::new(judging.nodes.clone());
    judging.judge.shared.set.store(Arc::new(set));
    judging.judge.review();
    assert_eq!(sums(&judging), (3, 150));
    judging.calls.clear();
    assert_eq!(sums(&judging), (0, 150));
}

/// In panic those that were ejected take keys, and count.
#[tokio::test(start_paused = true)]
async fn in_panic_the_ejected_count() {
    let mut judging = Judging::new(2);
    let fleet = Arc::clone(&judging.judge.shared.fleet);
    fleet.keep_load();
    judging.judge.review();
    for (ejected, weight) in [(1, 100), (2, 200)] {
        for judged in &mut judging.judge.judged[..ejected] {
            let (now, tuning) = (Instant::now(), Tuning::default());
            judged
                .record
                .enter(Phase::Ejected, Cause::Outlier, now, &tuning, 1.0);
            let since = fleet.stamp(now);
            judged.node.enter(Phase::Ejected, Cause::Outlier, since);
        }
        judging.judge.review();
        assert_eq!(
            (fleet.keyed().weight(), fleet.panics()),
            (weight, ejected == 2)
        );
    }
}

struct Panics;

impl Metrics for Panics {
    fn method(&self, _: Side, _: &MethodSpec) -> Arc<dyn MethodMetrics> {
        panic!("no calls are told here")
    }

    fn endpoint_changed(&self, _: &'static str, _: &'static str) {
        panic!("metrics of users may do anything")
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_that_panic_end_no_judging() {
    let (fleet, nodes) = fleet_of(8);
    let observer = Observer::new(Arc::new(Panics));
    let table = Table::new(nodes.clone(), Arc::clone(&fleet), observer);
    table.wake();
    tokio::time::sleep(MS).await;
    for node in &nodes[..2] {
        for _ in 0..5 {
            let call = InFlight::begin(Arc::clone(node), Instant::now(), None, false);
            call.settle(Err(&Status::internal("broken")));
        }
        tokio::time::sleep(20 * MS).await;
        assert_eq!(node.vitals().phase().0, Phase::Ejected);
    }
}

#[test]
fn a_judge_whose_runtime_has_ended_is_missed() {
    let (fleet, nodes) = fleet_of(2);
    let table = Table::new(nodes, Arc::clone(&fleet), Observer::default());
    for _ in 0..2 {
        assert!(fleet.lacks_judge());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { table.wake() });
        assert!(!fleet.lacks_judge());
        drop(runtime);
    }
    assert!(fleet.lacks_judge());
}

/// Three nodes, of which the first is reached so, owes an answer, and was asked whether it hangs; and what it is by
/// then, and so many times half a minute later.
async fn suspected(link: Scripted, times: u32) -> (Table, Vec<Arc<Node>>, Vec<Phase>) {
    let (fleet, mut nodes) = fleet_of(3);
    let link = Link::Scripted(link);
    nodes[0] = Arc::new(Node::fixed("node-0000", link, &fleet));
    let table = Table::new(nodes.clone(), fleet, Observer::default());
    table.wake();
    let report = LoadReport {
        epoch: 1,
        ..LoadReport::default()
    };
    nodes[0].vitals().reported().store(report, Instant::now());
    let call = InFlight::begin(Arc::clone(&nodes[0]), Instant::now(), None, true);
    tokio::time::sleep(400 * MS).await;
    let mut phases = vec![nodes[0].vitals().phase().0];
    drop(call);
    for _ in 0..times {
        tokio::time::sleep(Duration::from_secs(31)).await;
        phases.push(nodes[0].vitals().phase().0);
    }
    (table, nodes, phases)
}

/// That all its streams are taken is no sign of life, and no answer for half a minute is none either.
#[tokio::test(start_paused = true)]
async fn one_that_could_not_be_asked_is_not_acquitted() {
    let (_table, nodes, phases) = suspected(Scripted::Full, 2).await;
    assert_eq!(phases, [Phase::Suspect; 3], "there is no free stream");
    // It answers a call.
    InFlight::begin(Arc::clone(&nodes[0]), Instant::now(), None, true).settle(Ok(()));
    tokio::time::sleep(100 * MS).await;
    assert_eq!(nodes[0].vitals().phase().0, Phase::Ready);
    let (.., phases) = suspected(Scripted::Hangs, 2).await;
    assert_eq!(phases, [Phase::Hung; 3], "it never answers");
    let answers = Scripted::Answers(Arc::new(|_| Err(Status::internal("broken"))));
    let (.., phases) = suspected(answers, 0).await;
    assert_eq!(phases, [Phase::Warm], "it answers at once");
}

/// A call that only waits is no reason to ask twenty times a second.
#[tokio::test(start_paused = true)]
async fn questions_follow_the_calls_that_are_begun() {
    for (begun_each, asked) in [(None, 4), (Some(10), 20), (Some(100), 10)] {
        let mut judging = Judging::new(3);
        for at in 0..3 {
            owes(&mut judging, at);
        }
        judging.judge.review();
        let mut questions = 0;
        for millis in 1_u32..=1_000 {
            advance(MS).await;
            if begun_each.is_some_and(|each| millis.is_multiple_of(each)) {
                let node = Arc::clone(&judging.nodes[0]);
                InFlight::begin(node, Instant::now(), None, true).settle(Ok(()));
            }
            judging.judge.review();
            let judged = &judging.judge.judged;
            questions += (judged.iter())
                .filter(|judged| judged.refreshed_at == Some(Instant::now()))
                .count();
            while judging.judge.probes.is_refreshing() {
                tokio::task::yield_now().await;
            }
        }
        let few = questions.abs_diff(asked);
        assert!(
            few <= 1,
            "{questions} where a call is begun each {begun_each:?} ms"
        );
    }
}
