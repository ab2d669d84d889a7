//! Health as callers see it: what is said without being told, watchers, drains, and whom it passes by.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sinew::health::{
    Client, Health, HealthCheckRequest, HealthCheckResponse, HealthListRequest, ServingStatus, v1,
};
use sinew::observe::{Recorder, Side};
use sinew::{Channel, Code, Context, Inbound, Outbound, Result, Server, Status, from_fn};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::double::{Double, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, World};
use ServingStatus::{NotServing, ServiceUnknown, Serving};

fn of(service: &str) -> HealthCheckRequest {
    let service = service.to_owned();
    HealthCheckRequest { service }
}

async fn check(client: &Client, service: &str) -> Result<ServingStatus, Code> {
    let reply = client.check(of(service)).await;
    reply
        .map(|reply| reply.status())
        .map_err(|status| status.code())
}

async fn next(watch: &mut Inbound<HealthCheckResponse>) -> ServingStatus {
    watch.next().await.unwrap().unwrap().status()
}

#[tokio::test]
async fn what_is_added_serves_until_somebody_says_otherwise() {
    for way in WAYS {
        let server = Server::new().add(talk::server(Parrot));
        let health = server.health();
        let world = World::server(way, server).await;
        let client = Client::new(world.channel.clone());
        for service in ["", talk::NAME] {
            assert_eq!(check(&client, service).await, Ok(Serving), "{way:?}");
        }
        assert_eq!(check(&client, "test.v1.Song").await, Err(Code::NotFound));
        let long = "x".repeat(1025);
        assert_eq!(check(&client, &long).await, Err(Code::InvalidArgument));

        health.set_not_serving(talk::NAME);
        assert_eq!(check(&client, talk::NAME).await, Ok(NotServing));
        assert_eq!(check(&client, "").await, Ok(Serving), "they are told apart");
        health.set("test.v1.Song", Serving);
        assert_eq!(check(&client, "test.v1.Song").await, Ok(Serving));
        health.shutdown();
        for service in ["", talk::NAME, "test.v1.Song"] {
            assert_eq!(check(&client, service).await, Ok(NotServing), "{way:?}");
        }
        // It is said, and nothing else is done about it.
        world.talk().once(Say::new("a", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_said_before_the_server_began_holds() {
    let server = Server::new().add(talk::server(Parrot));
    server.health().set_not_serving(talk::NAME);
    server.health().set_not_serving("");
    let client = Client::new(Channel::in_process(server));
    assert_eq!(check(&client, talk::NAME).await, Ok(NotServing));
    assert_eq!(check(&client, "").await, Ok(NotServing));
}

#[tokio::test]
async fn a_watcher_is_told_what_holds_and_then_each_change() {
    for way in WAYS {
        let server = Server::new().add(talk::server(Parrot));
        let health = server.health();
        let world = World::server(way, server).await;
        let client = Client::new(world.channel.clone());
        let mut talk = client.watch(of(talk::NAME)).await.unwrap();
        let mut song = client.watch(of("test.v1.Song")).await.unwrap();
        assert_eq!(next(&mut talk).await, Serving, "{way:?}");
        assert_eq!(next(&mut song).await, ServiceUnknown);

        health.set_not_serving("test.v1.Song");
        assert_eq!(next(&mut song).await, NotServing);
        health.set_serving("test.v1.Song");
        assert_eq!(next(&mut song).await, Serving);
        health.set("test.v1.Song", ServiceUnknown);
        assert_eq!(next(&mut song).await, ServiceUnknown);

        // What went on with the other was none of its business, and a shutdown is no end of watching.
        health.shutdown();
        assert_eq!(next(&mut talk).await, NotServing);
        health.drain();
        for watch in [&mut talk, &mut song] {
            let end = watch.next().await.unwrap_err();
            assert_eq!(end.code(), Code::Unavailable);
            assert!(end.message().contains("shutting down"), "{end}");
        }
    }
}

#[tokio::test]
async fn a_watcher_that_was_not_there_is_told_the_newest() {
    let server = Server::new().add(talk::server(Parrot));
    let health = server.health();
    let client = Client::new(Channel::in_process(server));
    let mut watch = client.watch(of("")).await.unwrap();
    assert_eq!(next(&mut watch).await, Serving);
    // Nothing else runs meanwhile: the runtime has one thread, and nothing waits.
    for _ in 0..10_000 {
        health.set_not_serving("");
        health.set_serving("");
    }
    health.set_not_serving("");
    assert_eq!(next(&mut watch).await, NotServing);
    health.set_serving("");
    assert_eq!(next(&mut watch).await, Serving);
}

/// Watchers are sent away at once, with what there is to know, while a call may end in its time.
#[tokio::test]
async fn watchers_do_not_hold_a_drain_up() {
    let (tell, mut told) = events();
    let (open, gate) = oneshot::channel::<()>();
    let gate = Arc::new(tokio::sync::Mutex::new(gate));
    let double = Double::default().once(move |_, req| {
        let (gate, tell) = (Arc::clone(&gate), tell.clone());
        Box::pin(async move {
            tell.tell(());
            let _ = (&mut *gate.lock().await).await;
            Ok(req)
        })
    });
    let server = Server::new()
        .add(double.skeleton())
        .drain_timeout(Duration::from_secs(3600));
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let health = bound.health();
    let channel = Channel::to(&bound.url()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.until(stopped));

    let client = Client::new(channel.clone());
    let mut watch = client.watch(of("")).await.unwrap();
    assert_eq!(next(&mut watch).await, Serving);
    let call = tokio::spawn(talk::Client::new(channel).once(Say::new("kept", 1)));
    told.expect(()).await;
    stop.send(()).unwrap();
    assert_eq!(next(&mut watch).await, NotServing);
    let end = watch.next().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end}");
    assert_eq!(health.status(""), Some(NotServing));
    assert!(!serving.is_finished(), "the call is not over");
    open.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap(), Say::new("kept", 1));
    serving.await.unwrap().unwrap();
}

/// Who comes back while a server drains is not told first: grpc-go's clients would come back at once, again and again.
#[tokio::test]
async fn who_watches_a_draining_server_is_sent_away_without_a_message() {
    let server = Server::new();
    let health = server.health();
    let client = Client::new(Channel::in_process(server));
    health.drain();
    let mut watch = client.watch(of("")).await.unwrap();
    let end = watch.next().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end}");
    assert_eq!(check(&client, "").await, Ok(NotServing));
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_at_its_deadline_and_with_its_caller() {
    let server = Server::new();
    let health = server.health();
    let client = Client::new(Channel::in_process(server));
    let start = Instant::now();
    let week = Duration::from_secs(7 * 24 * 3600);
    let mut watch = client.watch(of("")).timeout(week).await.unwrap();
    assert_eq!(next(&mut watch).await, Serving);
    let end = watch.next().await.unwrap_err();
    assert_eq!(end.code(), Code::DeadlineExceeded, "{end}");
    assert_eq!(start.elapsed(), week);

    let mut watch = client.watch(of("")).await.unwrap();
    assert_eq!(next(&mut watch).await, Serving);
    drop(watch);
    health.set_not_serving("");
    assert_eq!(check(&client, "").await, Ok(NotServing));
}

#[tokio::test]
async fn up_to_a_hundred_services_are_listed() {
    let server = Server::new().add(talk::server(Parrot));
    let health = server.health();
    let client = Client::new(Channel::in_process(server));
    health.set_not_serving("");
    let list = client.list(HealthListRequest {}).await.unwrap().statuses;
    let mut list: Vec<_> = list.iter().map(|(k, v)| (k.as_str(), v.status())).collect();
    list.sort();
    assert_eq!(list, [("", NotServing), (talk::NAME, Serving)]);
    for n in 3..=100 {
        health.set_serving(format!("test.v1.Talk{n}"));
    }
    let list = client.list(HealthListRequest {}).await.unwrap().statuses;
    assert_eq!(list.len(), 100);
    health.set_serving("one.too.Many");
    let status = client.list(HealthListRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
}

#[tokio::test]
async fn probes_have_no_credentials() {
    let refused = || Status::unauthenticated("who are you?");
    let recorder = Arc::new(Recorder::default());
    let servers = [
        Server::new().on_call(move |_| Err(refused())),
        Server::new().layer(from_fn(
            move |_, _: sinew::Next| async move { Err(refused()) },
        )),
    ];
    for server in servers {
        let server = server.add(talk::server(Parrot));
        let channel = Channel::in_process(server.metrics(recorder.clone()));
        let client = Client::new(channel.clone());
        assert_eq!(check(&client, talk::NAME).await, Ok(Serving));
        let mut watch = client.watch(of("")).await.unwrap();
        assert_eq!(next(&mut watch).await, Serving);
        // It tells names.
        let list = client.list(HealthListRequest {}).await.unwrap_err();
        assert_eq!(list.code(), Code::Unauthenticated);
        let talk = talk::Client::new(channel).once(Say::new("a", 1)).await;
        assert_eq!(talk.unwrap_err().code(), Code::Unauthenticated);
    }
    let checks = recorder.ended(Side::Server, "grpc.health.v1.Health/Check", Code::Ok);
    assert_eq!(checks, 2);
}

/// Says that all is well, whatever it is asked.
struct Optimist;

impl v1::Health for Optimist {
    async fn check(&self, _: &Context, _: HealthCheckRequest) -> Result<HealthCheckResponse> {
        let status = Serving.into();
        Ok(HealthCheckResponse { status })
    }

    async fn list(&self, _: &Context, _: HealthListRequest) -> Result<v1::HealthListResponse> {
        Err(Status::unimplemented("no"))
    }

    async fn watch(
        &self,
        _: &Context,
        _: HealthCheckRequest,
        _: &mut Outbound<HealthCheckResponse>,
    ) -> Result<()> {
        Err(Status::unimplemented("no"))
    }
}

#[tokio::test]
async fn a_service_of_the_users_own_stands_in_its_place() {
    let own = || v1::health::server(Optimist);
    let client = Client::new(Channel::in_process(own()));
    assert_eq!(check(&client, "anything").await, Ok(Serving));
    // It is a service as any other.
    let server = Server::new().add(own());
    let server = server.on_call(|_| Err(Status::unauthenticated("who are you?")));
    let client = Client::new(Channel::in_process(server));
    assert_eq!(check(&client, "").await, Err(Code::Unauthenticated));
    let twice = Server::new().add(own()).add(own());
    assert!(twice.into_http_service().is_err());
}

#[tokio::test]
async fn a_server_without_health_says_nothing_of_it() {
    let server = Server::new().add(talk::server(Parrot)).without_health();
    let client = Client::new(Channel::in_process(server));
    let status = client.check(of("")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let it_has = "no service grpc.health.v1.Health; it has test.v1.Talk";
    assert!(status.message().ends_with(it_has), "{status}");
}

#[tokio::test]
async fn who_did_not_ask_is_not_told_of_what_a_server_brings_along() {
    let server = Server::new().add(talk::server(Parrot)).reflection();
    let brought = "grpc.";
    assert!(!server.policies().to_string().contains(brought));
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    assert!(!bound.policies().to_string().contains(brought));
    assert!(!format!("{bound:?}").contains(brought));
}

#[tokio::test]
async fn servers_may_share_their_health() {
    let server = Server::new().add(talk::server(Parrot));
    let probes = Server::new().with_health(server.health());
    let probes = Client::new(Channel::in_process(probes));
    // It is known by name as soon as the server is assembled.
    assert_eq!(check(&probes, "").await, Ok(Serving));
    assert_eq!(check(&probes, talk::NAME).await, Err(Code::NotFound));
    let http = server.into_http_service().unwrap();
    assert_eq!(check(&probes, talk::NAME).await, Ok(Serving));
    http.health().drain();
    assert_eq!(check(&probes, "").await, Ok(NotServing));
    assert_eq!(
        format!("{:?}", http.health()),
        r#"{"": NotServing, "test.v1.Talk": NotServing}"#
    );
    assert_eq!(Health::default().status(""), Some(Serving));
}

#[tokio::test]
async fn a_mounted_server_tells_its_health() {
    let http = Server::new().add(talk::server(Parrot));
    let http = http.into_http_service().unwrap();
    let health = http.health();
    let app = Router::new().fallback_service(http);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
        health.drain();
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(shutdown);
    let serving = tokio::spawn(serving.into_future());
    let client = Client::new(Channel::to(&url).unwrap());
    assert_eq!(check(&client, talk::NAME).await, Ok(Serving));
    let mut watch = client.watch(of("")).await.unwrap();
    assert_eq!(next(&mut watch).await, Serving);
    stop.send(()).unwrap();
    assert_eq!(next(&mut watch).await, NotServing);
    let end = watch.next().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end}");
    drop((client, watch));
    serving.await.unwrap().unwrap();
}
