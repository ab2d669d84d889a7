//! The peer as it is timed.

fn main() -> std::process::ExitCode {
    lab_peer_ours::main(lab_common::Meter::timed())
}
