//! Runs one interop case, or all of them, against a server of `grpc.testing.TestService`.
//!
//! Exits with 0 when they hold, else with 1 and the reasons on standard error.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use interop::arguments::Arguments;
use interop::cases::{self, CASES};
use sinew::Channel;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let known = ["server_host", "server_port", "test_case"];
    let arguments = Arguments::read(env::args().skip(1), &known)?;
    let host = arguments.value_or("server_host", "127.0.0.1".to_owned())?;
    let port: u16 = arguments.value_or("server_port", 50051)?;
    let wanted = arguments.value_or("test_case", "all".to_owned())?;

    let channel = Channel::to(&format!("http://{host}:{port}"))?;
    let wanted = if wanted == "all" {
        CASES.to_vec()
    } else {
        vec![wanted.as_str()]
    };
    let mut ending = ExitCode::SUCCESS;
    for case in wanted {
        if let Err(failure) = cases::run(case, &channel).await {
            writeln!(io::stderr(), "{case}: {failure}")?;
            ending = ExitCode::FAILURE;
        }
    }
    Ok(ending)
}
