//! A future whose polls are in a span, and its being dropped, too.
//! It refuses to own the span: who observes the call keeps it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tracing::Span;

pin_project_lite::pin_project! {
    /// A future that is polled, and dropped, in a span.
    pub(crate) struct InSpan<'a, F> {
        span: Option<&'a Span>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InSpan<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.span.map(Span::enter);
            this.future.set(None);
        }
    }
}

impl<'a, F> InSpan<'a, F> {
    pub(crate) fn new(span: Option<&'a Span>, future: F) -> Self {
        Self {
            span,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for InSpan<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.map(Span::enter);
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            // Only a future that is being dropped has none.
            None => Poll::Pending,
        }
    }
}
