//! How generated code says what a method declares: one constant function an option.
//! It refuses to judge a value: the generator has.

use std::time::Duration;

use super::{FieldHash, Idempotency, Key, Method, RoutingKey};
use crate::call::Code;
use crate::call::policy::{Criticality, Declared, Hedge, Retry, Routing, Source};

impl<Req, Resp> Method<Req, Resp> {
    /// Declares what repeating the call does.
    #[must_use]
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.spec.idempotency = idempotency;
        self
    }

    /// Declares that nobody should call it any more.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.spec.deprecated = true;
        self
    }

    /// What follows is declared by the service, for its methods.
    #[must_use]
    pub const fn by_service(mut self) -> Self {
        self.by = Source::Service;
        self
    }

    /// What follows is declared by the service config that the IDL was compiled with.
    #[must_use]
    pub const fn by_service_config(mut self) -> Self {
        self.by = Source::ServiceConfig;
        self
    }

    /// Declares what a call may take if it does not say itself, streams included. It holds at the client; a server
    /// takes the deadline that its caller sends.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.policy.timeout = self.declared(timeout);
        self
    }

    /// Declares the longest silence in a stream of replies, if the call does not say itself. It holds at the client.
    #[must_use]
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.spec.policy.idle_timeout = self.declared(timeout);
        self
    }

    /// Declares the largest request, or message of a stream of requests, in bytes. It holds at both sides, in place of
    /// what the channel and the server are set to.
    #[must_use]
    pub const fn max_request_bytes(mut self, bytes: u32) -> Self {
        self.spec.policy.max_request_bytes = self.declared(bytes);
        self
    }

    /// Declares the largest reply, or message of a stream of replies, in bytes. It holds at the client, in place of
    /// what the channel is set to.
    #[must_use]
    pub const fn max_reply_bytes(mut self, bytes: u32) -> Self {
        self.spec.policy.max_reply_bytes = self.declared(bytes);
        self
    }

    /// Declares whether calls wait for a connection also while connecting fails, if they do not say themselves.
    #[must_use]
    pub const fn wait_for_ready(mut self, waits: bool) -> Self {
        self.spec.policy.wait_for_ready = self.declared(waits);
        self
    }

    /// Declares attempts one after the other. Nobody acts on it yet.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.spec.policy.retry = self.declared(retry);
        self
    }

    /// Declares attempts side by side. Nobody acts on it yet.
    #[must_use]
    pub const fn hedge(mut self, hedge: Hedge) -> Self {
        self.spec.policy.hedge = self.declared(hedge);
        self
    }

    /// Declares the field that calls are placed by, by its path, and how it is hashed.
    #[must_use]
    pub const fn hash_key(mut self, path: &'static str, hash: FieldHash<Req>) -> Self {
        self.spec.policy.hash_key = self.declared(path);
        self.key = Some(Key::Field(hash));
        self
    }

    /// Declares the rule that makes the key that calls are placed by, and how it is told the values of its fields.
    #[must_use]
    pub const fn routing(mut self, rule: Routing, key: RoutingKey<Req>) -> Self {
        self.spec.policy.routing = self.declared(rule);
        self.key = Some(Key::Rule(rule, key));
        self
    }

    /// Declares how much a call matters when not all can be served. Nobody acts on it yet.
    #[must_use]
    pub const fn criticality(mut self, criticality: Criticality) -> Self {
        self.spec.policy.criticality = self.declared(criticality);
        self
    }

    /// Declares whom a call is for: the path of a field, or `metadata:` and a key. Nobody acts on it yet.
    #[must_use]
    pub const fn user_key(mut self, key: &'static str) -> Self {
        self.spec.policy.user_key = self.declared(key);
        self
    }

    /// Declares the messages that come as details of its statuses, each with its code.
    #[must_use]
    pub const fn errors(mut self, errors: &'static [(&'static str, Code)]) -> Self {
        self.spec.policy.errors = errors;
        self
    }

    const fn declared<T: Copy>(&self, value: T) -> Option<Declared<T>> {
        let source = self.by;
        Some(Declared { value, source })
    }
}
