//! The peer as it is timed.

fn main() -> std::process::ExitCode {
    lab_peer_hyper::main(lab_common::Meter::timed())
}
