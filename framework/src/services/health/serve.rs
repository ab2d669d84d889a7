//! `grpc.health.v1.Health` over what the handle says.
//! It refuses to judge: it repeats what was said.

use super::v1::{self, health_check_response::ServingStatus};
use super::{
    Health, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use crate::call::{Context, MethodSpec, Outbound, Result, Status};

/// The longest name of a service that is asked for, in bytes: who watches an unknown one makes the server keep its
/// name. Chosen; names in public APIs are shorter than 100.
const LONGEST_NAME: usize = 1024;

/// More services are not listed, as in grpc-go: `List` is for people who look, and its reply is one message.
const LISTED: usize = 100;

/// The service.
pub(crate) struct Serving(pub(crate) Health);

/// Is it a method by which a load balancer or an orchestrator asks, who has no credentials? `List` is none: it tells
/// names that the caller does not know.
pub(crate) fn is_probe(method: &MethodSpec) -> bool {
    [v1::health::CHECK.spec(), v1::health::WATCH.spec()].contains(&method)
}

impl v1::Health for Serving {
    async fn check(&self, _: &Context, req: HealthCheckRequest) -> Result<HealthCheckResponse> {
        let service = name(req)?;
        let status = self.0.status(&service).ok_or_else(|| {
            Status::not_found(format!(
                "nothing is known of the health of {service:?}: this server does not have it"
            ))
        })?;
        Ok(reply(status))
    }

    async fn list(&self, _: &Context, _: HealthListRequest) -> Result<HealthListResponse> {
        let Some(all) = self.0.all(LISTED) else {
            return Err(Status::resource_exhausted(format!(
                "at most {LISTED} services are listed, and there are more: check them by name"
            )));
        };
        let all = all.into_iter().map(|(name, status)| (name, reply(status)));
        Ok(HealthListResponse {
            statuses: all.collect(),
        })
    }

    async fn watch(
        &self,
        _: &Context,
        req: HealthCheckRequest,
        out: &mut Outbound<HealthCheckResponse>,
    ) -> Result<()> {
        let service = name(req)?;
        let mut state = self.0.watch();
        let mut told = None;
        loop {
            let (status, is_draining) = {
                let state = state.borrow_and_update();
                let status = state.of(&service).unwrap_or(ServingStatus::ServiceUnknown);
                (status, state.is_draining())
            };
            // Who comes only now is not told first: grpc-go waits before it asks again only where there was no message.
            let is_new = is_draining && told.is_none();
            if !is_new && told != Some(status) {
                out.send(reply(status)).await?;
                told = Some(status);
            }
            // The handle is held here, too: it cannot be gone.
            if is_draining || state.changed().await.is_err() {
                return Err(Status::unavailable("the server is shutting down"));
            }
        }
    }
}

fn reply(status: ServingStatus) -> HealthCheckResponse {
    let mut reply = HealthCheckResponse::default();
    reply.set_status(status);
    reply
}

fn name(req: HealthCheckRequest) -> Result<String> {
    let HealthCheckRequest { service } = req;
    if service.len() > LONGEST_NAME {
        return Err(Status::invalid_argument(format!(
            "no service has a name of more than {LONGEST_NAME} bytes"
        )));
    }
    Ok(service)
}
