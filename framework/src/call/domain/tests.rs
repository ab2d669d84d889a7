use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};
use prost_types::Any;

use crate::call::details::RetryInfo;
use crate::{Code, DomainError, Status, Typed};

#[derive(Clone, PartialEq, prost::Message)]
struct SoldOut {
    #[prost(uint32, tag = "1")]
    left: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Closed {
    #[prost(string, tag = "1")]
    until: String,
}

#[derive(Clone, Debug)]
enum PlaceError {
    SoldOut(Typed<SoldOut>),
    Closed(Typed<Closed>),
    Status(Status),
}

crate::__domain_error!(PlaceError, Status {
    SoldOut(SoldOut) = "shop.v1.SoldOut", FailedPrecondition, "";
    Closed(Closed) = "shop.v1.Closed", Unavailable, "the shop is closed";
});

fn any(name: &str, value: &[u8]) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: value.to_vec(),
    }
}

/// Everything that a status says, here and on the wire.
fn all(status: &Status) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (status.code(), status.message().to_owned()),
        status.details().to_vec(),
        (status.is_final(), status.attempts(), status.elapsed()),
        (
            status.method().map(str::to_owned),
            status.endpoint().map(str::to_owned),
        ),
        std::error::Error::source(status).map(ToString::to_string),
        format!("{:?} {:?}", status.metadata(), status.trailers()),
    )
}

#[test]
fn the_first_detail_that_is_declared_and_decodes_decides() {
    // Field 1 as a group that does not end.
    let broken = [0x0b];
    let (sold_out, closed) = ("shop.v1.SoldOut", "shop.v1.Closed");
    let table: [(&str, Vec<Any>, &str); 9] = [
        ("none", vec![], "status"),
        ("one", vec![any(sold_out, &[8, 2])], "sold out: 2"),
        ("the other", vec![any(closed, &[10, 1, b'x'])], "closed: x"),
        ("unknown", vec![any("shop.v1.Other", &[])], "status"),
        (
            "behind an unknown",
            vec![any("shop.v1.Other", &[]), any(sold_out, &[])],
            "sold out: 0",
        ),
        (
            "both",
            vec![any(closed, &[]), any(sold_out, &[])],
            "closed: ",
        ),
        ("broken", vec![any(sold_out, &broken)], "status"),
        (
            "behind a broken",
            vec![any(sold_out, &broken), any(closed, &[])],
            "closed: ",
        ),
        (
            "a longer name",
            vec![any("my.shop.v1.SoldOut", &[])],
            "status",
        ),
    ];
    for (what, details, want) in table {
        // Whatever the code.
        for code in [Code::Aborted, Code::FailedPrecondition] {
            let status = Status::new(code, "no").with_details(details.clone());
            let got = match PlaceError::from(status) {
                PlaceError::SoldOut(error) => format!("sold out: {}", error.left),
                PlaceError::Closed(error) => format!("closed: {}", error.until),
                PlaceError::Status(_) => "status".to_owned(),
            };
            assert_eq!(got, want, "{what}");
        }
    }
}

#[test]
fn an_error_is_a_status_with_its_code_its_detail_and_a_message() {
    let error = PlaceError::from(SoldOut { left: 2 });
    assert_eq!(
        (error.code(), error.message()),
        (Code::FailedPrecondition, "shop.v1.SoldOut")
    );
    let error = error.with_message("2 are left");
    assert_eq!(error.to_string(), "FAILED_PRECONDITION: 2 are left");
    let status = Status::from(error);
    assert_eq!(status.details(), [any("shop.v1.SoldOut", &[8, 2])]);
    assert_eq!(status.message(), "2 are left");

    let error = PlaceError::from(Closed::default());
    assert_eq!(error.to_string(), "UNAVAILABLE: the shop is closed");
    let error = PlaceError::from(Status::not_found("gone")).with_message("away");
    assert_eq!(error.to_string(), "NOT_FOUND: away");
}

#[test]
fn what_is_added_to_an_error_goes_along() {
    let status = Status::from(PlaceError::from(SoldOut { left: 1 }));
    let status = status.with_detail(RetryInfo::default());
    let again = Status::from(PlaceError::from(status.clone()));
    assert_eq!(all(&again), all(&status));
    assert!(again.detail::<RetryInfo>().is_some());
}

#[test]
fn an_error_is_one_word_wide() {
    let word = size_of::<usize>();
    assert_eq!(size_of::<Typed<SoldOut>>(), word);
    assert_eq!(size_of::<PlaceError>(), 2 * word);
}

fn details() -> impl Strategy<Value = Vec<Any>> {
    let name = prop_oneof![
        Just("type.googleapis.com/shop.v1.SoldOut".to_owned()),
        Just("example.com/shop.v1.Closed".to_owned()),
        Just("shop.v1.Closed".to_owned()),
        Just("type.googleapis.com/google.rpc.RetryInfo".to_owned()),
        ".{0,20}",
    ];
    let value = prop_oneof![
        Just(vec![8, 7]),
        proptest::collection::vec(proptest::num::u8::ANY, 0..12),
    ];
    let one = (name, value).prop_map(|(type_url, value)| Any { type_url, value });
    proptest::collection::vec(one, 0..5)
}

proptest! {
    #[test]
    fn a_status_that_becomes_an_error_and_a_status_again_is_the_same(
        code in 1..Code::ALL.len(),
        message in ".{0,40}",
        details in details(),
        is_final in proptest::bool::ANY,
        is_local in proptest::bool::ANY,
    ) {
        let mut status = Status::new(Code::ALL[code], message).with_details(details);
        if is_final {
            status = status.into_final();
        }
        if is_local {
            status = status
                .with_method("/shop.v1.Orders/Place")
                .with_endpoint("127.0.0.1:1")
                .with_attempts(3)
                .with_elapsed(std::time::Duration::from_millis(5))
                .with_source("because");
        }
        let want = all(&status);
        let error = PlaceError::from(status);
        prop_assert_eq!(&all(error.status()), &want);
        prop_assert_eq!(&all(&Status::from(error)), &want);
    }
}
