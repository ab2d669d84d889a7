//! The peer as it is timed.

fn main() -> std::process::ExitCode {
    lab_peer_tonic::main(lab_common::Meter::timed())
}
