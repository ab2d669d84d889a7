//! Which endpoint a call goes to, what it costs on the way, and what it is told of a call that cannot be sent.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;

use super::*;
use crate::balance::Balance;
use crate::call::Payload;
use crate::call::body::Body;
use crate::call::key::HashKeyField;
use crate::call::key::hash::KeyHash;
use crate::call::unexecuted::Unexecuted;
use crate::endpoint::{Node, Phase};
use crate::transport::scripted::Scripted;

pub(in crate::client) fn two(_: RawCall) -> Result<RawReply, Status> {
    let framed = Bytes::from_static(&[0, 0, 0, 0, 2, 8, 2]);
    Ok(RawReply::whole(Payload::Whole(framed)))
}

/// A channel over nodes that are scripted.
pub(in crate::client) fn scripted(
    builder: ChannelBuilder,
    links: Vec<(&str, Scripted)>,
) -> Channel {
    let maker = builder.maker(builder.fleet(links.len() > 1));
    let node = |(name, link)| {
        let link = Link::Scripted(link);
        let node = Arc::new(Node::fixed(name, link, &maker.fleet));
        maker.put_around(&node);
        node
    };
    let nodes = links.into_iter().map(node).collect();
    builder.over(nodes, maker, None)
}

#[tokio::test]
async fn a_unary_call_costs_the_stack_one_allocation() {
    let answers = Scripted::Answers(Arc::new(two));
    let channel = scripted(
        Channel::builder("http://scripted:1"),
        vec![("scripted", answers)],
    );
    let mut reply = None;
    // The thread has room for messages from its first one on.
    assert!(polled_once(unary(&channel, &ONCE, 300)).is_ready());
    let cost = allocation_counter::measure(|| {
        reply = Some(polled_once(unary(&channel, &ONCE, 300)));
    });
    assert!(matches!(reply, Some(Poll::Ready(Ok(2)))), "{reply:?}");
    assert_eq!(cost.count_total, 1, "the call's future");
}

/// As `ONCE` and `DOWN`, with their numbers as keys.
static KEYED: Method<u64, u64> =
    Method::unary("/test.v1.Count/Once").hash_key("value", |n: &u64| KeyHash::of(n));
static KEYED_DOWN: Method<u64, u64> =
    Method::server_stream("/test.v1.Count/Down").hash_key("value", |n: &u64| KeyHash::of(n));

#[tokio::test]
async fn a_call_has_the_key_that_it_says_or_else_its_request_has() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let answers = move |call: RawCall| {
        seen.lock().unwrap().push(call.key());
        two(call)
    };
    let links = vec![("scripted", Scripted::Answers(Arc::new(answers)))];
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    let mut want = Vec::new();
    let mut next = |key: &dyn HashKeyField| want.push(KeyHash::of(key));

    let _ = unary(&channel, &ONCE, 7).await;
    next(&None::<String>);
    let _ = unary(&channel, &KEYED, 7).await;
    next(&7_u64);
    let _ = unary(&channel, &KEYED, 7).hash_key("cart-7").await;
    next(&"cart-7".to_owned());
    // What is given is no key: neither is that of the request then.
    let _ = unary(&channel, &KEYED, 7).hash_key("").await;
    next(&None::<String>);
    let _ = server_stream(&channel, &KEYED_DOWN, 7).await;
    next(&7_u64);
    let _ = server_stream(&channel, &DOWN, 7).hash_key(&8).await;
    next(&8);
    let _ = client_stream::<_, _, Status>(&channel, &UP).await;
    next(&None::<String>);
    let _ = client_stream::<_, _, Status>(&channel, &UP)
        .hash_key(&9)
        .await;
    next(&9);
    let _ = bidi(&channel, &BOTH).hash_key(&true).await;
    next(&true);
    let raw = RawCall::new("/test.v1.Count/Once", vec![8, 1]);
    let _ = channel.call(raw.hash_key("raw")).await;
    next(&"raw".to_owned());
    assert_eq!(*keys.lock().unwrap(), want);
}

#[tokio::test]
async fn a_key_costs_no_allocation() {
    let answers = Scripted::Answers(Arc::new(two));
    let links = vec![("scripted", answers)];
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    assert!(polled_once(unary(&channel, &KEYED, 300)).is_ready());
    let cost = allocation_counter::measure(|| {
        assert!(polled_once(unary(&channel, &KEYED, u64::MAX)).is_ready());
    });
    assert_eq!(cost.count_total, 1, "the call's future");
}

