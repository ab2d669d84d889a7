//! A file's entries by the methods that they are for: one lookup a call, and no allocation.
//! It refuses to merge entries: a method gets one, the most specific, as in gRPC.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::time::Duration;

use fnv::FnvHasher;
use sinew_service_config as format;
use sinew_service_config::{Level, MethodConfig, ServiceConfig};

use crate::call::frame::Limit;
use crate::call::policy::{Criticality, Delay, Hedge, Retry};
use crate::call::{Code, Idempotency, MethodSpec};

/// What a file says of a method.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Override {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_request_bytes: Option<u32>,
    pub(crate) max_reply_bytes: Option<u32>,
    pub(crate) wait_for_ready: Option<bool>,
    pub(crate) retry: Option<Retry>,
    pub(crate) hedge: Option<Hedge>,
    pub(crate) criticality: Option<Criticality>,
}

impl Override {
    /// How large requests may be: as the file says, or as without it.
    pub(crate) fn request_limit(&self, otherwise: Limit) -> Limit {
        let setting = "`maxRequestMessageBytes` of the policy file";
        limit(self.max_request_bytes, setting, otherwise)
    }

    /// How large replies may be: as the file says, or as without it.
    pub(crate) fn reply_limit(&self, otherwise: Limit) -> Limit {
        let setting = "`maxResponseMessageBytes` of the policy file";
        limit(self.max_reply_bytes, setting, otherwise)
    }
}

fn limit(bytes: Option<u32>, setting: &'static str, otherwise: Limit) -> Limit {
    match bytes {
        None => otherwise,
        Some(bytes) => Limit {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            setting,
        },
    }
}

/// All entries. Their names are the file's own, so no peer can make them collide: a fast hash will do.
#[derive(Debug, Default)]
pub(crate) struct Table {
    services: HashMap<String, Service, BuildHasherDefault<FnvHasher>>,
    default: Option<Override>,
}

#[derive(Debug, Default)]
struct Service {
    methods: Vec<(String, Override)>,
    otherwise: Option<Override>,
}

impl Table {
    pub(crate) fn new(config: &ServiceConfig) -> Self {
        let mut table = Self::default();
        for entry in &config.methods {
            let all = of(entry);
            for name in &entry.names {
                if name.level() == Level::Default {
                    table.default = Some(all);
                    continue;
                }
                let service = table.services.entry(name.service.clone()).or_default();
                match name.level() {
                    Level::Method => service.methods.push((name.method.clone(), all)),
                    _ => service.otherwise = Some(all),
                }
            }
        }
        for service in table.services.values_mut() {
            service
                .methods
                .sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        table
    }

    /// What the file says of a method, and how it names it.
    pub(crate) fn of(&self, method: &MethodSpec) -> Option<(&Override, Level)> {
        let service = self.services.get(method.service());
        let named = service.and_then(|service| {
            let methods = &service.methods;
            let index = methods.binary_search_by(|(name, _)| name.as_str().cmp(method.name()));
            let own = index.ok().and_then(|index| methods.get(index));
            let own = own.map(|(_, own)| (own, Level::Method));
            own.or(service.otherwise.as_ref().map(|all| (all, Level::Service)))
        });
        named.or(self.default.as_ref().map(|all| (all, Level::Default)))
    }
}

/// Whether an entry's repetitions hold for a method that it names at this level.
pub(crate) fn repeats(level: Level, method: &MethodSpec) -> bool {
    let is_repeatable = method.idempotency() != Idempotency::Unsafe;
    MethodConfig::repeats(level, method.shape().client_streams(), is_repeatable)
}

fn of(entry: &MethodConfig) -> Override {
    Override {
        timeout: entry.timeout.as_ref().map(|one| one.value),
        idle_timeout: entry.idle_timeout.as_ref().map(|one| one.value),
        max_request_bytes: entry.max_request_bytes.as_ref().map(|one| one.value),
        max_reply_bytes: entry.max_reply_bytes.as_ref().map(|one| one.value),
        wait_for_ready: entry.wait_for_ready.as_ref().map(|one| one.value),
        retry: entry.retry.as_ref().map(|one| {
            let one = &one.value;
            Retry::new()
                .max_attempts(one.max_attempts)
                .initial_backoff(one.initial_backoff)
                .max_backoff(one.max_backoff)
                .multiplier(one.multiplier)
                .codes(&codes(&one.codes))
        }),
        hedge: entry.hedge.as_ref().map(|one| {
            let one = &one.value;
            let hedge = Hedge::new().max_attempts(one.max_attempts);
            hedge
                .delay(Delay::After(one.delay))
                .codes(&codes(&one.codes))
        }),
        criticality: entry.criticality.as_ref().map(|one| match one.value {
            format::Criticality::CriticalPlus => Criticality::CriticalPlus,
            format::Criticality::Critical => Criticality::Critical,
            format::Criticality::SheddablePlus => Criticality::SheddablePlus,
            format::Criticality::Sheddable => Criticality::Sheddable,
        }),
    }
}

fn codes(names: &[&str]) -> Vec<Code> {
    let all = Code::ALL.into_iter();
    all.filter(|code| names.contains(&code.as_str())).collect()
}
