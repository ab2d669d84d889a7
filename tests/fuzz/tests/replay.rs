//! Every fixture, every seed that libFuzzer found, and fresh changes of them by fixed seeds, through every target: on
//! the stable toolchain, as part of `cargo test`.
//! It refuses to judge by the clock: work is counted in allocations, which are the same on every machine. Only an input
//! that hangs is given up after a time that nothing needs.
//!
//! `SINEW_FUZZ=100000 cargo test --release -p fuzz` changes that many inputs, and others each time that
//! `SINEW_FUZZ_SEED` says so. The input in work lies in the folder for temporary files of the build, `…/fuzz-TARGET`,
//! in case it ends the process.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{
    any::Any,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use allocation_counter::AllocationInfo;
use fuzz::{Folder, Target, fixtures};

/// Changed inputs per target.
const CHANGED: u64 = 100;

/// Far more than any input takes, and on a slow machine, too.
const HANGS: Duration = Duration::from_secs(60);

/// What an input of any size may take of something, and how much more for each of its bytes.
#[derive(Clone, Copy)]
struct Most(u64, u64);

/// Allocations, and bytes at the same time, that the compiler may take: the built-in files are most of the first.
const OF_COMPILER: (Most, Most) = (Most(200_000, 1_000), Most(16 << 20, 16 << 10));

/// The same of the runtime: both ends of a connection with their buffers, and a map for a block of headers. It is
/// two to three times what the inputs take.
const OF_RUNTIME: (Most, Most) = (Most(4_000, 4), Most(1 << 20, 96));

/// Inputs that there are before any is changed: far fewer are a folder that is not found.
const FEWEST_OF_COMPILER: usize = 40;
const FEWEST_OF_RUNTIME: usize = 10;

#[test]
fn bytes() {
    replay(Target::Bytes);
}

#[test]
fn files() {
    replay(Target::Files);
}

#[test]
fn set() {
    replay(Target::Set);
}

#[test]
fn rust() {
    replay(Target::Rust);
}

#[test]
fn messages() {
    replay(Target::Messages);
}

#[test]
fn compressed() {
    replay(Target::Compressed);
}

#[test]
fn headers() {
    replay(Target::Headers);
}

#[test]
fn details() {
    replay(Target::Details);
}

#[test]
fn server() {
    replay(Target::Server);
}

#[test]
fn client() {
    replay(Target::Client);
}

/// An input, and where it comes from.
struct Input {
    name: String,
    bytes: Vec<u8>,
}

fn replay(target: Target) {
    let (inputs, tried) = mpsc::channel::<Vec<u8>>();
    let (results, result) = mpsc::channel();
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut folder = Folder::below(parent).expect("a folder");
    let current = parent.join(format!("fuzz-{}", target.name()));
    // As much stack as the main thread of a build script has.
    let worker = thread::Builder::new().stack_size(8 << 20).spawn(move || {
        for input in tried {
            let sent = results.send(measured(target, &input, &mut folder));
            if sent.is_err() {
                break;
            }
        }
    });
    let worker = worker.expect("a thread");
    let mut wrong = Vec::new();
    for input in all(target) {
        fs::write(&current, &input.bytes).expect("written");
        inputs.send(input.bytes.clone()).expect("the worker waits");
        let what = match result.recv_timeout(HANGS) {
            Ok(Ok(())) => continue,
            Ok(Err(what)) => what,
            Err(_) => panic!("{} hangs; it lies in {}", input.name, current.display()),
        };
        let text = String::from_utf8_lossy(&input.bytes).into_owned();
        wrong.push(format!("==== {}: {what}\n---- input\n{text}", input.name));
        if wrong.len() == 5 {
            break;
        }
    }
    drop(inputs);
    worker.join().expect("panics are caught");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    fs::remove_file(current).expect("removed");
}

/// Fixtures, then seeds, then changes of both.
fn all(target: Target) -> impl Iterator<Item = Input> {
    let fixtures = fixtures::inputs(target).into_iter().enumerate();
    let fixtures = fixtures.map(|(index, bytes)| Input {
        name: format!("fixture {index}"),
        bytes,
    });
    let mut seeds: Vec<_> = fs::read_dir(target.seeds()).expect("seeds").collect();
    seeds.sort_by_key(|entry| entry.as_ref().map(fs::DirEntry::path).ok());
    let seeds = seeds.into_iter().map(|entry| {
        let path = entry.expect("an entry").path();
        Input {
            name: path.display().to_string(),
            bytes: fs::read(&path).expect("a seed"),
        }
    });
    let inputs: Vec<Input> = fixtures.chain(seeds).collect();
    let fewest = match target.is_compiler() {
        true => FEWEST_OF_COMPILER,
        false => FEWEST_OF_RUNTIME,
    };
    assert!(inputs.len() >= fewest, "only {} inputs", inputs.len());
    let origins: Vec<Vec<u8>> = inputs.iter().map(|input| input.bytes.clone()).collect();
    let (count, first) = (number("SINEW_FUZZ", CHANGED), number("SINEW_FUZZ_SEED", 0));
    let changed = (0..count).map(move |index| {
        let mut seed = fastrand::Rng::with_seed(first.wrapping_add(index));
        let mut bytes = seed.choice(&origins).cloned().unwrap_or_default();
        for _ in 0..seed.u8(1..=3) {
            bytes = target.mutate(&bytes, seed.u64(..));
        }
        Input {
            name: format!("change {index} of seed {first}"),
            bytes,
        }
    });
    inputs.into_iter().chain(changed)
}

fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {value}")),
        Err(_) => default,
    }
}

/// Tries one input: it neither panics, nor breaks a property, nor takes more than its size explains.
fn measured(target: Target, input: &[u8], folder: &mut Folder) -> Result<(), String> {
    let mut result = Ok(());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        allocation_counter::measure(|| result = target.run(input, folder))
    }));
    let cost = caught.map_err(|panic| format!("panics: {}", said(&*panic)))?;
    result?;
    let AllocationInfo {
        count_total,
        bytes_max,
        ..
    } = cost;
    let most = |Most(base, each)| base + each * input.len() as u64;
    let (count, bytes) = match target.is_compiler() {
        true => OF_COMPILER,
        false => OF_RUNTIME,
    };
    if count_total > most(count) || bytes_max > most(bytes) {
        let size = input.len();
        return Err(format!(
            "{count_total} allocations and {bytes_max} bytes for an input of {size}"
        ));
    }
    Ok(())
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "without a message".to_owned())
}
