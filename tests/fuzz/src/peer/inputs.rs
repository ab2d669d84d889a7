//! Inputs to start from: what peers do send, and what they should not.
//! It refuses to be complete: changes of these are what finds something.

use prost_types::Any;
use sinew::details::{BadRequest, Detail, ErrorInfo, Help, QuotaFailure, RetryInfo};
use sinew::testing::{ErrorCode, Fields, Frame, FrameKind, Setting, readers};
use sinew::{Code, Compression, Metadata, Status};

use super::frames::PREFACE;

const TEXT: &[u8] =
    b"a message with the same words, the same words, the same words again and again";

/// Bodies: the first byte is a choice of `bodies::messages`.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let plain = [&readers::framed(b"")[..], &readers::framed(TEXT)].concat();
    let long = TEXT.repeat(40);
    let gzip = readers::packed(Compression::Gzip, &long);
    let zstd = readers::packed(Compression::Zstd, &long);
    let bodies = [
        (0, Vec::new()),
        (0, plain.clone()),
        (0, plain[..7].to_vec()),
        (0, vec![0, 0xff, 0xff, 0xff, 0xff, 1]),
        (0, b"POST / HTTP/1.1\r\n".to_vec()),
        (1, plain.clone()),
        (1, [&gzip[..], &plain, &gzip].concat()),
        (1, vec![1, 0, 0, 0, 0]),
        (2, [&zstd[..], &plain].concat()),
        (2, zstd[..20].to_vec()),
    ];
    let cuts = [9, 9 + 12, 9 + 12 * 4];
    let mut inputs = Vec::new();
    for (compression, body) in bodies {
        for cut in cuts {
            inputs.push([&[cut + compression][..], &body].concat());
        }
    }
    inputs
}

/// Compressed messages: the first byte is a choice of `bodies::compressed`.
pub(crate) fn compressed() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for (choice, compression) in [(0, Compression::Gzip), (1, Compression::Zstd)] {
        for message in [TEXT.repeat(40), vec![0; 60 << 10], vec![0; 1 << 20]] {
            let packed = readers::packed(compression, &message);
            let message = packed.get(5..).unwrap_or_default();
            for limit in [0, 2, 3] {
                inputs.push([&[choice + 2 * limit][..], message].concat());
            }
            inputs.push([&[choice + 6][..], message, message].concat());
        }
        inputs.push(vec![choice]);
    }
    inputs
}

/// Blocks of headers.
pub(crate) fn headers() -> Vec<Vec<u8>> {
    let blocks = [
        "",
        "content-type: application/grpc\nte: trailers\ngrpc-timeout: 1S\nuser-agent: a",
        "grpc-timeout: 99999999H\ngrpc-timeout: 0n\ngrpc-timeout: 123456789m",
        "grpc-encoding: gzip\ngrpc-accept-encoding: identity, gzip ,zstd\ngrpc-accept-encoding: \u{e9}",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\ntracestate: a=b,c@d=e f",
        "traceparent: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\ntracestate: a=b\ntracestate: ,",
        "x-a: 1\nx-a: 2\nX-A: 3\nx-a-bin: AAE=,AQ,??\nx-a-bin: \nauthorization: secret\nx-sinew-pings: 1",
        "grpc-status: 0",
        "grpc-status: 5\ngrpc-message: not%20here %E2%82%AC %ff % %2541\nx-sinew-final: 1",
        "grpc-status: 77\ngrpc-message: ",
        "grpc-status: 13\ngrpc-status-details-bin: CA0SBGFiY2Q",
        "grpc-status: 13\ngrpc-status-details-bin: CAUSBGFiY2Q=",
    ];
    let mut inputs: Vec<Vec<u8>> = blocks
        .iter()
        .map(|block| block.as_bytes().to_vec())
        .collect();
    // Too many, and too large.
    inputs.push("x-many: 1\n".repeat(1100).into_bytes());
    inputs.push(format!("grpc-status: 1\ngrpc-message: {}", "%C3%A9".repeat(2000)).into_bytes());
    inputs.push(
        format!(
            "traceparent: 00-{:032x}-{:016x}-01\ntracestate: {}",
            1,
            2,
            "k=v,".repeat(31)
        )
        .into(),
    );
    inputs
}

