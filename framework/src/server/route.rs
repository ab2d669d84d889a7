//! From a method's path to its handler, and the handler's run: under its deadline, with its context, panics caught.
//! It refuses to decode: that is the skeleton's.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::BuildHasherDefault;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fnv::FnvHasher;
use tokio::time::Sleep;

use super::handle::{Dispatch, Limits, ServerCall, unknown_method};
use super::inline::PollCost;
use crate::call::ambient::{Ambient, Scoped};
use crate::call::frame::Limit;
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{
    Code, Deadline, MethodHandle, MethodSpec, RawCall, RawReply, RouteId, ServiceSpec, Status,
};
use crate::middleware::Next;
use crate::observe::Panicked;
use crate::overrides::{self, At, Overrides, Policies};

/// All methods of a server by their paths. The table is the server's own, so no peer can make its paths collide:
/// a fast hash will do.
pub(crate) struct Routes {
    table: HashMap<&'static str, usize, BuildHasherDefault<FnvHasher>>,
    entries: Vec<Entry>,
    services: Vec<Target>,
    fallback: Option<Next>,
    limits: Limits,
    /// What a file says, where there is one.
    overrides: Option<Arc<Overrides>>,
}

/// How many of its services a server names to a caller that asked for another: a mistaken name is seen among
/// few, and the message stays short.
const NAMED_SERVICES: usize = 8;

/// One method of one service.
struct Entry {
    spec: &'static MethodSpec,
    service: usize,
    index: usize,
    cost: PollCost,
    /// Whether it is called by those who only want to know that the server is there.
    is_probe: bool,
}

struct Target {
    dispatch: Arc<dyn Dispatch>,
    /// The layers of this service alone.
    layers: Option<Next>,
    /// Whether the server brings it along: nobody is told of it who did not ask.
    is_built_in: bool,
}

impl Routes {
    pub(crate) fn new(
        limits: Limits,
        fallback: Option<Next>,
        overrides: Option<Arc<Overrides>>,
    ) -> Self {
        Self {
            table: HashMap::default(),
            entries: Vec::new(),
            services: Vec::new(),
            fallback,
            limits,
            overrides,
        }
    }

    /// Adds a service. False when one of its name is there already.
    pub(crate) fn add(
        &mut self,
        dispatch: Arc<dyn Dispatch>,
        layers: &crate::middleware::Layers,
    ) -> bool {
        if self.has(dispatch.spec().name()) {
            return false;
        }
        let layers = (!layers.is_empty()).then(|| {
            layers.around(Next::new(Skeletal {
                dispatch: Arc::clone(&dispatch),
                limits: self.limits,
                overrides: self.overrides.clone(),
            }))
        });
        let target = Target {
            dispatch,
            layers,
            is_built_in: false,
        };
        self.insert(target, |_| false);
        true
    }

    /// Adds a service that the server brings along, unless one of its name is there already.
    pub(crate) fn add_built_in(
        &mut self,
        dispatch: Arc<dyn Dispatch>,
        is_probe: impl Fn(&MethodSpec) -> bool,
    ) {
        if self.has(dispatch.spec().name()) {
            return;
        }
        let target = Target {
            dispatch,
            layers: None,
            is_built_in: true,
        };
        self.insert(target, is_probe);
    }

    fn has(&self, name: &str) -> bool {
        let mut names = self
            .services
            .iter()
            .map(Target::spec)
            .map(ServiceSpec::name);
        names.any(|known| known == name)
    }

    fn insert(&mut self, target: Target, is_probe: impl Fn(&MethodSpec) -> bool) {
        let spec = target.spec();
        let service = self.services.len();
        for (index, method) in spec.methods().iter().copied().enumerate() {
            self.table.insert(method.path(), self.entries.len());
            self.entries.push(Entry {
                spec: method,
                service,
                index,
                cost: PollCost::unknown(),
                is_probe: is_probe(method),
            });
        }
        self.services.push(target);
    }

