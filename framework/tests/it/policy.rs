//! What a method declares in the IDL: what of it holds where nobody says anything else, and where it holds.

use std::time::Duration;

use sinew::codegen::{self, Dispatch, Handling, ServerCall};
use sinew::{Channel, Code, Context, Method, Server, ServiceSpec, Skeleton, from_fn};

use crate::double::Double;
use crate::talk::Say;
use crate::world::{WAYS, Way, World};

// As the generator writes them; the paths are those of `talk`.
static ONCE: Method<Say, Say> = Method::unary("/test.v1.Talk/Once")
    .timeout(Duration::from_millis(250))
    .max_request_bytes(100);
static DOWN: Method<Say, Say> = Method::server_stream("/test.v1.Talk/Down")
    .idle_timeout(Duration::from_millis(500))
    .max_request_bytes(100);
static UP: Method<Say, Say> = Method::client_stream("/test.v1.Talk/Up")
    .timeout(Duration::from_secs(60))
    .max_request_bytes(100);
static BOTH: Method<Say, Say> =
    Method::bidi("/test.v1.Talk/Both").idle_timeout(Duration::from_millis(500));
static SERVICE: ServiceSpec = ServiceSpec::new(
    "test.v1.Talk",
    &[ONCE.spec(), DOWN.spec(), UP.spec(), BOTH.spec()],
);

/// The same methods as a caller sees them that has an older IDL, or none.
static ONCE_WITHOUT: Method<Say, Say> = Method::unary("/test.v1.Talk/Once");
static UP_WITHOUT: Method<Say, Say> = Method::client_stream("/test.v1.Talk/Up");

const SETTING: &str = "raise it with `max_request_bytes` of its method";

/// Answers at once, with the milliseconds that its caller waits.
struct Declared;

impl Dispatch for Declared {
    fn spec(&self) -> &'static ServiceSpec {
        &SERVICE
    }

    fn dispatch(&self, index: usize, call: ServerCall) -> Handling {
        match index {
            0 => Box::pin(async move {
                let (cx, _) = call.unary(&ONCE).await?;
                let left = left(&cx);
                cx.reply(&ONCE, Ok(left))
            }),
            2 => Box::pin(async move {
                let (cx, mut rx) = call.client_stream(&UP)?;
                let left = left(&cx);
                while rx.next().await?.is_some() {}
                cx.reply(&UP, Ok(left))
            }),
            _ => call.unknown_method(),
        }
    }
}

fn declared() -> Skeleton {
    codegen::skeleton(Declared)
}

fn left(cx: &Context) -> Say {
    let left = cx.remaining();
    let left = left.map_or(0, |left| u32::try_from(left.as_millis()).unwrap());
    Say::new("", left)
}

fn large(bytes: usize) -> Say {
    let say = Say::new(&"x".repeat(bytes - 2), 0);
    assert_eq!(prost::Message::encoded_len(&say), bytes);
    say
}