#[tokio::test]
async fn a_choice_among_endpoints_costs_no_allocation_and_a_key_at_most_two() {
    let answers = || Scripted::Answers(Arc::new(two));
    let links = (0..5).map(|_| ("scripted", answers())).collect();
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    let keyed = || unary(&channel, &ONCE, 300).hash_key("cart-7");
    let keyless = || unary(&channel, &ONCE, 300);
    // The first ones make room for messages, the ring, and the first sample.
    assert!(polled_once(keyed()).is_ready() && polled_once(keyless()).is_ready());
    let cost = allocation_counter::measure(|| assert!(polled_once(keyless()).is_ready()));
    assert_eq!(cost.count_total, 1, "the call's future");
    let cost = allocation_counter::measure(|| assert!(polled_once(keyed()).is_ready()));
    assert!(
        cost.count_total <= 3,
        "{}: its future, its key, and a walk along the ring",
        cost.count_total
    );
}

#[tokio::test]
async fn a_hanging_call_costs_no_more_and_ends_at_its_deadline() {
    let channel = scripted(
        Channel::builder("http://scripted:1"),
        vec![("scripted", Scripted::Hangs)],
    );
    let timeout = std::time::Duration::from_millis(5);
    let status = unary(&channel, &ONCE, 1)
        .timeout(timeout)
        .await
        .unwrap_err();
    assert_eq!(status.code(), crate::Code::DeadlineExceeded);
    assert!(
        status.message().contains("waited for the reply"),
        "{status}"
    );
}

#[tokio::test]
async fn a_call_goes_past_a_connection_that_is_just_closing() {
    for layered in [false, true] {
        let mut builder = Channel::builder("http://scripted:1");
        if layered {
            let through = |call, next: crate::Next| async move { next.run(call).await };
            builder = builder.attempt_layer(crate::from_fn(through));
        }
        let answers = Scripted::Answers(Arc::new(two));
        let links = vec![("closing", Scripted::Closing), ("open", answers)];
        let channel = scripted(builder, links);
        for n in 0..4 {
            let reply = unary(&channel, &ONCE, n).await;
            assert_eq!(reply.unwrap(), 2, "layered: {layered}, call {n}");
        }
    }
}

#[tokio::test]
async fn a_call_waits_at_the_first_endpoint_whose_queue_has_room() {
    let builder = || Channel::builder("http://scripted:1");
    let busy = Scripted::Busy(Arc::new(two));
    let links = vec![("a", Scripted::Full), ("b", Scripted::Full), ("c", busy)];
    let channel = scripted(builder(), links);
    for _ in 0..4 {
        assert_eq!(unary(&channel, &ONCE, 1).await.unwrap(), 2);
    }
    let links = vec![("a", Scripted::Full), ("b", Scripted::Full)];
    let status = unary(&scripted(builder(), links), &ONCE, 1)
        .await
        .unwrap_err();
    assert_eq!(status.code(), crate::Code::Unavailable);
    for name in ["a", "b"] {
        assert!(status.message().contains(name), "{status}");
    }
}

/// Answers that are counted.
fn counted(
    count: &Arc<AtomicUsize>,
) -> Arc<dyn Fn(RawCall) -> Result<RawReply, Status> + Send + Sync> {
    let count = Arc::clone(count);
    Arc::new(move |call| {
        count.fetch_add(1, Ordering::Relaxed);
        two(call)
    })
}

#[tokio::test]
async fn calls_that_wait_for_a_place_wait_at_all_endpoints_that_may_take_them() {
    let counts = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
    let busy = |count| Scripted::Busy(counted(count));
    let links = ["a", "b", "c"].into_iter().zip(counts.each_ref().map(busy));
    let channel = scripted(Channel::builder("http://scripted:1"), links.collect());
    let place = &channel.0.core.place;
    let now = place.table.fleet().stamp(tokio::time::Instant::now());
    place.table.now().vitals()[0].enter(Phase::Hung, now);
    for n in 0..30 {
        unary(&channel, &ONCE, n).await.unwrap();
    }
    let counts = counts.map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts[0], 0, "it hangs");
    assert!(counts[1] > 5 && counts[2] > 5, "{counts:?}");
}

