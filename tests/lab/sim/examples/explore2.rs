use std::time::Duration;
use sinew::testing::sim::*;
use sinew::Code;
fn main() {
    let s = Duration::from_secs;
    let ms = Duration::from_millis;
    let node = || Node::new().workers(4).exponential(ms(5));
    let recover = |run: &Run, from: usize, fair: f64| {
        let per = run.calls_per_second("node-0");
        (from..80).find(|t| per.get(*t).copied().unwrap_or(0) as f64 >= fair / 2.0).map_or("never".to_owned(), |t| format!("{} s", t - from))
    };
    let base = || Cluster::new().nodes(4, |_| node());
    for (rate, clients) in [(1000.0, 4), (200.0, 4), (1000.0, 100)] {
        let load = Load::poisson(rate).clients(clients).lasting(s(80));
        let fair = rate / 4.0;
        let mut line = format!("{rate} rps, {clients} clients:");
        let run = base().at(s(15), |c| c.fail("node-0", Code::Unavailable)).at(ms(15_100), |c| c.heal("node-0")).run(1, &load);
        line += &format!("  blip: {} failed, back {}", run.failed(), recover(&run, 16, fair));
        let run = base().at(s(15), |c| c.fail("node-0", Code::Unavailable)).at(s(30), |c| c.heal("node-0")).run(1, &load);
        line += &format!("  fail 15 s: {} failed, back {}", run.failed(), recover(&run, 30, fair));
        let run = base().at(s(15), |c| c.hang("node-0")).at(s(30), |c| c.speed("node-0", 1.0)).channel(move |b| b.timeout(s(1))).run(1, &load);
        line += &format!("  hang 15 s: {} failed, back {}", run.failed(), recover(&run, 30, fair));
        let run = base().at(s(15), |c| c.hang("node-0")).at(ms(15_100), |c| c.speed("node-0", 1.0)).run(1, &load);
        line += &format!("  pause: back {}", recover(&run, 16, fair));
        let run = base().at(s(15), |c| c.fail("node-0", Code::ResourceExhausted)).at(s(30), |c| c.heal("node-0")).run(1, &load);
        line += &format!("  full 15 s: {} failed, back {}", run.failed(), recover(&run, 30, fair));
        println!("{line}");
    }
    let half = Cluster::new().nodes(20, |i| { let n = Node::new().workers(4).exponential(ms(10)); if i % 2 == 0 { n.speed(0.5) } else { n } });
    for seed in 1..3 {
    let run = half.run(seed, &Load::poisson(4800.0).clients(20).lasting(s(30)).warm_up(s(10)));
    println!("L3 p50 {:?} p99 {:?} p99.9 {:?}", run.latency(0.5), run.latency(0.99), run.latency(0.999));
    let run = Cluster::new().nodes(4, |i| { let n = Node::new().workers(4).exponential(ms(10)); if i == 0 { n.speed(0.25) } else { n } }).run(seed, &Load::poisson(910.0).clients(8).lasting(s(60)).warm_up(s(10)));
    println!("L4 p50 {:?} p99 {:?} p99.9 {:?}", run.latency(0.5), run.latency(0.99), run.latency(0.999));
    let run = Cluster::new().nodes(20, |_| Node::new().workers(4).exponential(ms(10)).bursts(0.6, s(2), s(8))).run(seed, &Load::poisson(5440.0).clients(200).lasting(s(30)).warm_up(s(10)));
    println!("L5 p50 {:?} p99 {:?} p99.9 {:?}", run.latency(0.5), run.latency(0.99), run.latency(0.999));
    let run = Cluster::new().nodes(4, |i| { let n = Node::new().workers(4).exponential(ms(1) / 5); if i < 2 { n.slower_by(ms(5)) } else { n } }).run(seed, &Load::poisson(4000.0).clients(4).lasting(s(30)).warm_up(s(5)));
    println!("L1 p50 {:?} p99 {:?} p99.9 {:?}", run.latency(0.5), run.latency(0.99), run.latency(0.999));
    for clients in [20, 200] {
    let run = Cluster::new().nodes(20, |_| Node::new().workers(4).exponential(ms(10))).at(s(5), |c| c.fail("node-7", Code::Unavailable)).run(seed, &Load::poisson(4000.0).clients(clients).lasting(s(35)).warm_up(s(5)));
    println!("L7 {clients} clients {:.4} % p99 {:?}", run.error_share() * 100.0, run.latency(0.99));
    }
    }
    let run = Cluster::new().nodes(4, |_| Node::new().workers(4).exponential(ms(10))).run(1, &Load::poisson(1280.0).clients(8).lasting(s(60)).warm_up(s(10)));
    println!("even p50 {:?} p99 {:?} p99.9 {:?}", run.latency(0.5), run.latency(0.99), run.latency(0.999));
}
