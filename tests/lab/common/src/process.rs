//! The `main` of a peer process: obey one order, tell the driver, and end for sure.
//!
//! It does not outlive its driver: it ends with its standard input, which the system closes however the
//! driver ends, and at the latest when its lifetime is over.

use std::{
    io::{self, BufRead, Write},
    net::SocketAddr,
    process::{self, ExitCode},
    thread,
    time::Duration,
};

use serde::de::DeserializeOwned;

use crate::{ClientOrder, Event, Failure, Meter, Order, Peer, READ, ServerOrder, load, pin};

/// Runs what the process's argument orders, with the stack of `P`.
#[must_use]
pub fn run<P: Peer>(meter: Meter) -> ExitCode {
    obey(|order| match order {
        Order::Serve(order) => serve::<P>(&order, meter),
        Order::Load(order) => load::<P>(order, meter),
    })
}

/// Does what the process's argument orders, whatever kind of order that is, and tells the driver when it fails.
#[must_use]
pub fn obey<O: DeserializeOwned>(run: impl FnOnce(O) -> Result<(), Failure>) -> ExitCode {
    let Some(order) = std::env::args().nth(1) else {
        eprintln!("a peer of the lab: run `cargo lab list`, which starts it by itself");
        return ExitCode::from(2);
    };
    let obeyed = serde_json::from_str(&order)
        .map_err(Failure::from)
        .and_then(run);
    match obeyed {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&Event::Failed(failure.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn serve<P: Peer>(order: &ServerOrder, meter: Meter) -> Result<(), Failure> {
    pin(&order.cores)?;
    end_in_time(order.lifetime, &meter);
    runtime(order.cores.len())?.block_on(P::serve(meter, announce))
}

fn load<P: Peer>(order: ClientOrder, meter: Meter) -> Result<(), Failure> {
    pin(&order.cores)?;
    end_in_time(order.lifetime, &meter);
    let runtime = runtime(order.workers)?;
    let report = runtime.block_on(load::run::<P>(order, meter, || tell(&Event::Measuring)))?;
    tell(&Event::Measured(report));
    Ok(())
}

/// As `#[tokio::main]` builds it, with the number of workers said.
fn runtime(workers: usize) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder
        .worker_threads(workers.max(1))
        .enable_all()
        .build()?)
}

fn announce(listening: SocketAddr) {
    tell(&Event::Listening(listening));
}

fn answer_reads(meter: &Meter) {
    for line in io::stdin().lock().lines() {
        match line {
            Ok(line) if line == READ => tell(&Event::Read(meter.read())),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    process::exit(0);
}

/// From now on the driver's questions are answered, and the process ends with the driver or after `lifetime`.
pub fn end_in_time(lifetime: Duration, meter: &Meter) {
    let answers = meter.clone();
    thread::spawn(move || answer_reads(&answers));
    thread::spawn(move || {
        thread::sleep(lifetime);
        tell(&Event::Failed(format!("not done after {lifetime:?}")));
        process::exit(1);
    });
}

/// Tells the driver; one that is gone cannot be told, and needs not to be.
pub fn tell(event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