    /// The one lookup of a call.
    pub(crate) fn find(&self, path: &str) -> Option<RouteId> {
        let entry = self.table.get(path).copied()?;
        let index = self.entries.get(entry)?.index;
        Some(RouteId { entry, index })
    }

    pub(crate) fn method(&self, route: RouteId) -> Option<MethodHandle> {
        self.entries.get(route.entry).map(|entry| entry.spec.into())
    }

    /// How large requests of a method may be: as the file of policies says, else as the method declares, else as the
    /// server is set.
    pub(crate) fn request_limit(&self, method: &MethodSpec) -> Limit {
        request_limit(method, self.limits, self.overrides.as_deref())
    }

    /// Does somebody handle calls of methods that no service has?
    pub(crate) fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    pub(crate) fn overrides(&self) -> Option<&Overrides> {
        self.overrides.as_deref()
    }

    /// Does it come from those who only want to know that the server is there?
    pub(crate) fn is_probe(&self, call: &RawCall) -> bool {
        let entry = call.route.and_then(|route| self.entries.get(route.entry));
        entry.is_some_and(|entry| entry.is_probe)
    }

    /// What holds for calls of all methods, but of those that the server brings along.
    pub(crate) fn policies(&self) -> Policies {
        let methods = self.specs().into_iter().flat_map(ServiceSpec::methods);
        let methods = methods.copied();
        let run_time = self.overrides().map(Overrides::run_time);
        overrides::show(methods, run_time, At::Server, self.limits.shown())
    }

    /// How long the first poll of this method's calls takes.
    pub(crate) fn cost(&self, entry: usize) -> Option<&PollCost> {
        self.entries.get(entry).map(|entry| &entry.cost)
    }

    /// The services, but those that the server brings along.
    pub(crate) fn specs(&self) -> Vec<&'static ServiceSpec> {
        let services = self.services.iter();
        let added = services.filter(|service| !service.is_built_in);
        added.map(Target::spec).collect()
    }

    pub(crate) async fn serve(&self, call: &mut RawCall) -> Result<RawReply, Status> {
        // A layer may have made the call anew.
        let route = call.route.or_else(|| self.find(call.method.path()));
        let Some(entry) = route.and_then(|route| self.entries.get(route.entry)) else {
            return match &self.fallback {
                Some(fallback) => {
                    let (method, ambient) = (call.method.clone(), call.ambient());
                    // Inside, so that what a plain closure does before it returns its future inherits, too.
                    Guarded::new(method, ambient, async { fallback.serve(call.take()).await }).await
                }
                None => Err(self.unknown(call.method())),
            };
        };
        let target = &self.services[entry.service];
        if call.route.is_none() {
            call.limit = self.request_limit(entry.spec);
        }
        call.route = route;
        match &target.layers {
            None => {
                handle(
                    &*target.dispatch,
                    entry.index,
                    call.take(),
                    self.limits.reply,
                )
                .await
            }
            Some(layers) => {
                let (method, ambient) = (call.method.clone(), call.ambient());
                Guarded::new(method, ambient, async { layers.serve(call.take()).await })
                    .await
                    .map_err(Status::for_caller)
            }
        }
    }

    fn unknown(&self, method: &MethodSpec) -> Status {
        if self.has(method.service()) {
            return unknown_method(method);
        }
        let names: Vec<_> = self.specs().into_iter().map(ServiceSpec::name).collect();
        let mut named = match names.get(..NAMED_SERVICES) {
            _ if names.is_empty() => "none".to_owned(),
            Some(named) => named.join(", "),
            None => names.join(", "),
        };
        if names.len() > NAMED_SERVICES {
            named += &format!(" and {} more", names.len() - NAMED_SERVICES);
        }
        Status::unimplemented(format!(
            "this server has no service {}; it has {named}",
            method.service(),
        ))
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.specs().into_iter().map(ServiceSpec::name);
        f.debug_list().entries(names).finish()
    }
}

