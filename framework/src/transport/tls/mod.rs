//! TLS on both ends: servers that show a certificate, clients that check it, and show one of their own.
//!
//! ```no_run
//! # async fn f(greeter: sinew::Skeleton) -> Result<(), Box<dyn std::error::Error>> {
//! use sinew::tls::{ClientTls, ServerTls};
//!
//! // The server, and who may call it: those with a certificate that `ca.pem` has signed.
//! let tls = ServerTls::builder("server.pem", "server.key")
//!     .client_roots_pem_file("ca.pem")
//!     .build()?;
//! let server = sinew::Server::new().add(greeter).tls(tls).bind("0.0.0.0:50051").await?;
//!
//! // A client of it.
//! let tls = ClientTls::builder()
//!     .roots_pem_file("ca.pem")
//!     .identity_pem_files("client.pem", "client.key")
//!     .build()?;
//! let channel = sinew::Channel::builder("https://greeter.internal:50051").tls(tls).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! A client that calls servers with certificates of public authorities needs nothing of this:
//! `Channel::to("https://greeter.example.org")` trusts the roots of the system.
//!
//! - **Versions**: TLS 1.3 and 1.2, with rustls and the cryptography of ring, whatever the process's default provider
//!   is.
//! - **ALPN**: both ends insist on `h2`, as gRPC does.
//! - **Names**: a client checks the server's certificate against the host of its URL, or against
//!   [`ClientTlsBuilder::server_name`], and sends that as SNI. [`crate::ChannelBuilder::authority`] changes neither.
//! - **Identity**: what a client has proved to be is in [`crate::Peer::certificate`].
//! - **Files** are read again every two seconds, and by [`ServerTls::reload`] and [`ClientTls::reload`] at once.
//!   Connections that are made later have what the files hold then; those that are open stay. What is wrong, gone or
//!   half-written changes nothing, and is told to [`crate::observe::Metrics::tls_files`].
//! - **Sessions are not resumed**: each connection proves everything anew, so that a certificate that has expired, or a
//!   root that was taken away, is refused by the next one.
//! - **Unix sockets** and calls in process have no TLS: nobody is on the way there.
//!
//! `docs/tls.md` makes certificates to try it with, and explains each error.

mod accept;
mod client;
mod dial;
mod fault;
mod invalid;
mod live;
mod pem;
mod server;

use std::sync::{Arc, OnceLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};

pub use self::client::{ClientTls, ClientTlsBuilder};
pub(crate) use self::dial::{ChannelTls, LastWords, Secure};
pub(crate) use self::fault::Fault;
pub use self::invalid::InvalidTls;
pub(crate) use self::live::Tell;
pub use self::live::TlsState;
pub use self::server::{ServerTls, ServerTlsBuilder};
pub use crate::call::Certificate;
/// The version of rustls that [`ServerTls::from_rustls`] and [`ClientTls::from_rustls`] take.
pub use ::rustls;

/// What both ends have to agree on by ALPN, RFC 9113 §3.2.
const H2: &[u8] = b"h2";

/// The versions that are spoken; older ones are broken (RFC 8996).
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || Arc::new(rustls::crypto::ring::default_provider());
    Arc::clone(PROVIDER.get_or_init(make))
}

fn is_h2(negotiated: Option<&[u8]>) -> bool {
    negotiated == Some(H2)
}
