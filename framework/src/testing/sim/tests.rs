//! The simulator itself: a seed repeats, and what a script does is what clients see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::call::{Code, Method, RawCall, RawReply, Status};
use crate::server::Server;
use crate::{Call, codegen};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn four() -> Cluster {
    Cluster::new().nodes(4, |_| Node::new().workers(4).exponential(ms(10)))
}

#[test]
fn a_seed_repeats_and_another_one_does_not() {
    let cluster = four()
        .node("late", Node::new().exponential(ms(5)).unlisted())
        .at(ms(300), |cluster| cluster.join("late"))
        .at(ms(500), |cluster| cluster.kill("node-1"))
        .at(ms(700), |cluster| cluster.fail("node-2", Code::Internal))
        .at(ms(900), |cluster| cluster.start("node-1"))
        .at(ms(1000), |cluster| cluster.empty())
        .at(ms(1100), |cluster| cluster.relist())
        .at(ms(1200), |cluster| cluster.drain("node-3"));
    let load = Load::poisson(800.0)
        .clients(8)
        .lasting(ms(2000))
        .zipf(100, 1.0);
    let (one, two) = (cluster.run(1, &load), cluster.run(1, &load));
    assert_eq!(one.difference(&two), None);
    assert_eq!(one.digest(), two.digest());
    assert!(one.events().len() > 4000, "{one}");
    let other = cluster.run(2, &load);
    assert!(other.difference(&one).is_some());
}

/// The first second from `from` on in which a node gets at least half of its part of `per_second`.
fn back(run: &Run, node: &str, from: usize, per_second: u32) -> Option<usize> {
    let seconds = run.calls_per_second(node);
    let mut seconds = seconds.iter().enumerate().skip(from);
    let back = seconds.find(|(_, calls)| **calls * 2 * 4 >= per_second);
    back.map(|(second, _)| second - from)
}

#[test]
fn a_node_that_failed_for_a_moment_is_used_again() {
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let cluster = Cluster::new()
            .nodes(4, |_| Node::new().workers(4).exponential(ms(5)))
            .at(ms(3000), move |cluster| cluster.fail("node-0", code))
            .at(ms(3100), |cluster| cluster.heal("node-0"));
        let load = Load::poisson(400.0).clients(4).lasting(ms(16_000));
        cluster.check([1], &load, |run| {
            let back = back(run, "node-0", 4, 400);
            assert!(
                back.is_some_and(|seconds| seconds <= 12),
                "{code:?}: {back:?}\n{run}"
            );
            assert!(run.failed() <= 20, "{code:?}\n{run}");
        });
    }
}

#[test]
fn a_node_that_fails_at_once_gets_few_calls() {
    let cluster = Cluster::new()
        .nodes(20, |_| Node::new().workers(4).exponential(ms(10)))
        .at(ms(2000), |cluster| {
            cluster.fail("node-7", Code::Unavailable)
        });
    let load = Load::poisson(2000.0)
        .clients(10)
        .lasting(ms(12_000))
        .warm_up(ms(2000));
    cluster.check([1], &load, |run| {
        assert!(run.error_share() < 0.005, "{run}")
    });
}

#[test]
fn a_node_that_is_killed_costs_what_was_in_flight_there_and_is_back_when_it_starts() {
    let cluster = four()
        .at(ms(2000), |cluster| cluster.kill("node-2"))
        .at(ms(4000), |cluster| cluster.start("node-2"));
    let load = Load::poisson(400.0).clients(4).lasting(ms(16_000));
    cluster.check([1], &load, |run| {
        let killed = Duration::from_secs(2);
        let arrived = run.arrivals().iter();
        let recent =
            arrived.filter(|one| one.node == 2 && one.at < killed && one.at + ms(200) > killed);
        let in_flight = recent.filter(|one| {
            let same = |end: &&Ended| (end.client, end.number) == (one.client, one.number);
            let end = run.calls().iter().find(same);
            end.is_some_and(|end| end.began + end.took > killed)
        });
        assert!(run.failed() <= in_flight.count() + 1, "{run}");
        let while_down = |one: &&Arrived| one.node == 2 && (killed..ms(4000)).contains(&one.at);
        assert_eq!(run.arrivals().iter().filter(while_down).count(), 0, "{run}");
        let back = back(run, "node-2", 4, 400);
        assert!(back.is_some_and(|seconds| seconds <= 12), "{back:?}\n{run}");
    });
}

#[test]
fn a_node_that_hangs_is_found_out() {
    let cluster = four().at(ms(2000), |cluster| cluster.hang("node-1"));
    let load = Load::poisson(400.0).clients(4).lasting(ms(8000));
    cluster.check([1], &load, |run| {
        let later = |one: &&Arrived| one.node == 1 && one.at > ms(3000);
        assert_eq!(run.arrivals().iter().filter(later).count(), 0, "{run}");
        assert!(run.failed() <= 16, "{run}");
        let hung = |event: &&Event| matches!(event.what, What::Judged("hung", _));
        assert!(run.events().iter().any(|event| hung(&event)), "{run}");
    });
}

