//! Health, which is no case of gRPC's: what a server says of itself and of a service, and of one that it does not have.

use sinew::Code;
use sinew::health::{Client, HealthCheckRequest, ServingStatus};

use super::{Failure, ends_with, equal};
use crate::grpc::testing::test_service;

/// `health`: a check of what is there and of what is not, and the same watched.
pub(super) async fn health(health: &Client) -> Result<(), Failure> {
    let of = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    let unknown = "grpc.testing.NoSuchService";
    for service in ["", test_service::NAME] {
        let status = health.check(of(service)).await?.status();
        equal("status", status, ServingStatus::Serving)?;
    }
    ends_with(health.check(of(unknown)).await, Code::NotFound, None)?;
    for (service, wanted) in [
        ("", ServingStatus::Serving),
        (test_service::NAME, ServingStatus::Serving),
        (unknown, ServingStatus::ServiceUnknown),
    ] {
        let mut watch = health.watch(of(service)).await?;
        let first = watch.next().await?.map(|reply| reply.status());
        equal("first status", first, Some(wanted))?;
    }
    Ok(())
}
