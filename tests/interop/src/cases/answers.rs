//! The cases in which the server answers and the call succeeds.
//!
//! Each is one paragraph of gRPC's interop test descriptions; sizes and names are from there.

use sinew::Metadata;

use super::{Failure, all_zeros, duplex_request, equal, zeros};
use crate::grpc::testing::{
    Empty, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, test_service,
};
use crate::{ECHO_INITIAL, ECHO_TRAILING};

pub(super) const LARGE_REQUEST: usize = 271_828;
pub(super) const LARGE_RESPONSE: i32 = 314_159;
/// What a stream sends and asks for, step by step.
pub(super) const SIZES: [(usize, i32); 4] = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)];
const INITIAL: &str = "test_initial_metadata_value";
const TRAILING: [u8; 3] = [0xab; 3];

pub(super) async fn empty_unary(test: &test_service::Client) -> Result<(), Failure> {
    equal("response", test.empty_call(Empty {}).await?, Empty {})
}

pub(super) async fn large_unary(test: &test_service::Client) -> Result<(), Failure> {
    all_zeros(
        test.unary_call(large_request()).await?.payload,
        LARGE_RESPONSE,
    )
}

pub(super) async fn client_streaming(test: &test_service::Client) -> Result<(), Failure> {
    let (mut requests, reply) = test.streaming_input_call().await?;
    for (size, _) in SIZES {
        requests
            .send(StreamingInputCallRequest {
                payload: zeros(size),
                ..Default::default()
            })
            .await?;
    }
    requests.finish();
    equal(
        "aggregated size",
        reply.await?.aggregated_payload_size,
        74922,
    )
}

pub(super) async fn server_streaming(test: &test_service::Client) -> Result<(), Failure> {
    let response_parameters = SIZES
        .map(|(_, size)| ResponseParameters {
            size,
            ..Default::default()
        })
        .to_vec();
    let mut responses = test
        .streaming_output_call(StreamingOutputCallRequest {
            response_parameters,
            ..Default::default()
        })
        .await?;
    for (_, size) in SIZES {
        all_zeros(
            responses
                .next()
                .await?
                .and_then(|response| response.payload),
            size,
        )?;
    }
    equal("fifth response", responses.next().await?, None)
}

pub(super) async fn ping_pong(test: &test_service::Client) -> Result<(), Failure> {
    let (mut requests, mut responses) = test.full_duplex_call().await?;
    for (request_size, response_size) in SIZES {
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
    }
    requests.finish();
    equal("fifth response", responses.next().await?, None)
}

pub(super) async fn empty_stream(test: &test_service::Client) -> Result<(), Failure> {
    let (requests, mut responses) = test.full_duplex_call().await?;
    requests.finish();
    equal("first response", responses.next().await?, None)
}

pub(super) async fn custom_metadata(test: &test_service::Client) -> Result<(), Failure> {
    let unary = test
        .unary_call(large_request())
        .metadata(ECHO_INITIAL, INITIAL)
        .metadata_bin(ECHO_TRAILING, TRAILING)
        .with_response()
        .await?;
    all_zeros(unary.message.payload, LARGE_RESPONSE)?;
    echoed(&unary.metadata, &unary.trailers)?;

    let (mut requests, mut responses) = test
        .full_duplex_call()
        .metadata(ECHO_INITIAL, INITIAL)
        .metadata_bin(ECHO_TRAILING, TRAILING)
        .await?;
    requests
        .send(duplex_request(LARGE_REQUEST, LARGE_RESPONSE))
        .await?;
    requests.finish();
    let initial = responses.headers().await?.clone();
    all_zeros(
        responses
            .next()
            .await?
            .and_then(|response| response.payload),
        LARGE_RESPONSE,
    )?;
    equal("second response", responses.next().await?, None)?;
    echoed(&initial, responses.trailers())
}

fn large_request() -> SimpleRequest {
    SimpleRequest {
        response_size: LARGE_RESPONSE,
        payload: zeros(LARGE_REQUEST),
        ..Default::default()
    }
}

fn echoed(initial: &Metadata, trailing: &Metadata) -> Result<(), Failure> {
    let initial: Vec<_> = initial.get_all(ECHO_INITIAL).collect();
    equal("initial metadata", initial, vec![INITIAL])?;
    let trailing: Vec<_> = trailing
        .get_all_bin(ECHO_TRAILING)
        .map(|v| v.to_vec())
        .collect();
    equal("trailing metadata", trailing, vec![TRAILING.to_vec()])
}
