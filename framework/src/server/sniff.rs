//! Reads the first bytes of an accepted connection and says what protocol it
//! speaks, so that a client of the wrong kind gets an answer that it can read.
//! It parses no request and serves none.

use std::fmt;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "tls")]
use crate::transport::tls::Fault;

/// The client connection preface, RFC 9113 §3.4.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest HTTP/1 method looked for, in bytes (registered ones have at
/// most 17, `UPDATEREDIRECTREF`; what is typed into a wrong port is shorter).
const LONGEST_METHOD: usize = 17;

/// Bytes of a refused request that are read and thrown away, so that closing
/// does not reset the connection before the client has read the answer.
const DISCARDED: usize = 64 * 1024;

/// What the first bytes on a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// All of the HTTP/2 preface.
    Http2,
    /// A method and a space.
    Http1,
    /// The head of a TLS handshake record.
    Tls,
    /// None of these.
    Unknown,
}

/// `None`: more bytes are needed. Always decided with 24 bytes.
fn classify(bytes: &[u8]) -> Option<First> {
    if bytes.starts_with(PREFACE) {
        return Some(First::Http2);
    }
    if PREFACE.starts_with(bytes) {
        return None;
    }
    match bytes {
        [0x16] => None,
        // Record type handshake, major version 3: RFC 8446 §5.1.
        [0x16, 0x03, ..] => Some(First::Tls),
        _ => classify_text(bytes),
    }
}

fn classify_text(bytes: &[u8]) -> Option<First> {
    let method = bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
    match bytes.get(method) {
        None if method <= LONGEST_METHOD => None,
        // A PRI that went wrong is no method, nor is PROXY (a load balancer
        // that announces its client): RFC 9113 §11.6, HAProxy's proxy protocol.
        Some(b' ') if bytes.starts_with(b"PRI ") || bytes.starts_with(b"PROXY ") => {
            Some(First::Unknown)
        }
        Some(b' ') if (1..=LONGEST_METHOD).contains(&method) => Some(First::Http1),
        _ => Some(First::Unknown),
    }
}

/// Why a connection was not served. `label` names it in metrics, `Display` in
/// the log.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// An HTTP/1 client; it has been answered.
    Http1,
    /// A TLS client on a port without TLS.
    Tls,
    /// A client that speaks HTTP without TLS, on a port with it; one of HTTP/1 has been answered.
    #[cfg(feature = "tls")]
    Plaintext,
    /// TLS did not come about.
    #[cfg(feature = "tls")]
    Handshake(Fault),
    /// First bytes of no known protocol.
    Unknown,
    /// The peer left before it had said what it speaks, as port scans and TCP
    /// health checks do.
    Gone,
    /// The peer did not say in time what it speaks.
    Silent,
    /// Reading failed.
    Io(io::Error),
}

impl Refusal {
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Tls => "tls",
            #[cfg(feature = "tls")]
            Self::Plaintext => "plaintext",
            #[cfg(feature = "tls")]
            Self::Handshake(_) => "tls_handshake",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
            Self::Silent => "silent",
            Self::Io(_) => "io",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "the client speaks HTTP/1; this port speaks gRPC over HTTP/2",
            Self::Tls => {
                "the client starts TLS, which this port does not speak: \
                 let it connect with http:// instead of https://"
            }
            #[cfg(feature = "tls")]
            Self::Plaintext => {
                "the client speaks HTTP without TLS, which this port asks for: \
                 let it connect with https:// instead of http://"
            }
            #[cfg(feature = "tls")]
            Self::Handshake(fault) => return fault.fmt(f),
            Self::Unknown => "the client speaks neither HTTP/2 nor HTTP/1, nor TLS",
            Self::Gone => "the client closed the connection before it had said what it speaks",
            Self::Silent => "the client did not say in time what it speaks",
            Self::Io(error) => {
                return write!(f, "what the client speaks could not be read: {error}");
            }
        })
    }
}

