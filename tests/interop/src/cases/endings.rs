//! The cases in which the call ends with a status that is not OK.
//!
//! Each is one paragraph of gRPC's interop test descriptions; texts and times are from there.

use std::time::Duration;

use sinew::Code;

use super::answers::SIZES;
use super::{Failure, all_zeros, duplex_request, ends_with, zeros};
use crate::grpc::testing::{
    EchoStatus, Empty, SimpleRequest, StreamingOutputCallRequest, test_service,
    unimplemented_service,
};

pub(super) async fn status_code_and_message(test: &test_service::Client) -> Result<(), Failure> {
    let message = "test status message";
    let response_status = echo_unknown(message);
    let unary = test.unary_call(SimpleRequest {
        response_status: response_status.clone(),
        ..Default::default()
    });
    ends_with(unary.await, Code::Unknown, Some(message))?;

    let (mut requests, mut responses) = test.full_duplex_call().await?;
    requests
        .send(StreamingOutputCallRequest {
            response_status,
            ..Default::default()
        })
        .await?;
    requests.finish();
    ends_with(responses.next().await, Code::Unknown, Some(message))
}

pub(super) async fn special_status_message(test: &test_service::Client) -> Result<(), Failure> {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    let call = test.unary_call(SimpleRequest {
        response_status: echo_unknown(message),
        ..Default::default()
    });
    ends_with(call.await, Code::Unknown, Some(message))
}

pub(super) async fn unimplemented_method(test: &test_service::Client) -> Result<(), Failure> {
    ends_with(
        test.unimplemented_call(Empty {}).await,
        Code::Unimplemented,
        None,
    )
}

pub(super) async fn unimplemented_service(
    unimplemented: &unimplemented_service::Client,
) -> Result<(), Failure> {
    ends_with(
        unimplemented.unimplemented_call(Empty {}).await,
        Code::Unimplemented,
        None,
    )
}

pub(super) async fn cancel_after_begin(test: &test_service::Client) -> Result<(), Failure> {
    let (requests, reply) = test.streaming_input_call().await?;
    // Not finished: dropping it resets the stream.
    drop(requests);
    ends_with(reply.await, Code::Cancelled, None)
}

pub(super) async fn cancel_after_first_response(
    test: &test_service::Client,
) -> Result<(), Failure> {
    let (request_size, response_size) = SIZES[0];
    let (mut requests, mut responses) = test.full_duplex_call().await?;
    requests
        .send(duplex_request(request_size, response_size))
        .await?;
    all_zeros(
        responses
            .next()
            .await?
            .and_then(|response| response.payload),
        response_size,
    )?;
    drop(requests);
    ends_with(responses.next().await, Code::Cancelled, None)
}

pub(super) async fn timeout_on_sleeping_server(test: &test_service::Client) -> Result<(), Failure> {
    let ending = async {
        let call = test.full_duplex_call().timeout(Duration::from_millis(1));
        let (mut requests, mut responses) = call.await?;
        let request = StreamingOutputCallRequest {
            payload: zeros(SIZES[0].0),
            ..Default::default()
        };
        // May come too late to be sent; how the call ends is what the responses say.
        let _ = requests.send(request).await;
        responses.next().await
    };
    ends_with(ending.await, Code::DeadlineExceeded, None)
}

/// Asks the server for UNKNOWN (2) with this message.
fn echo_unknown(message: &str) -> Option<EchoStatus> {
    Some(EchoStatus {
        code: 2,
        message: message.to_owned(),
    })
}
