use std::time::Duration;
use sinew::testing::sim::*;
use sinew::Code;
fn main() {
    let ms = Duration::from_millis;
    let s = Duration::from_secs;
    let node = || Node::new().workers(4).exponential(ms(5));
    let show = |name: &str, run: &Run| {
        println!("=== {name}\n{run}");
        let judged: Vec<_> = run.events().iter().filter(|e| matches!(e.what, What::Judged(..) | What::Script(_) )).filter(|e| e.client.is_none_or(|c| c == 0)).take(60).collect();
        for e in judged { println!("{e}"); }
        println!("node-0 per second: {:?}", run.calls_per_second("node-0"));
    };
    let load = Load::poisson(1000.0).clients(4).lasting(s(30));
    let base = || Cluster::new().nodes(4, |_| node());
    let which = std::env::args().nth(1).unwrap_or_default();
    if which == "kill" { show("kill and start", &base().at(s(5), |c| c.kill("node-0")).at(s(10), |c| c.start("node-0")).run(1, &load)); }
    if which == "hang" { show("hang, 1 s deadlines", &base().channel(move |b| b.timeout(s(1))).at(s(5), |c| c.hang("node-0")).at(s(15), |c| c.speed("node-0", 1.0)).run(1, &load)); }
    if which == "hang2" { show("hang, default deadlines", &base().at(s(5), |c| c.hang("node-0")).at(s(15), |c| c.speed("node-0", 1.0)).run(1, &load)); }
    if which == "fail" { show("fail and heal", &base().at(s(5), |c| c.fail("node-0", Code::Unavailable)).at(s(15), |c| c.heal("node-0")).run(1, &load)); }
    if which == "failrep" { show("fail and heal, repeatable", &base().at(s(5), |c| c.fail("node-0", Code::Unavailable)).at(s(15), |c| c.heal("node-0")).run(1, &load.clone().repeatable())); }
    if which == "drain" { show("drain, leave, join", &base().at(s(5), |c| c.drain("node-0")).at(s(6), |c| c.leave("node-0")).at(s(7), |c| c.kill("node-0")).at(s(8), |c| c.start("node-0")).at(s(8), |c| c.join("node-0")).run(1, &load)); }
    if which == "busy" { show("exhausted", &base().at(s(5), |c| c.fail("node-0", Code::ResourceExhausted)).at(s(15), |c| c.heal("node-0")).run(1, &load)); }
    if which == "all" { show("all fail", &base().at(s(5), |c| for i in 0..4 { c.fail(&format!("node-{i}"), Code::Unavailable) }).at(s(10), |c| for i in 0..4 { c.heal(&format!("node-{i}")) }).run(1, &load)); }
    if which == "pause" { show("pause 100 ms", &base().at(s(5), |c| c.hang("node-0")).at(ms(5100), |c| c.speed("node-0", 1.0)).run(1, &load)); }
    if which == "low" { show("200 clients, 2 calls a second each, slow node", &Cluster::new().nodes(4, |i| if i == 0 { node().speed(0.25) } else { node() }).run(1, &Load::poisson(400.0).clients(200).lasting(s(60)))); }
    if which == "join" { show("a node joins a busy cluster", &base().node("new", node().unlisted()).at(s(5), |c| c.join("new")).run(1, &Load::poisson(2500.0).clients(4).lasting(s(30)))); }
}
