//! The in-process transport under paused time: what takes hours takes no time, and happens the same way each time.

use std::time::Duration;

use sinew::{Channel, Code, Server, Status, from_fn};
use tokio::time::{Instant, sleep};

use crate::double::{Double, Tell, events};
use crate::talk::{Say, talk};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn client(double: Double) -> talk::Client {
    talk::Client::new(Channel::in_process(double.skeleton()))
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_ends_to_the_second() {
    let (tell, mut told) = events();
    let talk = client(Double::default().once(move |_, req| {
        let ends = tell.at_drop(());
        Box::pin(async move {
            let _ends = ends;
            sleep(secs(3)).await;
            Ok(req)
        })
    }));
    let start = Instant::now();
    let late = talk
        .once(Say::default())
        .timeout(secs(1))
        .await
        .unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert_eq!(start.elapsed(), secs(1));
    assert_eq!(late.elapsed(), Some(secs(1)));
    told.expect(()).await;
    let start = Instant::now();
    talk.once(Say::default()).timeout(secs(4)).await.unwrap();
    assert_eq!(start.elapsed(), secs(3));
    // One that says nothing has the channel's ten seconds.
    let start = Instant::now();
    let talk = client(Double::default().once(|_, _| Box::pin(std::future::pending())));
    talk.once(Say::default()).await.unwrap_err();
    assert_eq!(start.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn hours_of_a_stream_take_no_time() {
    let wall = std::time::Instant::now();
    let talk = client(Double::default().down(|_, req, out| {
        Box::pin(async move {
            for n in 0..req.count {
                sleep(secs(3600)).await;
                out.send(Say::new("hour", n)).await?;
            }
            Ok(())
        })
    }));
    let start = Instant::now();
    let mut hours = talk.down(Say::new("", 48)).await.unwrap();
    for n in 0..48 {
        assert_eq!(hours.next().await.unwrap(), Some(Say::new("hour", n)));
        assert_eq!(start.elapsed(), secs(3600) * (n + 1));
    }
    assert_eq!(hours.next().await.unwrap(), None);
    assert!(wall.elapsed() < secs(5));
}

/// Two hops, layers, streams and timeouts, with all that happens told in its order.
async fn everything() -> Vec<String> {
    let (tell, mut told) = events::<String>();
    let start = Instant::now();
    let at = move |tell: &Tell<String>, what: String| {
        tell.tell(format!("{:?} {what}", start.elapsed()));
    };
    let on_last = tell.clone();
    let last = client(Double::default().once(move |cx, req| {
        let (tell, left) = (on_last.clone(), cx.remaining());
        Box::pin(async move {
            at(&tell, format!("last {} {left:?}", req.count));
            sleep(Duration::from_millis(u64::from(req.count) * 100)).await;
            Ok(req)
        })
    }));
    let (on_once, on_both) = (tell.clone(), tell.clone());
    let to_last = last.clone();
    let middle = Double::default()
        .once(move |_, req| {
            let (tell, call) = (on_once.clone(), to_last.once(req.clone()));
            Box::pin(async move {
                at(&tell, format!("middle {}", req.count));
                let reply = call.timeout(Duration::from_millis(450)).await;
                at(
                    &tell,
                    format!("middle {} {:?}", req.count, sinew::code_of(&reply)),
                );
                reply
            })
        })
        .both(move |_, mut rx, out| {
            let (tell, last) = (on_both.clone(), last.clone());
            Box::pin(async move {
                while let Some(say) = rx.next().await? {
                    at(&tell, format!("heard {}", say.count));
                    out.send(last.once(say).await?).await?;
                }
                Err(Status::aborted("enough"))
            })
        });
    let on_layer = tell.clone();
    let layer = from_fn(move |call, next: sinew::Next| {
        let tell = on_layer.clone();
        async move {
            at(&tell, "layer".to_owned());
            next.run(call).await
        }
    });
    let server = Server::new().layer(layer).add(middle.skeleton());
    let talk = talk::Client::new(Channel::in_process(server));
    let mut calls = tokio::task::JoinSet::new();
    for n in [5, 1, 9, 4, 0, 3] {
        let (tell, call) = (tell.clone(), talk.once(Say::new("", n)));
        calls.spawn(async move {
            let reply = call.await;
            at(&tell, format!("reply {n} {:?}", sinew::code_of(&reply)));
        });
    }
    let (mut out, mut heard) = talk.both().timeout(secs(2)).await.unwrap();
    let sender = tokio::spawn(async move {
        for n in 0..6 {
            sleep(Duration::from_millis(70)).await;
            out.send(Say::new("", n)).await.unwrap();
        }
        out.finish();
    });
    let end = loop {
        match heard.next().await {
            Ok(Some(say)) => at(&tell, format!("got {}", say.count)),
            other => break other,
        }
    };
    at(&tell, format!("end {:?}", end.unwrap_err().code()));
    sender.await.unwrap();
    while calls.join_next().await.is_some() {}
    let mut all = Vec::new();
    while !told.is_empty() {
        all.push(told.next().await);
    }
    all
}

#[test]
fn what_happens_happens_in_the_same_order_each_time() {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(everything())
    };
    let first = run();
    assert!(first.len() > 40, "{first:#?}");
    assert_eq!(first.last().unwrap(), "1.64s end Aborted");
    for _ in 0..5 {
        assert_eq!(run(), first);
    }
}

/// The same as over a socket: a handler that does not look is dropped when its caller abandons its requests.
#[tokio::test(start_paused = true)]
async fn an_abandoned_stream_of_requests_cancels_the_call() {
    for first in [true, false] {
        let (tell, mut told) = events();
        let (on_up, on_both) = (tell.clone(), tell);
        let talk = client(
            Double::default()
                .up(move |_, rx| {
                    let tell = on_up.clone();
                    Box::pin(async move {
                        tell.tell("begun");
                        let _ends = (tell.at_drop("ended"), rx);
                        std::future::pending().await
                    })
                })
                .both(move |_, rx, out| {
                    let tell = on_both.clone();
                    Box::pin(async move {
                        if first {
                            out.send(Say::default()).await?;
                        }
                        tell.tell("begun");
                        let _ends = (tell.at_drop("ended"), rx);
                        std::future::pending().await
                    })
                }),
        );
        let (out, reply) = talk.up().await.unwrap();
        told.expect("begun").await;
        drop(out);
        told.expect("ended").await;
        assert_eq!(reply.await.unwrap_err().code(), Code::Cancelled);

        let (out, mut heard) = talk.both().await.unwrap();
        told.expect("begun").await;
        if first {
            heard.next().await.unwrap().unwrap();
        }
        drop(out);
        told.expect("ended").await;
        assert_eq!(heard.next().await.unwrap_err().code(), Code::Cancelled);
    }
}
