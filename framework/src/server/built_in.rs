//! What a server serves without being given it: health, and reflection where it is asked for.
//! It refuses to stand in front of what a user adds: a service of the same name is served in its place.

use std::collections::HashSet;

use super::Server;
use super::route::Routes;
use super::skeleton::Skeleton;
use crate::call::ServiceSpec;
use crate::services::health::{self, Health};
use crate::services::reflection::{Reflection, v1, v1alpha};

/// What of it a server has.
pub(super) struct BuiltIn {
    pub(super) health: Health,
    has_health: bool,
    /// A function, and inline, so that only programs that ask for reflection compile and link it.
    reflection: Option<Reflect>,
    descriptors: Vec<&'static [u8]>,
}

type Reflect = fn(Vec<&'static ServiceSpec>, Vec<&'static [u8]>) -> [Skeleton; 2];

impl Default for BuiltIn {
    fn default() -> Self {
        Self {
            health: Health::new(),
            has_health: true,
            reflection: None,
            descriptors: Vec::new(),
        }
    }
}

impl BuiltIn {
    /// Adds to `routes` what is not there yet; the services there are known to be healthy from now on.
    pub(super) fn add_to(self, routes: &mut Routes) {
        let added = routes.specs();
        let names: HashSet<_> = added.iter().map(|service| service.name()).collect();
        self.health.register(names.iter().copied());
        let mut skeletons = Vec::new();
        if self.has_health && !names.contains(health::v1::health::NAME) {
            let health = health::Serving(self.health);
            skeletons.push(health::v1::health::server(health));
        }
        if let Some(reflect) = self.reflection {
            let own = skeletons.iter().map(Skeleton::spec);
            let services = added.iter().copied().chain(own).collect();
            skeletons.extend(reflect(services, self.descriptors));
        }
        for skeleton in skeletons {
            // Nothing, where there is one of its name.
            routes.add_built_in(skeleton.dispatch, health::is_probe);
        }
    }
}

#[inline]
fn reflect(services: Vec<&'static ServiceSpec>, sets: Vec<&'static [u8]>) -> [Skeleton; 2] {
    let reflection = Reflection::of(services, sets);
    [
        v1::server_reflection::server(reflection.clone()),
        v1alpha::server_reflection::server(reflection),
    ]
}

/// Health and reflection.
impl Server {
    /// The handle of what this server says of its health, as `grpc.health.v1.Health`: to a load balancer, an
    /// orchestrator, or whoever asks.
    ///
    /// All services are SERVING once the server is assembled, unless the handle has said otherwise before; the server
    /// as a whole, whose name is `""`, is so at once. When the server begins to drain, everything is NOT_SERVING.
    ///
    /// Probes have no credentials, so `Check` and `Watch` pass by the layers and closures of this server; `List`, which
    /// tells the names of services, comes through them as every call does. All are told to the server's metrics, as
    /// other calls are. A service of that name that is added takes the place of this one, behind the layers.
    ///
    /// ```
    /// # fn f(cart: sinew::Skeleton) {
    /// let server = sinew::Server::new().add(cart);
    /// let health = server.health();
    /// health.set_not_serving("shop.v1.Cart");
    /// # }
    /// ```
    pub fn health(&self) -> Health {
        self.built_in.health.clone()
    }

    /// Says of its health what `health` says, which another server may say, too: for a process that is asked at another
    /// port than it is called at. As soon as one of them drains, all are NOT_SERVING.
    ///
    /// ```
    /// # fn f(cart: sinew::Skeleton) {
    /// let server = sinew::Server::new().add(cart);
    /// let probes = sinew::Server::new().with_health(server.health());
    /// # }
    /// ```
    pub fn with_health(mut self, health: Health) -> Self {
        self.built_in.health = health;
        self.built_in.has_health = true;
        self
    }

    /// Does not serve `grpc.health.v1.Health`: for a server whose [`Server::fallback`] passes such calls on, or one
    /// that is to tell nothing of itself.
    pub fn without_health(mut self) -> Self {
        self.built_in.has_health = false;
        self
    }

    /// Describes its services to tools that were not compiled for them, such as `grpcurl`: serves
    /// `grpc.reflection.v1.ServerReflection` and `v1alpha`. Who may call it reads the whole IDL but its comments, so it
    /// is off unless asked for; it stands behind the layers as every service does.
    ///
    /// What is described is what generated code brings along ([`ServiceSpec::descriptors`]) and what
    /// [`Server::descriptors`] adds. A service without a descriptor, as a trait under `#[service]`, is served and not
    /// listed. Descriptors are read at the first question, and stay in memory from then on.
    ///
    /// ```no_run
    /// # async fn f(greeter: sinew::Skeleton) -> std::io::Result<()> {
    /// let server = sinew::Server::new().add(greeter).reflection();
    /// server.serve("127.0.0.1:50051").await // grpcurl -plaintext 127.0.0.1:50051 list
    /// # }
    /// ```
    #[inline]
    pub fn reflection(mut self) -> Self {
        self.built_in.reflection = Some(reflect);
        self
    }

    /// Adds what [`Server::reflection`] describes besides the server's services: an encoded
    /// `google.protobuf.FileDescriptorSet`, as the `DESCRIPTORS` of generated code is. For messages that travel in an
    /// `Any` or as details of a status, for extensions, and for traits under `#[service]` whose exported file was
    /// compiled. What does not decode is left out.
    pub fn descriptors(mut self, set: &'static [u8]) -> Self {
        self.built_in.descriptors.push(set);
        self
    }
}