impl Target {
    fn spec(&self) -> &'static ServiceSpec {
        self.dispatch.spec()
    }
}

impl Serve for Arc<Routes> {
    fn serve(&self, mut call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let routes = Arc::clone(self);
        Box::pin(async move { Routes::serve(&routes, &mut call).await })
    }
}

/// A service inside the layers that are its own.
struct Skeletal {
    dispatch: Arc<dyn Dispatch>,
    limits: Limits,
    overrides: Option<Arc<Overrides>>,
}

impl Serve for Skeletal {
    fn serve(&self, mut call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        // A layer may have made the call anew.
        let index = match call.route {
            Some(route) => Some(route.index),
            None => {
                let mut methods = self.dispatch.spec().methods().iter().enumerate();
                let found = methods.find(|(_, method)| method.path() == call.method.path());
                found.map(|(index, method)| {
                    call.limit = request_limit(method, self.limits, self.overrides.as_deref());
                    index
                })
            }
        };
        match index {
            Some(index) => Box::pin(handle(&*self.dispatch, index, call, self.limits.reply)),
            None => Box::pin(std::future::ready(Err(unknown_method(call.method())))),
        }
    }
}

fn request_limit(method: &MethodSpec, limits: Limits, overrides: Option<&Overrides>) -> Limit {
    let declared = method.request_limit(limits.request);
    match overrides {
        None => declared,
        Some(file) => file.of(method).request_limit(declared),
    }
}

/// What requests are bounded by came with the call's route.
fn handle(
    dispatch: &dyn Dispatch,
    index: usize,
    call: RawCall,
    reply: Limit,
) -> Guarded<BoxFuture<Result<RawReply, Status>>> {
    let (method, ambient) = (call.method.clone(), call.ambient());
    let request = call.limit;
    let call = ServerCall::new(call, Limits { request, reply });
    Guarded::new(method, ambient, dispatch.dispatch(index, call))
}

pin_project_lite::pin_project! {
    /// A handler's future: it ends at its deadline, its calls inherit its context, and a panic is an INTERNAL status.
    pub(crate) struct Guarded<F> {
        #[pin]
        handler: Caught<Scoped<F>>,
        deadline: Option<Deadline>,
        // Made when the handler first waits: most answer at once.
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<F> Guarded<F> {
    pub(crate) fn new(method: MethodHandle, ambient: Ambient, handler: F) -> Self {
        Self {
            deadline: ambient.deadline,
            handler: Caught::new(method, Scoped::new(ambient, handler)),
            timer: None,
        }
    }
}

impl<F, T> Future for Guarded<F>
where
    F: Future<Output = Result<T, Status>>,
{
    type Output = Result<T, Status>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.handler.poll(cx) {
            return Poll::Ready(result);
        }
        if let Some(deadline) = this.deadline.take() {
            let timer = tokio::time::sleep_until(deadline.instant());
            this.timer.set(Some(timer));
        }
        let Some(timer) = this.timer.as_pin_mut() else {
            return Poll::Pending;
        };
        timer.poll(cx).map(|()| {
            Err(Status::deadline_exceeded(
                "the deadline passed while the handler was working",
            ))
        })
    }
}

pin_project_lite::pin_project! {
    /// A future whose panic is an INTERNAL status. What was panicked with is for the log of this process, not for the
    /// caller.
    pub(crate) struct Caught<F> {
        method: MethodHandle,
        #[pin]
        future: F,
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(method: MethodHandle, future: F) -> Self {
        Self { method, future }
    }
}

impl<F, T> Future for Caught<F>
where
    F: Future<Output = Result<T, Status>>,
{
    type Output = Result<T, Status>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // After a panic the future is never polled again, only dropped.
        catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))).unwrap_or_else(|panic| {
            let panicked = Panicked::caught(&*panic, this.method);
            let status = Status::new(Code::Internal, "the handler panicked");
            Poll::Ready(Err(status.with_source(panicked)))
        })
    }
}