/// The details of statuses.
pub(crate) fn details() -> Vec<Vec<u8>> {
    let info = ErrorInfo::new("REASON", "a.test").with("key", "value");
    let mut inputs = vec![
        Vec::new(),
        status(&info),
        status(&RetryInfo::after(std::time::Duration::from_millis(1500))),
        status(&BadRequest::violation("a.b", "wrong")),
        status(&QuotaFailure::violation("a", "b")),
        status(&Help::link("a", "https://a.test")),
        status(&info).repeat(20),
    ];
    let least = prost_types::Duration {
        seconds: i64::MIN,
        nanos: i32::MIN,
    };
    inputs.push(status(&RetryInfo {
        retry_delay: Some(least),
    }));
    let unknown = Any {
        type_url: "///".to_owned(),
        value: vec![0xff; 40],
    };
    inputs.push(rpc_status(vec![unknown; 3]));
    inputs.push(vec![8, 5, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    inputs
}

fn status(detail: &impl Detail) -> Vec<u8> {
    let status = Status::new(Code::Internal, "a message");
    let bytes = detail.encode_to_vec();
    let any = Any {
        type_url: type_url(detail),
        value: bytes,
    };
    rpc_status(status.with_details(vec![any]).details().to_vec())
}

fn type_url<D: Detail>(_: &D) -> String {
    D::type_url()
}

/// `google.rpc.Status` as the runtime writes it.
fn rpc_status(details: Vec<Any>) -> Vec<u8> {
    let status = Status::new(Code::Internal, "a message").with_details(details);
    let trailers = readers::trailers(&status);
    let value = trailers.get("grpc-status-details-bin");
    let bytes = value.and_then(|value| readers::bytes(value.as_bytes()));
    bytes.unwrap_or_default()
}

/// What clients say.
pub(crate) fn server() -> Vec<Vec<u8>> {
    let settings = Frame::settings(&[(Setting::InitialWindowSize, 70_000)]);
    let head = |stream| Frame::headers(stream, &Fields::request("/a.B/C"), false);
    let message = |stream| Frame::message(stream, TEXT, true);
    let packed = readers::packed(Compression::Gzip, &TEXT.repeat(40));
    let with = |name: &str, value: &str| {
        let fields = Fields::request("/a.B/C").set(name, value);
        Frame::headers(1, &fields, false)
    };
    let block = Fields::request("/a.B/C").encode();
    let (early, late) = block.split_at(block.len() / 2);
    let scripts = vec![
        vec![],
        vec![head(1), message(1)],
        vec![
            head(1),
            message(1),
            head(3),
            message(3),
            Frame::ping([1; 8]),
        ],
        vec![head(1), Frame::reset(1, ErrorCode::Cancel), head(3)],
        vec![
            Frame::headers_part(1, early.to_vec(), false),
            Frame::continuation(1, late.to_vec(), true),
            message(1),
        ],
        vec![
            with("grpc-timeout", "1S"),
            Frame::data(1, &b"\0\0"[..], false),
        ],
        vec![with("grpc-encoding", "gzip"), Frame::data(1, packed, true)],
        vec![with("grpc-encoding", "zstd"), message(1)],
        vec![with("content-type", "text/html"), message(1)],
        vec![
            with(":path", "/grpc.health.v1.Health/Watch"),
            Frame::message(1, "", true),
        ],
        vec![
            with(
                ":path",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ),
            Frame::message(1, &b"\x3a\x01*"[..], true),
        ],
        vec![
            with(
                ":path",
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ),
            Frame::message(1, &b"\x22\x04a.B."[..], false),
            Frame::message(1, &b"\x1a\x05a.prot"[..], true),
        ],
        vec![
            head(1),
            Frame::priority(1, 0, 3),
            Frame::window_update(0, 100),
            Frame::window_update(1, 100),
            Frame::settings(&[(Setting::MaxFrameSize, 1 << 20), (Setting::Unknown(9), 9)]),
            Frame::new(FrameKind::Unknown(0x20), 7, 3, "unknown"),
            Frame::data(1, vec![0; 6000], false),
            Frame::go_away(0, ErrorCode::NoError, "bye"),
        ],
    ];
    let mut inputs: Vec<Vec<u8>> = scripts
        .into_iter()
        .map(|script| [PREFACE, &connection(&settings, &script)].concat())
        .collect();
    inputs.extend(
        [
            &b""[..],
            b"PRI * HT",
            b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            b"POST /a.B/C HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
            b"SSH-2.0-a\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        ]
        .map(<[u8]>::to_vec),
    );
    inputs
}

/// What servers say.
pub(crate) fn client() -> Vec<Vec<u8>> {
    let settings = Frame::settings(&[(Setting::MaxConcurrentStreams, 10)]);
    let head = |name: &str, value: &str| {
        let fields = Fields::response().set(name, value);
        Frame::headers(1, &fields, false)
    };
    let plain = || head("x-a", "1");
    let end = |status| Frame::headers(1, &Fields::trailers(status), true);
    let mut metadata = Metadata::new();
    metadata.insert("x-a", "1");
    let packed = readers::packed(Compression::Gzip, &TEXT.repeat(40));
    let trailers_only = Fields::response()
        .with("grpc-status", "5")
        .with("grpc-message", "not%20here");
    let scripts = vec![
        vec![],
        vec![plain(), Frame::message(1, TEXT, false), end(0)],
        vec![plain(), end(13)],
        vec![Frame::headers(1, &trailers_only, true)],
        vec![head(":status", "503"), Frame::data(1, "sorry", true)],
        vec![
            head("content-type", "text/html"),
            Frame::data(1, "<html>", true),
        ],
        vec![
            head("grpc-encoding", "gzip"),
            Frame::data(1, packed, false),
            end(0),
        ],
        vec![
            head("grpc-encoding", "br"),
            Frame::message(1, TEXT, false),
            end(0),
        ],
        vec![
            plain(),
            Frame::message(1, TEXT, false),
            Frame::message(1, TEXT, false),
            end(0),
        ],
        vec![Frame::reset(1, ErrorCode::RefusedStream)],
        vec![Frame::go_away(
            0,
            ErrorCode::EnhanceYourCalm,
            "too_many_pings",
        )],
        vec![
            plain(),
            Frame::go_away(1, ErrorCode::NoError, ""),
            Frame::data(1, &b"\0"[..], true),
        ],
        vec![Frame::push_promise(1, 2, &Fields::request("/a.B/C"))],
        vec![head(":status", "100"), plain(), end(0)],
        vec![
            Frame::settings(&[(Setting::InitialWindowSize, 0)]),
            Frame::ping([2; 8]),
        ],
    ];
    let mut inputs: Vec<Vec<u8>> = scripts
        .into_iter()
        .map(|script| connection(&settings, &script))
        .collect();
    inputs.extend([
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"\x15\x03\x01\x00\x02\x02\x46".to_vec(),
    ]);
    inputs
}

fn connection(settings: &Frame, script: &[Frame]) -> Vec<u8> {
    let first = [settings.clone(), Frame::settings_ack()];
    let frames = first.iter().chain(script);
    frames.flat_map(Frame::encode).collect()
}
