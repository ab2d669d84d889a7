//! The server side of the cases: answers whatever the request asks for.
//!
//! Asserts nothing but whether requests came compressed, and authenticates nobody: no case of ours needs it.
//! Replies are compressed where the request asks for it, and the server it runs in compresses.

use std::time::Duration;

use sinew::{Code, Context, Inbound, Outbound, Status};

use crate::grpc::testing::{
    BoolValue, EchoStatus, Empty, Payload, PayloadType, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, TestService,
};
use crate::{ECHO_INITIAL, ECHO_TRAILING};

/// `grpc.testing.TestService`, but for the method that shall stay unimplemented.
#[derive(Debug)]
pub struct Interop;

impl TestService for Interop {
    async fn empty_call(&self, _: &Context, _: Empty) -> sinew::Result<Empty> {
        Ok(Empty {})
    }

    async fn unary_call(&self, cx: &Context, req: SimpleRequest) -> sinew::Result<SimpleResponse> {
        expect(req.expect_compressed, cx.was_compressed())?;
        if !is_true(req.response_compressed) {
            cx.without_compression();
        }
        echo_metadata(cx);
        echo_status(req.response_status)?;
        let payload = payload(req.response_type, req.response_size)?;
        let server_id = req.fill_server_id.then(|| std::process::id().to_string());
        Ok(SimpleResponse {
            payload: Some(payload),
            server_id: server_id.unwrap_or_default(),
            ..Default::default()
        })
    }

    async fn cacheable_unary_call(
        &self,
        cx: &Context,
        req: SimpleRequest,
    ) -> sinew::Result<SimpleResponse> {
        self.unary_call(cx, req).await
    }

    async fn streaming_output_call(
        &self,
        cx: &Context,
        req: StreamingOutputCallRequest,
        out: &mut Outbound<StreamingOutputCallResponse>,
    ) -> sinew::Result<()> {
        echo_metadata(cx);
        respond(req, out).await
    }

    async fn streaming_input_call(
        &self,
        cx: &Context,
        mut rx: Inbound<StreamingInputCallRequest>,
    ) -> sinew::Result<StreamingInputCallResponse> {
        cx.without_compression();
        let mut total = 0;
        while let Some(req) = rx.next().await? {
            expect(req.expect_compressed, rx.was_compressed())?;
            total += req.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size = i32::try_from(total)
            .map_err(|_| Status::out_of_range(format!("{total} bytes are over an int32")))?;
        Ok(StreamingInputCallResponse {
            aggregated_payload_size,
        })
    }

    async fn full_duplex_call(
        &self,
        cx: &Context,
        mut rx: Inbound<StreamingOutputCallRequest>,
        out: &mut Outbound<StreamingOutputCallResponse>,
    ) -> sinew::Result<()> {
        echo_metadata(cx);
        while let Some(req) = rx.next().await? {
            respond(req, out).await?;
        }
        Ok(())
    }

    async fn half_duplex_call(
        &self,
        cx: &Context,
        mut rx: Inbound<StreamingOutputCallRequest>,
        out: &mut Outbound<StreamingOutputCallResponse>,
    ) -> sinew::Result<()> {
        echo_metadata(cx);
        let mut requests = Vec::new();
        while let Some(req) = rx.next().await? {
            requests.push(req);
        }
        for req in requests {
            respond(req, out).await?;
        }
        Ok(())
    }

    async fn unimplemented_call(&self, _: &Context, _: Empty) -> sinew::Result<Empty> {
        Err(Status::unimplemented("this method is never implemented"))
    }
}

async fn respond(
    req: StreamingOutputCallRequest,
    out: &mut Outbound<StreamingOutputCallResponse>,
) -> sinew::Result<()> {
    echo_status(req.response_status)?;
    for wanted in req.response_parameters {
        if let Ok(micros @ 1..) = u64::try_from(wanted.interval_us) {
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
        let payload = payload(req.response_type, wanted.size)?;
        out.compress(is_true(wanted.compressed));
        out.send(StreamingOutputCallResponse {
            payload: Some(payload),
        })
        .await?;
    }
    Ok(())
}

fn is_true(asked: Option<BoolValue>) -> bool {
    asked.is_some_and(|asked| asked.value)
}

/// Refuses a message that was to come compressed, and did not.
fn expect(compressed: Option<BoolValue>, was_compressed: bool) -> sinew::Result<()> {
    if is_true(compressed) && !was_compressed {
        return Err(Status::invalid_argument(
            "the message did not come compressed",
        ));
    }
    Ok(())
}

fn payload(kind: i32, size: i32) -> sinew::Result<Payload> {
    match (PayloadType::try_from(kind), usize::try_from(size)) {
        (Ok(PayloadType::Compressable), Ok(size)) => Ok(Payload {
            r#type: kind,
            body: vec![0; size],
        }),
        _ => Err(Status::invalid_argument(format!(
            "no payload of type {kind} and size {size}"
        ))),
    }
}

fn echo_status(wanted: Option<EchoStatus>) -> sinew::Result<()> {
    match wanted {
        Some(EchoStatus { code, message }) if code != 0 => {
            Err(Status::new(Code::from_i32(code), message))
        }
        _ => Ok(()),
    }
}

fn echo_metadata(cx: &Context) {
    if let Some(value) = cx.metadata().get(ECHO_INITIAL) {
        cx.reply_metadata().insert(ECHO_INITIAL, value);
    }
    if let Some(value) = cx.metadata().get_bin(ECHO_TRAILING) {
        cx.reply_trailers().insert_bin(ECHO_TRAILING, value);
    }
}
