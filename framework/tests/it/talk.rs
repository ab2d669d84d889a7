//! A service of all four shapes, written by hand as `sinew-build` writes it: what the tests of the runtime call.

/// One message for everything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Say {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(uint32, tag = "2")]
    pub(crate) count: u32,
}

impl Say {
    pub(crate) fn new(text: &str, count: u32) -> Self {
        Self {
            text: text.to_owned(),
            count,
        }
    }
}

pub(crate) trait Talk: Send + Sync + 'static {
    fn once(
        &self,
        cx: &sinew::Context,
        req: Say,
    ) -> impl Future<Output = sinew::Result<Say>> + Send;
    fn down(
        &self,
        cx: &sinew::Context,
        req: Say,
        out: &mut sinew::Outbound<Say>,
    ) -> impl Future<Output = sinew::Result<()>> + Send;
    fn up(
        &self,
        cx: &sinew::Context,
        rx: sinew::Inbound<Say>,
    ) -> impl Future<Output = sinew::Result<Say>> + Send;
    fn both(
        &self,
        cx: &sinew::Context,
        rx: sinew::Inbound<Say>,
        out: &mut sinew::Outbound<Say>,
    ) -> impl Future<Output = sinew::Result<()>> + Send;
}

pub(crate) mod talk {
    use super::Say;

    pub(crate) const NAME: &str = "test.v1.Talk";
    pub(crate) static ONCE: sinew::Method<Say, Say> = sinew::Method::unary("/test.v1.Talk/Once");
    pub(crate) static DOWN: sinew::Method<Say, Say> =
        sinew::Method::server_stream("/test.v1.Talk/Down");
    pub(crate) static UP: sinew::Method<Say, Say> =
        sinew::Method::client_stream("/test.v1.Talk/Up");
    pub(crate) static BOTH: sinew::Method<Say, Say> = sinew::Method::bidi("/test.v1.Talk/Both");
    pub(crate) static SERVICE: sinew::ServiceSpec =
        sinew::ServiceSpec::new(NAME, &[ONCE.spec(), DOWN.spec(), UP.spec(), BOTH.spec()]);

    #[derive(Clone, Debug)]
    pub(crate) struct Client {
        channel: sinew::Channel,
    }

    impl Client {
        pub(crate) fn new(channel: sinew::Channel) -> Self {
            Self { channel }
        }
        pub(crate) fn once(&self, req: Say) -> sinew::Call<Say> {
            sinew::codegen::unary(&self.channel, &ONCE, req)
        }
        pub(crate) fn down(&self, req: Say) -> sinew::Call<sinew::Inbound<Say>> {
            sinew::codegen::server_stream(&self.channel, &DOWN, req)
        }
        pub(crate) fn up(&self) -> sinew::Call<(sinew::Outbound<Say>, sinew::Reply<Say>)> {
            sinew::codegen::client_stream(&self.channel, &UP)
        }
        pub(crate) fn both(&self) -> sinew::Call<(sinew::Outbound<Say>, sinew::Inbound<Say>)> {
            sinew::codegen::bidi(&self.channel, &BOTH)
        }
    }

    pub(crate) fn server<T: super::Talk>(service: T) -> sinew::Skeleton {
        sinew::codegen::skeleton(Server(std::sync::Arc::new(service)))
    }

    struct Server<T>(std::sync::Arc<T>);

    impl<T: super::Talk> sinew::codegen::Dispatch for Server<T> {
        fn spec(&self) -> &'static sinew::ServiceSpec {
            &SERVICE
        }
        fn dispatch(
            &self,
            index: usize,
            call: sinew::codegen::ServerCall,
        ) -> sinew::codegen::Handling {
            let service = std::sync::Arc::clone(&self.0);
            match index {
                0 => Box::pin(async move {
                    let (cx, req) = call.unary(&ONCE).await?;
                    let result = service.once(&cx, req).await;
                    cx.reply(&ONCE, result)
                }),
                1 => Box::pin(async move {
                    let (cx, req, mut out, reply) = call.server_stream(&DOWN).await?;
                    reply
                        .drive(async move {
                            let result = service.down(&cx, req, &mut out).await;
                            out.end(&cx, result);
                        })
                        .await
                }),
                2 => Box::pin(async move {
                    let (cx, rx) = call.client_stream(&UP)?;
                    let result = service.up(&cx, rx).await;
                    cx.reply(&UP, result)
                }),
                3 => Box::pin(async move {
                    let (cx, rx, mut out, reply) = call.bidi(&BOTH)?;
                    reply
                        .drive(async move {
                            let result = service.both(&cx, rx, &mut out).await;
                            out.end(&cx, result);
                        })
                        .await
                }),
                _ => call.unknown_method(),
            }
        }
    }
}