async fn up(
    channel: &Channel,
    method: &'static Method<Say, Say>,
    say: Say,
) -> Result<Say, sinew::Status> {
    let (mut out, reply) = codegen::client_stream(channel, method).await?;
    match out.send(say).await {
        Ok(()) => out.finish(),
        Err(ended) if ended.code() == Code::Cancelled => {}
        Err(status) => return Err(status),
    }
    reply.await
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_method_stands_between_that_of_the_call_and_that_of_the_channel() {
    let channel = Channel::builder("http://unused:1").timeout(Duration::from_secs(5));
    let channel = channel.build_in_process(Server::new().add(declared()));
    let call = || codegen::unary(&channel, &ONCE, Say::default());
    assert_eq!(call().await.unwrap().count, 250);
    let ms = Duration::from_millis;
    assert_eq!(call().timeout(ms(100)).await.unwrap().count, 100);
    assert_eq!(call().timeout(ms(800)).await.unwrap().count, 800);
    // A declared timeout holds for streams, too; that of the channel does not.
    assert_eq!(
        up(&channel, &UP, Say::default()).await.unwrap().count,
        60_000
    );
    let without = up(&channel, &UP_WITHOUT, Say::default()).await.unwrap();
    assert_eq!(without.count, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_the_timeout_of_its_method() {
    let channel = Channel::in_process(
        Double::default()
            .once(|_, _| Box::pin(std::future::pending()))
            .skeleton(),
    );
    let began = tokio::time::Instant::now();
    let late = codegen::unary(&channel, &ONCE, Say::default()).await;
    assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(began.elapsed(), Duration::from_millis(250));
}

#[tokio::test]
async fn a_server_takes_the_deadline_of_its_caller_and_invents_none() {
    for way in WAYS {
        let world = World::of(way, declared()).await;
        // A caller with an older IDL: it sends the timeout of its channel.
        let call = codegen::unary(&world.channel, &ONCE_WITHOUT, Say::default());
        assert!(call.await.unwrap().count > 250, "{way:?}");
        let without = up(&world.channel, &UP_WITHOUT, Say::default()).await;
        assert_eq!(without.unwrap().count, 0, "{way:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_after_the_idle_timeout_of_its_method_unless_the_call_says_otherwise() {
    let silent = || {
        Double::default()
            .down(|_, _, out| {
                Box::pin(async move {
                    out.send(Say::default()).await?;
                    std::future::pending().await
                })
            })
            .both(|_, rx, out| {
                Box::pin(async move {
                    let _unread = rx;
                    out.send(Say::default()).await?;
                    std::future::pending().await
                })
            })
    };
    let channel = Channel::in_process(silent().skeleton());
    let down = || codegen::server_stream(&channel, &DOWN, Say::default());
    let own = Duration::from_secs(3);
    for (idle_timeout, want) in [(None, Duration::from_millis(500)), (Some(own), own)] {
        let call = match idle_timeout {
            Some(timeout) => down().idle_timeout(timeout),
            None => down(),
        };
        let mut replies = call.await.unwrap();
        replies.next().await.unwrap().unwrap();
        let began = tokio::time::Instant::now();
        let idle = replies.next().await.unwrap_err();
        assert_eq!(idle.code(), Code::DeadlineExceeded);
        assert_eq!(began.elapsed(), want);
    }
    let (_out, mut replies) = codegen::bidi(&channel, &BOTH).await.unwrap();
    replies.next().await.unwrap().unwrap();
    let idle = replies.next().await.unwrap_err();
    assert!(idle.message().contains("idle timeout of 500ms"), "{idle}");
}

#[tokio::test]
async fn a_client_sends_no_request_over_the_limit_of_its_method() {
    // The server would take it.
    let echo = || {
        Double::default()
            .once(|_, say| Box::pin(async move { Ok(say) }))
            .down(|_, say, out| Box::pin(async move { out.send(say).await }))
            .up(|_, mut rx| {
                Box::pin(async move {
                    while rx.next().await?.is_some() {}
                    Ok(Say::default())
                })
            })
    };
    for way in WAYS {
        let world = World::of(way, echo().skeleton()).await;
        let channel = &world.channel;
        codegen::unary(channel, &ONCE, large(100)).await.unwrap();
        up(channel, &UP, large(100)).await.unwrap();
        let once = codegen::unary(channel, &ONCE, large(101)).await.map(drop);
        let down = codegen::server_stream(channel, &DOWN, large(101));
        let down = down.await.map(drop);
        let up = up(channel, &UP, large(101)).await.map(drop);
        for over in [once, down, up] {
            let over = over.unwrap_err();
            assert_eq!(over.code(), Code::ResourceExhausted, "{way:?}");
            let says = "a message to send of 101 bytes is over the limit of 100 bytes";
            assert!(over.message().contains(says), "{way:?} {over}");
            assert!(over.message().contains(SETTING), "{way:?} {over}");
        }
    }
}

#[tokio::test]
async fn a_server_takes_no_request_over_the_limit_of_its_method() {
    for way in WAYS {
        let world = World::of(way, declared()).await;
        let channel = &world.channel;
        codegen::unary(channel, &ONCE_WITHOUT, large(100))
            .await
            .unwrap();
        up(channel, &UP_WITHOUT, large(100)).await.unwrap();
        let once = codegen::unary(channel, &ONCE_WITHOUT, large(101)).await;
        let up = up(channel, &UP_WITHOUT, large(101)).await;
        for over in [once, up] {
            let over = over.unwrap_err();
            assert_eq!(over.code(), Code::ResourceExhausted, "{way:?}");
            let says = "101 bytes is over the limit of 100 bytes";
            assert!(over.message().contains(says), "{way:?} {over}");
            assert!(over.message().contains(SETTING), "{way:?} {over}");
        }
    }
}

#[tokio::test]
async fn the_limit_of_a_method_stands_in_place_of_those_of_channel_and_server() {
    for way in WAYS {
        let server = || Server::new().add(declared()).max_request_bytes(10);
        let world = World::server(way, server()).await;
        let builder = Channel::builder(&world.url).max_request_bytes(10);
        let channel = match way {
            Way::InProcess => builder.build_in_process(server()),
            _ => builder.build().unwrap(),
        };
        let once = codegen::unary(&channel, &ONCE, large(100)).await;
        once.unwrap_or_else(|over| panic!("{way:?} {over}"));
        let over = codegen::unary(&channel, &ONCE_WITHOUT, large(100)).await;
        let over = over.unwrap_err();
        let setting = "`ChannelBuilder::max_request_bytes`";
        assert!(over.message().contains(setting), "{way:?} {over}");
    }
}

#[tokio::test]
async fn a_layer_that_reads_the_request_meets_the_same_limit() {
    for way in WAYS {
        let reads = from_fn(|mut call: sinew::RawCall, next: sinew::Next| async move {
            call.read_message().await?;
            next.run(call).await
        });
        let world = World::server(way, Server::new().layer(reads).add(declared())).await;
        let call = codegen::unary(&world.channel, &ONCE_WITHOUT, large(101));
        let over = call.await.unwrap_err();
        assert_eq!(over.code(), Code::ResourceExhausted, "{way:?}");
        assert!(over.message().contains(SETTING), "{way:?} {over}");
        codegen::unary(&world.channel, &ONCE_WITHOUT, large(100))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_call_that_is_passed_on_has_what_its_method_declares() {
    let behind = Channel::in_process(declared());
    let pass = move |call: sinew::RawCall, _: sinew::Next| {
        let behind = behind.clone();
        async move { behind.call(call).await }
    };
    let world = World::server(Way::Tcp, Server::new().layer(from_fn(pass)).add(declared())).await;
    // The caller has no limit; the server in front knows the method.
    let channel = Channel::builder(&world.url).without_timeout();
    let channel = channel.build().unwrap();
    let reply = codegen::unary(&channel, &ONCE_WITHOUT, Say::default()).await;
    assert!((1..=250).contains(&reply.unwrap().count));
}
