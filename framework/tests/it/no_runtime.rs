//! Calls that are polled where no tokio runs: they end and say so.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use sinew::{Channel, ChannelBuilder, Code, RawCall, Server, Status};

use crate::double::Double;
use crate::talk::{Say, talk};

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor that is nothing else.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn check(result: Result<(), Status>, context: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{context} {status}");
    let says = status.message().contains("outside of a tokio runtime");
    assert!(says, "{context} {status}");
}

#[test]
fn a_call_outside_of_a_runtime_says_so() {
    let server = || Server::new().add(Double::default().skeleton());
    let builder = || Channel::builder("http://127.0.0.1:1");
    let build: [fn(ChannelBuilder) -> ChannelBuilder; 2] = [|b| b, |b| b.without_timeout()];
    for (n, f) in build.into_iter().enumerate() {
        for (way, channel) in [
            ("TCP", f(builder()).build().unwrap()),
            ("in process", f(builder()).build_in_process(server())),
        ] {
            let context = format!("{way}, builder {n}");
            let talk = talk::Client::new(channel.clone());
            let say = Say::default;
            check(block_on(talk.once(say())).map(drop), &context);
            check(block_on(talk.down(say())).map(drop), &context);
            check(block_on(talk.up()).map(drop), &context);
            check(block_on(talk.both()).map(drop), &context);
            let raw = channel.call(RawCall::new("/test.v1.Talk/Once", ""));
            check(block_on(raw).map(drop), &context);
        }
    }
    let channel = builder().build().unwrap();
    check(block_on(channel.ready()), "ready");
}
