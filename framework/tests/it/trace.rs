//! The trace of a call, carried from the caller to the calls it causes.

use sinew::{Channel, Context, Server};

use crate::double::{Double, events};
use crate::talk::Say;
use crate::world::{WAYS, World};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE: &str = "vendor=a,other=b";

fn shown(cx: &Context) -> String {
    let one = |key: &str| cx.metadata().get_all(key).collect::<Vec<_>>().join("+");
    format!("{} {}", one("traceparent"), one("tracestate"))
}

#[tokio::test]
async fn a_trace_goes_on_to_the_calls_of_a_handler() {
    for way in WAYS {
        let (tell, mut told) = events();
        let last = Double::default().once(move |cx, req| {
            tell.tell(shown(cx));
            Box::pin(async move { Ok(req) })
        });
        let last = World::of(way, last.skeleton()).await;
        let to_last = last.talk();
        let middle = Double::default().once(move |cx, req| {
            let to_last = to_last.clone();
            Box::pin(async move {
                to_last.once(req.clone()).await?;
                let again = to_last.once(req.clone());
                cx.spawn(again).await.unwrap()?;
                let again = async { to_last.once(req.clone()).await };
                Context::background().scope(again).await?;
                // Whoever sends it on by hand does not send it twice.
                let by_hand = to_last.once(req.clone()).metadata("traceparent", PARENT);
                by_hand.await?;
                let none = tokio::spawn(async move { to_last.once(req).await });
                none.await.unwrap()
            })
        });
        let middle = World::of(way, middle.skeleton()).await;
        let call = middle.talk().once(Say::default());
        let call = call
            .metadata("traceparent", PARENT)
            .metadata("tracestate", STATE);
        call.await.unwrap();
        for _ in 0..4 {
            told.expect(format!("{PARENT} {STATE}")).await;
        }
        // Built in a task that inherits nothing.
        told.expect(" ".into()).await;
        assert!(told.is_empty());
    }
}

#[tokio::test]
async fn a_trace_that_is_not_valid_goes_no_further() {
    for way in WAYS {
        let (tell, mut told) = events();
        let last = Double::default().once(move |cx, req| {
            tell.tell(shown(cx));
            Box::pin(async move { Ok(req) })
        });
        let last = World::of(way, last.skeleton()).await;
        let to_last = last.talk();
        let middle = Double::default().once(move |_, req| {
            let call = to_last.once(req);
            Box::pin(call)
        });
        let middle = World::of(way, middle.skeleton()).await;
        for invalid in ["", "00-0-0-01", &PARENT.to_uppercase(), &PARENT[..54]] {
            let call = middle.talk().once(Say::default());
            call.metadata("traceparent", invalid).await.unwrap();
            told.expect(" ".into()).await;
        }
    }
}

/// A channel made and first used inside of a handler carries the trace too, also past layers.
#[tokio::test]
async fn layers_and_raw_calls_carry_it_too() {
    let (tell, mut told) = events();
    let last = Double::default().once(move |cx, req| {
        tell.tell(shown(cx));
        Box::pin(async move { Ok(req) })
    });
    let last = World::of(crate::world::Way::Tcp, last.skeleton()).await;
    let url = last.url.clone();
    let auth = move |call: sinew::RawCall, next: sinew::Next| {
        let url = url.clone();
        async move {
            let channel = Channel::to(&url)?;
            channel
                .call(sinew::RawCall::new("/test.v1.Talk/Once", ""))
                .await?;
            next.run(call).await
        }
    };
    let server = Server::new().layer(sinew::from_fn(auth)).add(
        Double::default()
            .once(|_, req| Box::pin(async move { Ok(req) }))
            .skeleton(),
    );
    let world = World::server(crate::world::Way::Tcp, server).await;
    let call = world.talk().once(Say::default());
    call.metadata("traceparent", PARENT).await.unwrap();
    told.expect(format!("{PARENT} ")).await;
}
