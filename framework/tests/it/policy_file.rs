//! A file of policies: what it says holds for calls that begin later, what is wrong with it changes nothing, and the
//! table shows who says what.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sinew::codegen::{self, Dispatch, Handling, ServerCall};
use sinew::observe::{Recorder, Side};
use sinew::policy::{Criticality, Retry};
use sinew::{Channel, Code, Method, Server, ServiceSpec, Skeleton};

use crate::talk::Say;

static ONCE: Method<Say, Say> = Method::unary("/test.v1.Talk/Once")
    .timeout(Duration::from_millis(250))
    .user_key("text")
    .errors(&[("test.v1.Gone", Code::NotFound)])
    .by_service()
    .criticality(Criticality::Sheddable)
    .by_service_config()
    .max_request_bytes(100)
    .retry(Retry::new().max_attempts(3).codes(&[Code::Unavailable]));
static DOWN: Method<Say, Say> = Method::server_stream("/test.v1.Talk/Down");
static SERVICE: ServiceSpec = ServiceSpec::new("test.v1.Talk", &[ONCE.spec(), DOWN.spec()]);

/// Answers at once, with the milliseconds that its caller waits.
struct Left;

impl Dispatch for Left {
    fn spec(&self) -> &'static ServiceSpec {
        &SERVICE
    }

    fn dispatch(&self, index: usize, call: ServerCall) -> Handling {
        match index {
            0 => Box::pin(async move {
                let (cx, _) = call.unary(&ONCE).await?;
                let left = cx.remaining().map_or(0, |left| left.as_millis());
                let reply = Say::new("", u32::try_from(left).unwrap());
                cx.reply(&ONCE, Ok(reply))
            }),
            _ => call.unknown_method(),
        }
    }
}

fn server() -> Server {
    let skeleton: Skeleton = codegen::skeleton(Left);
    Server::new().add(skeleton)
}

/// A folder of one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "sinew-policy-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file that gives all methods this timeout.
fn timeout(seconds: &str) -> String {
    format!("{{\"methodConfig\": [{{\"name\": [{{}}], \"timeout\": \"{seconds}\"}}]}}")
}

async fn once(channel: &Channel) -> u32 {
    codegen::unary(channel, &ONCE, Say::default())
        .await
        .unwrap()
        .count
}

/// Longer than between two looks at the file.
async fn a_while() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

fn channel(path: &Path, metrics: &Arc<Recorder>) -> Channel {
    let channel = Channel::builder("http://unused:1").metrics(metrics.clone());
    channel
        .policy_file(path)
        .unwrap()
        .build_in_process(server())
}