/// Hands back a connection that speaks HTTP/2 with the bytes read from it, to
/// be read again; answers and closes any other.
///
/// Ends by `until`, the answer included. Reads no byte past the preface.
///
/// # Cancel safety
/// None: dropping the future drops the connection.
pub(crate) async fn sniff<IO>(mut io: IO, until: Instant) -> Result<(IO, Bytes), Refusal>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = [0; PREFACE.len()];
    let (first, _) = timeout_at(until, read_first(&mut io, &mut bytes))
        .await
        .unwrap_or(Err(Refusal::Silent))?;
    let refusal = match first {
        First::Http2 => return Ok((io, Bytes::from_static(PREFACE))),
        First::Http1 => Refusal::Http1,
        First::Tls => Refusal::Tls,
        First::Unknown => Refusal::Unknown,
    };
    refuse(&mut io, first, &bytes, PLAIN_PORT, until).await;
    Err(refusal)
}

/// Ends a connection that is not served, by `until`; a client of HTTP/1 is told `body`. Whether it takes that changes
/// nothing here.
pub(super) async fn refuse<IO>(
    io: &mut IO,
    first: First,
    request: &[u8],
    body: &str,
    until: Instant,
) where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let _ = match first {
        First::Http1 => timeout_at(until, answer(io, request, body)).await,
        _ => timeout_at(until, hang_up(io)).await,
    };
}

/// Reads until it is clear what the client speaks; says also how many bytes that took.
pub(super) async fn read_first<IO>(
    io: &mut IO,
    bytes: &mut [u8; PREFACE.len()],
) -> Result<(First, usize), Refusal>
where
    IO: AsyncRead + Unpin,
{
    let mut read = 0;
    loop {
        match io.read(&mut bytes[read..]).await.map_err(Refusal::Io)? {
            0 => return Err(Refusal::Gone),
            n => read += n,
        }
        if let Some(first) = classify(&bytes[..read]) {
            return Ok((first, read));
        }
    }
}

/// What a client of HTTP/1 is told on a port without TLS.
const PLAIN_PORT: &str = "\
    This port speaks gRPC over HTTP/2 without TLS, with prior knowledge; it does not speak HTTP/1.\n\
    Call it with a gRPC client, for example: grpcurl -plaintext -proto FILE HOST:PORT package.Service/Method\n\
    (without -proto FILE where the server has reflection)\n\
    A proxy in front of it must be told to use HTTP/2 (h2c) towards this port.\n";

/// RFC 9110 §15.6.6 asks a 505 to say why and what is spoken instead. Not 426:
/// that would promise an upgrade, and RFC 9113 has none for cleartext HTTP/2.
async fn answer<IO>(io: &mut IO, request: &[u8], body: &str) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let head = format!(
        "HTTP/1.1 505 HTTP Version Not Supported\r\n\
         content-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    io.write_all(head.as_bytes()).await?;
    if !request.starts_with(b"HEAD ") {
        io.write_all(body.as_bytes()).await?;
    }
    hang_up(io).await
}