#[test]
fn a_node_that_hung_has_its_share_again_soon_after_it_is_back() {
    let cluster = four()
        .at(ms(2000), |cluster| cluster.hang("node-1"))
        .at(ms(4000), |cluster| cluster.speed("node-1", 1.0));
    let load = Load::poisson(800.0).clients(8).lasting(ms(15_000));
    cluster.check([1], &load, |run| {
        // A quarter is fair. It warms up for ten seconds from a tenth on, and faces calls of eight clients.
        let at_last = run.calls_per_second("node-1")[12..15].iter().sum::<u32>();
        assert!(at_last > 300, "{at_last} of some 2,400: {run}");
    });
}

#[test]
fn nodes_that_are_busy_without_end_are_not_doubted_and_one_that_hangs_among_them_is_at_once() {
    let cluster = Cluster::new()
        .nodes(4, |_| Node::new().workers(4).exponential(ms(5)))
        .at(ms(1000), |cluster| cluster.hang("node-1"));
    let load = Load::closed(40).lasting(ms(1500));
    cluster.check([1, 2], &load, |run| {
        let when = |phase: &str| {
            let judged = |event: &&Event| matches!(event.what, What::Judged(to, _) if to == phase);
            let judged = run.events().iter().filter(judged);
            judged.map(|event| event.at).collect::<Vec<_>>()
        };
        let is_soon = |at: &Duration| (ms(1000)..ms(1300)).contains(at);
        let (suspect, hung) = (when("suspect"), when("hung"));
        assert!(
            suspect.len() == 1 && suspect.iter().all(is_soon),
            "{suspect:?}: {run}"
        );
        assert!(
            hung.len() == 1 && hung.iter().all(is_soon),
            "{hung:?}: {run}"
        );
    });
}

#[test]
fn a_key_stays_with_its_owner_while_there_is_little_to_do() {
    let us = Duration::from_micros;
    let cluster = Cluster::new()
        .one_way(us(10))
        .nodes(10, |_| Node::new().constant(us(10)));
    let load = Load::poisson(1000.0)
        .clients(2)
        .zipf(200, 0.0)
        .lasting(ms(3000));
    cluster.check([1], &load, |run| {
        let mut owners = std::collections::BTreeMap::new();
        for arrived in run.arrivals() {
            let owner = *owners.entry(arrived.key).or_insert(arrived.node);
            assert_eq!(owner, arrived.node, "{arrived:?} {run}");
        }
        assert!(owners.len() > 150, "{run}");
    });
}

#[test]
fn all_nodes_share_a_load_and_times_are_those_of_the_model() {
    let run = four().run(3, &Load::poisson(800.0).clients(4).lasting(ms(5000)));
    assert_eq!(run.failed(), 0, "{run}");
    assert!((3800..4200).contains(&run.calls().len()), "{run}");
    for node in run.nodes() {
        assert!((0.1..0.4).contains(&run.share_of(node)), "{run}");
    }
    // Exponential with a mean of 10 ms, and 0.3 ms on the way, at half the load that there is room for.
    assert!(
        (6_000..9_000).contains(&run.latency(0.5).as_micros()),
        "{run}"
    );
    assert!(
        (45_000..70_000).contains(&run.latency(0.99).as_micros()),
        "{run}"
    );
}

#[test]
fn a_closed_loop_whose_calls_fail_at_once_ends() {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let cluster = Cluster::new().calling(move |_| {
        let count = Arc::clone(&count);
        move |_| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move {
                if number > 20_000 {
                    sleep(ms(1000)).await; // so that the test itself ends
                }
                Err(Status::internal("at once"))
            }
        }
    });
    for (one_way, most) in [
        (Duration::from_micros(150), 2 * 67),
        (Duration::ZERO, 2 * 10_000),
    ] {
        made.store(0, Ordering::Relaxed);
        let load = Load::closed(2).lasting(ms(10));
        let run = cluster.clone().one_way(one_way).run(1, &load);
        assert_eq!(run.failed(), run.calls().len());
        assert!((100..=most).contains(&run.failed()), "{one_way:?}: {run}");
    }
}

#[test]
#[should_panic(expected = "a caller panics")]
fn a_caller_that_panics_ends_the_run() {
    let panics = |ask: Ask| async move {
        assert!(ask.number < 3, "a caller panics");
        Ok(())
    };
    let cluster = Cluster::new().calling(move |_| panics);
    cluster.run(1, &Load::poisson(100.0).lasting(ms(1000)));
}

