//! The cases of compression: those of gRPC's interop test descriptions, and one that other implementations can take
//! part in, whose servers do not see how a request came.

use sinew::{Code, Compression};

use super::answers::{LARGE_REQUEST, LARGE_RESPONSE};
use super::{Failure, all_zeros, ends_with, equal, zeros};
use crate::grpc::testing::{
    BoolValue, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, test_service,
};

/// A large request; whether the server shall expect it compressed, and compress its reply.
fn unary(expect: Option<bool>, response: Option<bool>) -> SimpleRequest {
    SimpleRequest {
        response_size: LARGE_RESPONSE,
        payload: zeros(LARGE_REQUEST),
        expect_compressed: expect.map(|value| BoolValue { value }),
        response_compressed: response.map(|value| BoolValue { value }),
        ..Default::default()
    }
}

fn upload(size: usize, compressed: bool) -> StreamingInputCallRequest {
    StreamingInputCallRequest {
        payload: zeros(size),
        expect_compressed: Some(BoolValue { value: compressed }),
    }
}

fn wanted(size: i32, compressed: bool) -> ResponseParameters {
    ResponseParameters {
        size,
        compressed: Some(BoolValue { value: compressed }),
        ..Default::default()
    }
}

/// `client_compressed_unary`: the server sees whether a request is compressed, and takes both.
pub(super) async fn client_unary(test: &test_service::Client) -> Result<(), Failure> {
    let probe = test.unary_call(unary(Some(true), None)).await;
    ends_with(probe, Code::InvalidArgument, None)?;
    for compressed in [true, false] {
        let call = test.unary_call(unary(Some(compressed), None));
        let reply = match compressed {
            true => call.compress(Compression::Gzip).await?,
            false => call.await?,
        };
        all_zeros(reply.payload, LARGE_RESPONSE)?;
    }
    Ok(())
}

/// `server_compressed_unary`: the server compresses its reply when asked to, and only then.
pub(super) async fn server_unary(test: &test_service::Client) -> Result<(), Failure> {
    for compressed in [true, false] {
        let call = test.unary_call(unary(None, Some(compressed)));
        let reply = call.with_response().await?;
        equal("the reply is compressed", reply.was_compressed, compressed)?;
        all_zeros(reply.message.payload, LARGE_RESPONSE)?;
    }
    Ok(())
}

/// `client_compressed_streaming`: messages of one stream, compressed and not.
pub(super) async fn client_streaming(test: &test_service::Client) -> Result<(), Failure> {
    let (mut requests, reply) = test.streaming_input_call().await?;
    requests.send(upload(27182, true)).await?;
    requests.finish();
    ends_with(reply.await, Code::InvalidArgument, None)?;

    let call = test.streaming_input_call().compress(Compression::Gzip);
    let (mut requests, reply) = call.await?;
    requests.send(upload(27182, true)).await?;
    requests.compress(false);
    requests.send(upload(45904, false)).await?;
    requests.finish();
    let total = reply.await?.aggregated_payload_size;
    equal("aggregated size", total, 73086)
}

/// `server_compressed_streaming`: the server compresses the messages of its stream that it is asked to.
pub(super) async fn server_streaming(test: &test_service::Client) -> Result<(), Failure> {
    let request = StreamingOutputCallRequest {
        response_parameters: vec![wanted(31415, true), wanted(92653, false)],
        ..Default::default()
    };
    let mut responses = test.streaming_output_call(request).await?;
    for (size, compressed) in [(31415, true), (92653, false)] {
        let response = responses.next().await?.unwrap_or_default();
        let was = responses.was_compressed();
        equal("the response is compressed", was, compressed)?;
        all_zeros(response.payload, size)?;
    }
    equal("responses after the last", responses.next().await?, None)
}

/// `gzip`: compressed both ways, in a unary call and in a stream.
pub(super) async fn gzip(test: &test_service::Client) -> Result<(), Failure> {
    let call = test.unary_call(unary(Some(true), Some(true)));
    let call = call.compress(Compression::Gzip).with_response();
    let reply = call.await?;
    equal("the reply is compressed", reply.was_compressed, true)?;
    all_zeros(reply.message.payload, LARGE_RESPONSE)?;

    let call = test.full_duplex_call().compress(Compression::Gzip);
    let (mut requests, mut responses) = call.await?;
    for size in [31415, 58979] {
        let request = StreamingOutputCallRequest {
            response_parameters: vec![wanted(size, true)],
            payload: zeros(LARGE_REQUEST),
            ..Default::default()
        };
        requests.send(request).await?;
        let response = responses.next().await?.unwrap_or_default();
        let was = responses.was_compressed();
        equal("the response is compressed", was, true)?;
        all_zeros(response.payload, size)?;
    }
    requests.finish();
    equal("responses after the last", responses.next().await?, None)
}
