//! The client side: every case by its public name, and how a case fails.
//!
//! Follows gRPC's interop test descriptions to the letter, but for the last four, which are ours.

mod answers;
mod compressed;
mod endings;
mod health;

use std::fmt;
use std::time::Duration;

use sinew::{Channel, Code, Status};

use crate::grpc::testing::{
    Payload, ResponseParameters, StreamingOutputCallRequest, test_service, unimplemented_service,
};
use crate::interop::v1::shop;

/// The names of the cases, in the order in which `all` runs them.
pub const CASES: [&str; 22] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "custom_metadata",
    "client_compressed_unary",
    "server_compressed_unary",
    "client_compressed_streaming",
    "server_compressed_streaming",
    "declared_error",
    "exported_service",
    "health",
    "gzip",
];

/// Does this case need a wire? In process nothing is compressed.
pub fn needs_a_wire(case: &str) -> bool {
    case == "gzip" || case.contains("_compressed_")
}

/// What a whole case may take: a hang becomes a failure that says so.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a case does not hold, in words.
#[derive(Debug)]
pub struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self(format!("a call failed: {status}"))
    }
}

/// Runs the case of this name over `channel`.
///
/// # Errors
/// What the case asserts and does not find, a name that is no case, or a case that hangs.
pub async fn run(case: &str, channel: &Channel) -> Result<(), Failure> {
    let test = test_service::Client::new(channel.clone());
    let unimplemented = unimplemented_service::Client::new(channel.clone());
    let shop = shop::Client::new(channel.clone());
    let ledger = crate::ledger::ledger::Client::new(channel.clone());
    let health = sinew::health::Client::new(channel.clone());
    let run = async {
        match case {
            "empty_unary" => answers::empty_unary(&test).await,
            "large_unary" => answers::large_unary(&test).await,
            "client_streaming" => answers::client_streaming(&test).await,
            "server_streaming" => answers::server_streaming(&test).await,
            "ping_pong" => answers::ping_pong(&test).await,
            "empty_stream" => answers::empty_stream(&test).await,
            "custom_metadata" => answers::custom_metadata(&test).await,
            "status_code_and_message" => endings::status_code_and_message(&test).await,
            "special_status_message" => endings::special_status_message(&test).await,
            "unimplemented_method" => endings::unimplemented_method(&test).await,
            "unimplemented_service" => endings::unimplemented_service(&unimplemented).await,
            "cancel_after_begin" => endings::cancel_after_begin(&test).await,
            "cancel_after_first_response" => endings::cancel_after_first_response(&test).await,
            "timeout_on_sleeping_server" => endings::timeout_on_sleeping_server(&test).await,
            "client_compressed_unary" => compressed::client_unary(&test).await,
            "server_compressed_unary" => compressed::server_unary(&test).await,
            "client_compressed_streaming" => compressed::client_streaming(&test).await,
            "server_compressed_streaming" => compressed::server_streaming(&test).await,
            "gzip" => compressed::gzip(&test).await,
            "declared_error" => crate::shop::declared_error(&shop).await,
            "exported_service" => crate::ledger::exported_service(&ledger).await,
            "health" => health::health(&health).await,
            _ => Err(Failure(format!(
                "no such case (there are {})",
                CASES.join(", ")
            ))),
        }
    };
    tokio::time::timeout(PATIENCE, run)
        .await
        .unwrap_or_else(|_| Err(Failure(format!("took over {PATIENCE:?}"))))
}

/// `size` bytes of zeros.
fn zeros(size: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; size],
        ..Default::default()
    })
}

/// A request of a stream that asks for one response.
fn duplex_request(request_size: usize, response_size: i32) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![ResponseParameters {
            size: response_size,
            ..Default::default()
        }],
        payload: zeros(request_size),
        ..Default::default()
    }
}

pub(crate) fn equal<T: PartialEq + fmt::Debug>(
    what: &str,
    got: T,
    wanted: T,
) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(Failure(format!("{what}: got {got:?}, wanted {wanted:?}")))
}

/// The payload is there, of this size, and all zeros.
fn all_zeros(got: Option<Payload>, size: i32) -> Result<(), Failure> {
    let body = got
        .ok_or_else(|| Failure("the response has no payload".into()))?
        .body;
    equal(
        "size of the response body",
        Ok(body.len()),
        usize::try_from(size),
    )?;
    equal(
        "bytes of the response body that are not 0",
        body.iter().filter(|b| **b != 0).count(),
        0,
    )
}

/// The call ended with `code`, and with `message` if one is given.
fn ends_with<T: fmt::Debug>(
    result: sinew::Result<T>,
    code: Code,
    message: Option<&str>,
) -> Result<(), Failure> {
    match result {
        Ok(got) => Err(Failure(format!("got {got:?}, wanted {code}"))),
        Err(status) if status.code() != code => Err(Failure(format!(
            "the call ended with {status}, wanted {code}"
        ))),
        Err(status) => message.map_or(Ok(()), |message| {
            equal("message", status.message(), message)
        }),
    }
}