#[tokio::test]
async fn a_call_that_was_refused_goes_elsewhere() {
    for key in [None, Some("cart-7")] {
        for refuser in 0..3 {
            let refused = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&refused);
            let refuses = Scripted::Answers(Arc::new(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                let status = Status::unavailable("full");
                Err(status.with_unexecuted(Some(Unexecuted::Refused)))
            }));
            let link = |index| match index == refuser {
                true => refuses.clone(),
                false => Scripted::Answers(Arc::new(two)),
            };
            let links = vec![("a", link(0)), ("b", link(1)), ("c", link(2))];
            let builder = Channel::builder("http://scripted:1").balance(Balance::pick_first());
            let channel = scripted(builder, links);
            for n in 0..8 {
                let call = unary(&channel, &ONCE, n);
                let reply = match key {
                    Some(key) => call.hash_key(key).await,
                    None => call.await,
                };
                assert_eq!(reply.unwrap(), 2, "{key:?}, {refuser}");
            }
            if key.is_none() {
                let expected = if refuser == 0 { 8 } else { 0 };
                assert_eq!(refused.load(Ordering::Relaxed), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_call_rests_while_every_connection_is_closing() {
    let links = vec![("a", Scripted::Closing), ("b", Scripted::Closing)];
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    let mut polls = 0;
    let mut call = pin!(unary(&channel, &ONCE, 1).timeout(std::time::Duration::from_millis(20)));
    let ended = std::future::poll_fn(|cx| {
        polls += 1;
        call.as_mut().poll(cx)
    });
    assert_eq!(
        ended.await.unwrap_err().code(),
        crate::Code::DeadlineExceeded
    );
    assert!(polls < 10, "it was polled {polls} times");
}

#[tokio::test]
async fn a_reply_that_does_not_decode_names_its_method() {
    let bad = |_: RawCall| {
        let framed = Bytes::from_static(&[0, 0, 0, 0, 1, 0xff]);
        Ok(RawReply::whole(Payload::Whole(framed)))
    };
    let links = vec![("a", Scripted::Answers(Arc::new(bad)))];
    let channel = scripted(Channel::builder("http://scripted:1"), links);
    for shape in 0..4 {
        let failed = match shape {
            0 => unary(&channel, &ONCE, 1).await.map(drop),
            1 => {
                let mut replies = server_stream(&channel, &DOWN, 1).await.unwrap();
                replies.next().await.map(drop)
            }
            2 => {
                let (_out, reply) = client_stream(&channel, &UP).await.unwrap();
                reply.await.map(drop)
            }
            _ => {
                let (_out, mut heard) = bidi(&channel, &BOTH).await.unwrap();
                heard.next().await.map(drop)
            }
        };
        let failed = failed.unwrap_err();
        assert!(failed.message().contains("does not decode"), "{failed}");
        let path = SERVICE.methods()[shape].to_string();
        assert_eq!(failed.method(), Some(&*path), "{failed}");
    }
}

#[tokio::test]
async fn a_raw_request_over_the_limit_says_that_it_was_not_sent() {
    let builder = Channel::builder("http://scripted:1").max_request_bytes(3);
    let links = vec![("a", Scripted::Answers(Arc::new(two)))];
    let call = RawCall::new("/test.v1.Count/Once", vec![0; 4]);
    let status = scripted(builder, links).call(call).await.unwrap_err();
    assert_eq!(status.code(), crate::Code::ResourceExhausted);
    assert!(
        status.message().starts_with("a message to send of 4 bytes"),
        "{status}"
    );
    assert_eq!(status.method(), Some("test.v1.Count/Once"));
}

#[tokio::test]
async fn requests_that_cannot_be_sent_do_not_reach_the_server() {
    let recorder = Arc::new(Recorder::default());
    let channel = channel(Way::Http2, &recorder);
    whole(&channel, 0).await.unwrap();
    // A stream that came from elsewhere, as of a call that is to be passed on.
    let body = Body::ending(Bytes::new(), Default::default());
    let call = RawCall::with(UP.spec().into(), Payload::Stream(body));
    let status = channel.call(call).await.unwrap_err();
    assert_eq!(status.code(), crate::Code::Internal);
    assert!(status.message().contains("where it was made"), "{status}");
    assert_eq!(status.unexecuted(), Some(Unexecuted::Unsendable));
    let path = RawCall::new("/test.v1.Count/On ce", "");
    let status = channel.call(path).await.unwrap_err();
    assert!(status.message().contains("On ce"), "{status}");
    // It says nothing of the server: five such calls in a row would take it out of use.
    assert_eq!(status.unexecuted(), Some(Unexecuted::Unsendable));
    whole(&channel, 0).await.unwrap();
    settle("a refused call", || idle(&recorder, &channel)).await;
    let ups = |line: &String| {
        line.starts_with(crate::observe::names::SERVER_CALLS) && line.contains("Count/Up")
    };
    assert!(
        !recorder.lines().iter().any(ups),
        "the server has seen its head"
    );
}