#[test]
fn calls_that_do_not_end_are_failures() {
    for load in [Load::closed(3).most(4), Load::poisson(100.0).most(4)] {
        let cluster = Cluster::new().calling(|_| {
            |ask: Ask| async move {
                if ask.number > 0 {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        });
        let run = cluster.run(1, &load.clone().lasting(ms(1000)));
        assert_eq!((run.calls().len(), run.unfinished()), (1, 3), "{run}");
        assert_eq!((run.failed(), run.error_share()), (3, 0.75), "{run}");
        assert_eq!(run.errors(), [("unfinished", 3)].into(), "{run}");
        assert!(run.to_string().contains("unfinished 3"), "{run}");
        // What began in the warm-up is not counted, as with calls that ended.
        let run = cluster.run(1, &load.lasting(ms(1000)).warm_up(ms(1000)));
        assert_eq!((run.failed(), run.unfinished()), (0, 0), "{run}");
    }
}

#[test]
fn a_call_of_a_node_itself_leaves_nothing_behind() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let cluster = four().calling(move |client| {
        let (node, seen) = (client.nodes().remove(0), Arc::clone(&seen));
        move |ask| {
            let (node, seen) = (node.clone(), Arc::clone(&seen));
            async move {
                let tasks = tokio::runtime::Handle::current().metrics();
                seen.fetch_max(tasks.num_alive_tasks(), Ordering::Relaxed);
                node.call(ask).await
            }
        }
    });
    let run = cluster.run(1, &Load::closed(4).lasting(ms(1000)));
    assert!(run.calls().len() > 100 && run.failed() == 0, "{run}");
    let connected = |event: &&Event| event.what == What::Connected;
    assert_eq!(run.events().iter().filter(connected).count(), 0, "{run}");
    let most = most.load(Ordering::Relaxed);
    assert!(most < 20, "{most} tasks for four calls");
}

static QUICK: Method<(), ()> = Method::unary("/a.A/Quick").timeout(Duration::from_secs(1));
static SLOW: Method<(), ()> = Method::unary("/a.A/Slow").timeout(Duration::from_secs(1));
static SILENT: Method<(), ()> = Method::unary("/a.A/Slow");

#[test]
fn timeouts_are_model_time_whoever_says_them() {
    let serve = |call: RawCall| async move {
        let is_quick = call.method.name() == "Quick";
        sleep(ms(if is_quick { 500 } else { 2500 })).await;
        Ok(RawReply::new(Bytes::new()))
    };
    let cluster = Cluster::new()
        .channel(|builder| builder.timeout(ms(2000)))
        .node("a", Node::serving(move || Server::new().fallback(serve)))
        .calling(|client| {
            let channel = client.channel().clone();
            move |ask| {
                let channel = channel.clone();
                async move {
                    let call = |method| -> Call<()> { codegen::unary(&channel, method, ()) };
                    let reply = match ask.number {
                        0 => call(&QUICK),
                        1 => call(&SLOW),
                        2 => call(&QUICK).timeout(ms(1500)),
                        3 => call(&SLOW).timeout(ms(1500)),
                        4 => call(&SILENT),
                        _ => {
                            // A deadline is a moment of the clock already.
                            let mut call = RawCall::new("/a.A/Slow", Bytes::new());
                            call.limit_time(1000 * ms(1200));
                            return channel.call(call).await.map(drop);
                        }
                    };
                    reply.await.map(drop)
                }
            }
        });
    let run = cluster.run(1, &Load::closed(1).most(6));
    let ends = run
        .calls()
        .iter()
        .map(|call| (call.code, call.took.as_millis()));
    let want = [
        (Code::Ok, 500),
        (Code::DeadlineExceeded, 1000),
        (Code::Ok, 500),
        (Code::DeadlineExceeded, 1500),
        (Code::DeadlineExceeded, 2000),
        (Code::DeadlineExceeded, 1200),
    ];
    assert_eq!(ends.collect::<Vec<_>>(), want, "{run}");
}

#[test]
fn a_server_of_ones_own_fails_as_the_script_says() {
    let serve = |_: RawCall| async { Ok(RawReply::new(Bytes::new())) };
    let cluster = Cluster::new()
        .node("a", Node::serving(move || Server::new().fallback(serve)))
        .at(ms(1000), |cluster| cluster.fail("a", Code::Internal))
        .at(ms(2000), |cluster| cluster.heal("a"));
    let run = cluster.run(1, &Load::poisson(100.0).lasting(ms(3000)));
    let failing = ms(1000)..ms(2000);
    let arrived = run.arrivals().iter();
    let meanwhile = arrived
        .filter(|arrived| failing.contains(&arrived.at))
        .count();
    assert!(meanwhile > 50, "{run}");
    assert_eq!(run.errors(), [("INTERNAL", meanwhile)].into(), "{run}");
}
