//! A service whose handlers are closures of the test, and the ways in which a test learns what became of them.
//! It does nothing by itself: a handler that was not given answers UNIMPLEMENTED.

use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

use sinew::{Context, Inbound, Outbound, Result, Skeleton, Status};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::talk::{Say, Talk, talk};

pub(crate) type Fut<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

type Once = dyn for<'a> Fn(&'a Context, Say) -> Fut<'a, Say> + Send + Sync;
type Down = dyn for<'a> Fn(&'a Context, Say, &'a mut Outbound<Say>) -> Fut<'a, ()> + Send + Sync;
type Up = dyn for<'a> Fn(&'a Context, Inbound<Say>) -> Fut<'a, Say> + Send + Sync;
type Both =
    dyn for<'a> Fn(&'a Context, Inbound<Say>, &'a mut Outbound<Say>) -> Fut<'a, ()> + Send + Sync;

#[derive(Default)]
pub(crate) struct Double {
    once: Option<Box<Once>>,
    down: Option<Box<Down>>,
    up: Option<Box<Up>>,
    both: Option<Box<Both>>,
}

impl Double {
    pub(crate) fn once<F>(mut self, f: F) -> Self
    where
        F: for<'a> Fn(&'a Context, Say) -> Fut<'a, Say> + Send + Sync + 'static,
    {
        self.once = Some(Box::new(f));
        self
    }

    pub(crate) fn down<F>(mut self, f: F) -> Self
    where
        F: for<'a> Fn(&'a Context, Say, &'a mut Outbound<Say>) -> Fut<'a, ()>
            + Send
            + Sync
            + 'static,
    {
        self.down = Some(Box::new(f));
        self
    }

    pub(crate) fn up<F>(mut self, f: F) -> Self
    where
        F: for<'a> Fn(&'a Context, Inbound<Say>) -> Fut<'a, Say> + Send + Sync + 'static,
    {
        self.up = Some(Box::new(f));
        self
    }

    pub(crate) fn both<F>(mut self, f: F) -> Self
    where
        F: for<'a> Fn(&'a Context, Inbound<Say>, &'a mut Outbound<Say>) -> Fut<'a, ()>
            + Send
            + Sync
            + 'static,
    {
        self.both = Some(Box::new(f));
        self
    }

    pub(crate) fn skeleton(self) -> Skeleton {
        talk::server(self)
    }
}

fn none() -> Status {
    Status::unimplemented("the test gave no handler")
}

impl Talk for Double {
    async fn once(&self, cx: &Context, req: Say) -> Result<Say> {
        self.once.as_ref().ok_or_else(none)?(cx, req).await
    }

    async fn down(&self, cx: &Context, req: Say, out: &mut Outbound<Say>) -> Result<()> {
        self.down.as_ref().ok_or_else(none)?(cx, req, out).await
    }

    async fn up(&self, cx: &Context, rx: Inbound<Say>) -> Result<Say> {
        self.up.as_ref().ok_or_else(none)?(cx, rx).await
    }

    async fn both(&self, cx: &Context, rx: Inbound<Say>, out: &mut Outbound<Say>) -> Result<()> {
        self.both.as_ref().ok_or_else(none)?(cx, rx, out).await
    }
}

/// What happened, in its order.
pub(crate) struct Events<T>(mpsc::UnboundedReceiver<T>);

/// Where it is told.
pub(crate) struct Tell<T>(mpsc::UnboundedSender<T>);

impl<T> Clone for Tell<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) fn events<T>() -> (Tell<T>, Events<T>) {
    let (tell, told) = mpsc::unbounded_channel();
    (Tell(tell), Events(told))
}

impl<T> Tell<T> {
    pub(crate) fn tell(&self, event: T) {
        // The test may have seen enough.
        let _ = self.0.send(event);
    }

    /// Tells when it is dropped.
    pub(crate) fn at_drop(&self, event: T) -> AtDrop<T> {
        AtDrop(self.clone(), Some(event))
    }
}

impl<T> Events<T> {
    /// The next event; a test that waits for what never comes fails instead of hanging.
    pub(crate) async fn next(&mut self) -> T {
        timeout(Duration::from_secs(20), self.0.recv())
            .await
            .expect("nothing happened for 20 s")
            .expect("nobody is left to tell")
    }

    pub(crate) async fn expect(&mut self, event: T)
    where
        T: Debug + PartialEq,
    {
        assert_eq!(self.next().await, event);
    }

    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.is_empty()
    }
}

#[must_use]
pub(crate) struct AtDrop<T>(Tell<T>, Option<T>);

impl<T> Drop for AtDrop<T> {
    fn drop(&mut self) {
        if let Some(event) = self.1.take() {
            self.0.tell(event);
        }
    }
}