/// Closes the connection so that the client may read what it was told: it is not reset for what it has sent.
pub(super) async fn hang_up<IO>(io: &mut IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    io.shutdown().await?;
    let mut discarded = 0;
    let mut rest = [0; 1024];
    while discarded < DISCARDED {
        match io.read(&mut rest).await? {
            0 => break,
            n => discarded += n,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

    fn until() -> Instant {
        Instant::now() + WITHIN
    }

    #[test]
    fn first_bytes_are_told_apart_as_soon_as_they_differ() {
        let undecided: &[&[u8]] = &[
            b"",
            b"P",
            b"PRI",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
            b"GET",
            b"PROPFIND",
            b"PROXY",
            b"\x16",
        ];
        for bytes in undecided {
            assert_eq!(classify(bytes), None, "{}", bytes.escape_ascii());
        }
        let decided: &[(&[u8], First)] = &[
            (PREFACE, First::Http2),
            (b"GET ", First::Http1),
            (b"POST /x HTTP/1.1\r\n", First::Http1),
            (b"UPDATEREDIRECTREF ", First::Http1),
            (b"PRIX ", First::Http1),
            (b"\x16\x03", First::Tls),
            (b"\x16\x03\x01\x02\x00\x01", First::Tls),
            (b"\x16\x02", First::Unknown),
            (b"PRI /", First::Unknown),
            (b"PRI * HTTP/1", First::Unknown),
            (b"PROXY TCP4", First::Unknown),
            (b"get ", First::Unknown),
            (b" ", First::Unknown),
            (b"SSH-", First::Unknown),
            (b"ABCDEFGHIJKLMNOPQR", First::Unknown),
            (b"\0", First::Unknown),
            (b"\x80\x2e", First::Unknown),
        ];
        for (bytes, first) in decided {
            assert_eq!(classify(bytes), Some(*first), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn twenty_four_bytes_always_decide() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..10_000 {
            let mut bytes = *PREFACE;
            for _ in 0..rng.usize(0..4) {
                bytes[rng.usize(0..24)] = b"ARZ \x16\x03\n"[rng.usize(0..7)];
            }
            assert!(classify(&bytes).is_some(), "{}", bytes.escape_ascii());
        }
        assert!(classify(&[b'A'; 24]).is_some());
    }

    #[tokio::test]
    async fn a_preface_that_comes_byte_by_byte_is_found_and_nothing_after_it_is_read() {
        let (mut client, server) = duplex(64);
        let sniffed = tokio::spawn(sniff(server, until()));
        for byte in PREFACE {
            client.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.write_all(b"settings").await.unwrap();
        let (mut io, read) = sniffed.await.unwrap().unwrap();
        assert_eq!(&read[..], PREFACE);
        let mut rest = [0; 8];
        io.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"settings");
    }

    #[tokio::test]
    async fn an_http1_client_is_told_what_the_port_speaks() {
        for (method, with_body) in [("GET", true), ("HEAD", false)] {
            let (mut client, server) = duplex(4096);
            let sniffed = tokio::spawn(sniff(server, until()));
            let request = format!("{method} / HTTP/1.1\r\nhost: x\r\n\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            drop(client);

            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 505 "), "{head}");
            assert_eq!(body.contains("gRPC over HTTP/2"), with_body);
            // Reflection is off unless a server asks for it: without the file nothing can be asked.
            let example = "grpcurl -plaintext -proto FILE HOST:PORT package.Service/Method";
            assert_eq!(body.contains(example), with_body);
            if with_body {
                let length = format!("content-length: {}\r\n", body.len());
                assert!(head.contains(&length), "{head}");
            }
            assert!(matches!(sniffed.await.unwrap(), Err(Refusal::Http1)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_refused_by_what_they_are() {
        let cases: &[(&[u8], bool, &str)] = &[
            (b"\x16\x03\x01\x00\xa5\x01", false, "tls"),
            (b"SSH-2.0-OpenSSH\r\n", false, "unknown"),
            (b"", true, "gone"),
            (b"PRI * HT", true, "gone"),
            (b"", false, "silent"),
            (b"PRI * HT", false, "silent"),
        ];
        for (bytes, hang_up, label) in cases {
            let (mut client, server) = duplex(64);
            client.write_all(bytes).await.unwrap();
            if *hang_up {
                client.shutdown().await.unwrap();
            }
            let refusal = sniff(server, until()).await.map(|_| ()).unwrap_err();
            assert_eq!(refusal.label(), *label, "{}", bytes.escape_ascii());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_http1_client_that_never_leaves_holds_no_longer_than_the_timeout() {
        let (mut client, server) = duplex(4096);
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let start = Instant::now();
        assert!(matches!(sniff(server, until()).await, Err(Refusal::Http1)));
        assert_eq!(start.elapsed(), WITHIN);
    }
}
