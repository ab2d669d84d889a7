//! The same service from an IDL and from a trait: the same descriptors, the same dispatch, on the same wire.

use guide::orders::Desk;
use guide::shop::v1::{Order, Receipt, orders as idl};
use guide::traits::{Orders, PlaceError, orders as rust};
use sinew::policy::Policy;
use sinew::{
    Channel, Context, MethodSpec, Outbound, RawCall, Result, ServiceSpec, Skeleton, Status,
};

/// As [`Desk`], behind the trait.
struct Counter(Desk);

impl Orders for Counter {
    async fn place(&self, cx: &Context, req: Order) -> Result<Receipt, PlaceError> {
        let placed = guide::shop::v1::Orders::place(&self.0, cx, req).await;
        placed.map_err(|error| PlaceError::from(Status::from(error)))
    }

    async fn status(&self, cx: &Context, req: Order) -> Result<Receipt> {
        guide::shop::v1::Orders::status(&self.0, cx, req).await
    }

    async fn follow(&self, cx: &Context, req: Order, out: &mut Outbound<Receipt>) -> Result<()> {
        guide::shop::v1::Orders::follow(&self.0, cx, req, out).await
    }
}

/// All that a descriptor says, but for the names of its errors and a service config, which an IDL alone has.
fn all(service: &ServiceSpec) -> Vec<String> {
    let one = |method: &&'static MethodSpec| {
        let mut policy: Policy = *method.policy();
        policy.errors = &[];
        format!(
            "{} {:?} {:?} {policy:#?}",
            method.path(),
            method.shape(),
            method.idempotency()
        )
    };
    service.methods().iter().map(one).collect()
}

#[test]
fn both_have_the_same_descriptors() {
    assert_eq!(idl::NAME, rust::NAME);
    assert_eq!(all(&idl::SERVICE), all(&rust::SERVICE));
}

#[test]
fn an_export_declares_the_errors_that_the_type_does() {
    let text = rust::proto(&[guide::DESCRIPTORS]).unwrap();
    let errors: Vec<_> = text
        .lines()
        .filter(|line| line.contains("errors:"))
        .collect();
    let want = [
        r#"      errors: { type: "shop.v1.SoldOut", code: "FAILED_PRECONDITION" }"#,
        r#"      errors: { type: "shop.v1.Closed", code: "UNAVAILABLE" }"#,
    ];
    assert_eq!(errors, want);
}

/// What a call came to, without how long it took.
fn said<T: std::fmt::Debug>(result: Result<T, impl Into<Status>>) -> String {
    match result.map_err(Into::into) {
        Ok(reply) => format!("{reply:?}"),
        Err(status) => format!(
            "{} {} {:?}",
            status.code(),
            status.message(),
            status.details()
        ),
    }
}

#[tokio::test]
async fn both_dispatch_the_same_calls() {
    let servers: [fn(u32) -> Skeleton; 2] = [
        |left| idl::server(Desk { left }),
        |left| rust::server(Counter(Desk { left })),
    ];
    let order = Order {
        order_id: "pen".into(),
        buyer: "ann".into(),
    };
    let mut seen = Vec::new();
    for server in servers {
        let mut of = Vec::new();
        for left in [0, 1] {
            let channel = Channel::in_process(server(left));
            let (idl, rust) = (
                idl::Client::new(channel.clone()),
                rust::Client::new(channel.clone()),
            );
            of.push(said(idl.place(order.clone()).await));
            of.push(said(rust.place(order.clone()).await));
            of.push(said(idl.status(order.clone()).await));
            of.push(said(rust.status(order.clone()).await));
            let mut steps = rust.follow(order.clone()).await.unwrap();
            of.push(format!("{:?} {:?}", steps.next().await, steps.next().await));
            for index in 0..idl::SERVICE.methods().len() {
                let call = RawCall::new(idl::SERVICE.methods()[index].path(), &b""[..]);
                let reply = channel.call(call).await;
                of.push(format!("{:?}", sinew::code_of(&reply)));
            }
        }
        seen.push(of);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0][0].contains("shop.v1.SoldOut"), "{:?}", seen[0]);
}
