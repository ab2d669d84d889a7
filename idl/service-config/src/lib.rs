//! gRPC's service config as JSON, the public format: read and checked, each value with its place, and looked up by
//! method. The build reads it to fill descriptors, and the runtime to override them.
//! It refuses to open files, and to know what acts on a value.
//!
//! The format is that of `grpc/service_config/service_config.proto`
//! (<https://github.com/grpc/grpc-proto/blob/master/grpc/service_config/service_config.proto>), retries as in gRFC A6
//! (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md>). What gRPC has no name for stands in an object
//! `sinew` of a method config, which other implementations pass over.
//!
//! ```
//! let text = r#"{"methodConfig": [{"name": [{"service": "shop.v1.Cart"}], "timeout": "1.5s"}]}"#;
//! let read = sinew_service_config::read(text);
//! assert!(read.problems.is_empty());
//! let (config, _) = read.config.of("shop.v1.Cart", "AddLine").unwrap();
//! assert_eq!(config.timeout.as_ref().unwrap().value.as_millis(), 1500);
//! ```

#[cfg(feature = "json")]
mod codes;
#[cfg(feature = "json")]
mod duration;
#[cfg(feature = "json")]
mod json;
mod model;
#[cfg(feature = "json")]
mod names;
#[cfg(feature = "json")]
mod policies;
mod problem;
#[cfg(feature = "json")]
mod read;
#[cfg(feature = "json")]
mod reader;

pub use model::{Criticality, Hedge, Level, MethodConfig, Name, Placed, Retry, ServiceConfig};
#[cfg(feature = "json")]
pub use names::nearest;
pub use problem::{Place, Problem, Rule, Severity};
#[cfg(feature = "json")]
pub use read::{Read, read};