#[tokio::test(start_paused = true)]
async fn calls_that_begin_later_have_what_the_file_says_then() {
    let folder = Folder::new();
    let path = folder.write("policy.json", &timeout("2s"));
    let metrics = Arc::new(Recorder::default());
    let channel = channel(&path, &metrics);
    assert_eq!(once(&channel).await, 2000);
    // What the call says itself stands above it.
    let call = codegen::unary(&channel, &ONCE, Say::default()).timeout(Duration::from_secs(7));
    assert_eq!(call.await.unwrap().count, 7000);
    folder.write("policy.json", &timeout("3s"));
    a_while().await;
    assert_eq!(once(&channel).await, 3000);
    // Replaced by another file, as by an editor.
    let other = folder.write("policy.json.new", &timeout("4s"));
    fs::rename(other, &path).unwrap();
    a_while().await;
    assert_eq!(once(&channel).await, 4000);
    folder.write("policy.json", "{}");
    a_while().await;
    assert_eq!(once(&channel).await, 250);
    let state = channel.policy_state().unwrap();
    assert_eq!((state.loads(), state.refused()), (4, None));
    assert_eq!(metrics.policy_files(Side::Client, true), 3);
    assert_eq!(metrics.policy_files(Side::Client, false), 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_leads_elsewhere_is_seen() {
    // As Kubernetes mounts a ConfigMap: the file is a link into a link to a folder, and that is swapped.
    let folder = Folder::new();
    for (name, seconds) in [("one", "1s"), ("two", "2s")] {
        fs::create_dir(folder.0.join(name)).unwrap();
        folder.write(&format!("{name}/policy.json"), &timeout(seconds));
    }
    let link = std::os::unix::fs::symlink::<&Path, &Path>;
    let data = folder.0.join("..data");
    link(Path::new("one"), &data).unwrap();
    let path = folder.0.join("policy.json");
    link(Path::new("..data/policy.json"), &path).unwrap();
    let channel = channel(&path, &Arc::default());
    assert_eq!(once(&channel).await, 1000);
    let new = folder.0.join("..data_new");
    link(Path::new("two"), &new).unwrap();
    fs::rename(new, data).unwrap();
    a_while().await;
    assert_eq!(once(&channel).await, 2000);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_or_gone_changes_nothing_and_is_said() {
    let folder = Folder::new();
    let path = folder.write("policy.json", &timeout("2s"));
    let metrics = Arc::new(Recorder::default());
    let channel = channel(&path, &metrics);
    let refused = || channel.policy_state().unwrap().refused().map(str::to_owned);
    let shown = path.display();
    folder.write("policy.json", &timeout("2 seconds"));
    a_while().await;
    assert_eq!(once(&channel).await, 2000);
    assert_eq!(
        refused().unwrap(),
        format!(
            "{shown}:1:45: methodConfig[0].timeout: \"2 seconds\" is no duration: it is no number of seconds (write \
             seconds, as in \"1.5s\")"
        )
    );
    // It is said once, however often it is read.
    a_while().await;
    assert_eq!(metrics.policy_files(Side::Client, false), 1);
    fs::remove_file(&path).unwrap();
    a_while().await;
    assert_eq!(once(&channel).await, 2000);
    let gone = refused().unwrap();
    assert!(
        gone.starts_with(&format!("{shown}: it cannot be read: ")),
        "{gone}"
    );
    // What it was before is as good as it was.
    folder.write("policy.json", &timeout("2s"));
    a_while().await;
    assert_eq!(refused(), None);
    assert_eq!(metrics.policy_files(Side::Client, false), 2);
    assert_eq!(metrics.policy_files(Side::Client, true), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_channel_that_is_gone() {
    let folder = Folder::new();
    let path = folder.write("policy.json", "{}");
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let channel = channel(&path, &Arc::default());
    let before = tasks();
    assert!(before > 0);
    drop(channel);
    tokio::task::yield_now().await;
    assert_eq!(tasks(), before - 1);
}

#[test]
fn a_file_that_is_wrong_from_the_start_is_an_error() {
    let folder = Folder::new();
    let path = folder.write("policy.json", "{\"methodConfig\": 5}");
    let shown = path.display();
    let wrong = format!("{shown}:1:18: methodConfig: it is a number, and not an array");
    let client = Channel::builder("http://unused:1").policy_file(&path);
    assert_eq!(client.unwrap_err().to_string(), wrong);
    assert_eq!(
        Server::new().policy_file(&path).unwrap_err().to_string(),
        wrong
    );
    let none = folder.0.join("none.json");
    let error = Server::new().policy_file(&none).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: it cannot be read: ", none.display())),
        "{error}"
    );
    let large = folder.write("large.json", &" ".repeat(1024 * 1024 + 1));
    let error = Server::new().policy_file(&large).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: it has more than 1048576 bytes", large.display())
    );
}

#[tokio::test]
async fn sizes_hold_at_the_server_and_at_the_client() {
    let folder = Folder::new();
    let path = folder.write(
        "policy.json",
        "{\"methodConfig\": [{\"name\": [{\"service\": \"test.v1.Talk\"}], \"maxRequestMessageBytes\": 50}]}",
    );
    let say = || Say::new(&"x".repeat(70), 0);
    let setting = "raise it with `maxRequestMessageBytes` of the policy file";
    let bound = server()
        .policy_file(&path)
        .unwrap()
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let url = bound.url();
    tokio::spawn(bound.serve());
    let channel = Channel::to(&url).unwrap();
    let status = codegen::unary(&channel, &ONCE, say()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("a received message"), "{status}");
    assert!(status.message().contains(setting), "{status}");
    let channel = Channel::builder(url)
        .policy_file(&path)
        .unwrap()
        .build()
        .unwrap();
    let status = codegen::unary(&channel, &ONCE, say()).await.unwrap_err();
    assert!(status.message().contains("a message to send"), "{status}");
    assert!(status.message().contains(setting), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_server_warns_of_names_that_are_nearly_its_own() {
    let folder = Folder::new();
    let named = |names: &str| {
        format!("{{\"methodConfig\": [{{\"name\": [{names}], \"maxRequestMessageBytes\": 50}}]}}")
    };
    let right = r#"{"service": "test.v1.Talk"}, {"service": "test.v1.Talk", "method": "Down"}, {}"#;
    let path = folder.write("policy.json", &named(right));
    let server = server().policy_file(&path).unwrap();
    let mounted = server.into_http_service().unwrap();
    let warnings = || mounted.policy_state().unwrap().warnings().to_vec();
    assert_eq!(warnings(), [""; 0]);
    // Of another server it says nothing: the file may be for both.
    let wrong = r#"{"service": "test.v1.Talk", "method": "Onc"}, {"service": "test.v1.Talc"},
        {"service": "test.v1.Talk", "method": "Elsewhere"}, {"service": "shop.v1.Cart", "method": "Add"}"#;
    folder.write("policy.json", &named(wrong));
    a_while().await;
    let at = |line, column, index| {
        let path = path.display();
        format!("{path}:{line}:{column}: methodConfig[0].name[{index}]")
    };
    assert_eq!(
        warnings(),
        [
            format!(
                "{}: `test.v1.Talk` has no method `Onc` (did you mean `Once`?)",
                at(1, 29, 0)
            ),
            format!(
                "{}: this server has no service `test.v1.Talc` (did you mean `test.v1.Talk`?)",
                at(1, 75, 1)
            ),
            format!("{}: `test.v1.Talk` has no method `Elsewhere`", at(2, 9, 2)),
        ]
    );
}

#[test]
fn the_table_shows_what_holds_and_who_says_it() {
    let folder = Folder::new();
    let path = folder.write(
        "policy.json",
        "{\"methodConfig\": [
          {\"name\": [{\"service\": \"test.v1.Talk\", \"method\": \"Once\"}], \"timeout\": \"1.5s\",
           \"hedgingPolicy\": {\"maxAttempts\": 2, \"hedgingDelay\": \"0.02s\"}},
          {\"name\": [{}], \"waitForReady\": true, \"sinew\": {\"idleTimeout\": \"30s\"}}
        ]}",
    );
    let plain = Channel::builder("http://unused:1")
        .max_reply_bytes(7)
        .build()
        .unwrap();
    assert_eq!(
        plain.policies(&[&SERVICE]).to_string(),
        "\
method             option             value                          source
test.v1.Talk/Once  timeout            250ms                          method
                   max_request_bytes  100                            service config
                   max_reply_bytes    7                              channel
                   retry              3 attempts, after UNAVAILABLE  service config  nobody acts yet
                   criticality        SHEDDABLE                      service         nobody acts yet
                   user_key           text                           method          nobody acts yet
                   errors             test.v1.Gone (NOT_FOUND)       method
test.v1.Talk/Down  max_request_bytes  4194304                        built-in
                   max_reply_bytes    7                              channel
"
    );
    let with_file = Channel::builder("http://unused:1")
        .policy_file(&path)
        .unwrap();
    assert_eq!(
        with_file.build().unwrap().policies(&[&SERVICE]).to_string(),
        "\
method             option             value                      source
test.v1.Talk/Once  timeout            1.5s                       run time (policy.json)
                   max_request_bytes  100                        service config
                   max_reply_bytes    4194304                    built-in
                   hedge              2 attempts, one each 20ms  run time (policy.json)  nobody acts yet
                   criticality        SHEDDABLE                  service                 nobody acts yet
                   user_key           text                       method                  nobody acts yet
                   errors             test.v1.Gone (NOT_FOUND)   method
test.v1.Talk/Down  idle_timeout       30s                        run time (policy.json)
                   max_request_bytes  4194304                    built-in
                   max_reply_bytes    4194304                    built-in
                   wait_for_ready     true                       run time (policy.json)
"
    );
    let server = server().max_request_bytes(9).policy_file(&path).unwrap();
    assert_eq!(
        server.policies().to_string(),
        "\
method             option             value                      source
test.v1.Talk/Once  timeout            1.5s                       run time (policy.json)  the client acts
                   max_request_bytes  100                        service config
                   max_reply_bytes    4194304                    built-in
                   hedge              2 attempts, one each 20ms  run time (policy.json)  nobody acts yet
                   criticality        SHEDDABLE                  service                 nobody acts yet
                   user_key           text                       method                  nobody acts yet
                   errors             test.v1.Gone (NOT_FOUND)   method
test.v1.Talk/Down  idle_timeout       30s                        run time (policy.json)  the client acts
                   max_request_bytes  9                          server
                   max_reply_bytes    4194304                    built-in
                   wait_for_ready     true                       run time (policy.json)  the client acts
"
    );
    let http = server.into_http_service().unwrap();
    assert!(http.policies().to_string().contains("1.5s"));
}
