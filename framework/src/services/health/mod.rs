//! Whether a server, and each of its services, can take calls: `grpc.health.v1.Health`, which load balancers and
//! orchestrators ask.
//! It refuses to find anything out: who serves knows how it is, and says so.
//!
//! Every [`Server`](crate::Server) serves it. All services that were added to it are SERVING from the start, and so is
//! the server as a whole, whose name is empty. [`Health`] is the handle to say otherwise:
//!
//! ```no_run
//! # async fn connect() {}
//! # async fn f(cart: sinew::Skeleton) -> std::io::Result<()> {
//! let server = sinew::Server::new().add(cart);
//! let health = server.health();
//! health.set_not_serving(""); // until the database is there
//! tokio::spawn(async move {
//!     connect().await;
//!     health.set_serving("");
//! });
//! server.serve("0.0.0.0:50051").await
//! # }
//! ```
//!
//! And [`Client`] is how to ask:
//!
//! ```no_run
//! use sinew::health::{Client, HealthCheckRequest, ServingStatus};
//! # async fn f() -> sinew::Result<()> {
//! let health = Client::new(sinew::Channel::to("http://127.0.0.1:50051")?);
//! let service = "shop.v1.Cart".to_owned();
//! let reply = health.check(HealthCheckRequest { service }).await?;
//! assert_eq!(reply.status(), ServingStatus::Serving);
//! # Ok(())
//! # }
//! ```

mod handle;
mod serve;

mod generated {
    include!("generated/sinew.rs");
}

#[doc(inline)]
pub use generated::grpc::health::v1;

pub use handle::Health;
pub(crate) use serve::{Serving, is_probe};
pub use v1::health::Client;
pub use v1::health_check_response::ServingStatus;
pub use v1::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
