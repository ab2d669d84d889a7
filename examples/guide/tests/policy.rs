//! What the IDL of the orders declares is what their methods have, in either spelling.
//! It refuses to call anything: what acts on it is shown by the tests of the runtime.

use std::time::Duration;

use guide::shop::v1::{orders, returns};
use sinew::{Idempotency, ServiceSpec};

#[test]
fn both_spellings_give_the_same_methods() {
    let row = |service: &ServiceSpec| -> Vec<_> {
        let methods = service.methods().iter();
        let row = methods.map(|one| {
            let (timeout, idle_timeout) = (one.timeout(), one.idle_timeout());
            (
                one.name().to_owned(),
                one.idempotency(),
                timeout,
                idle_timeout,
                one.max_request_bytes(),
            )
        });
        row.collect()
    };
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let place = (Idempotency::Idempotent, Some(ms(250)), None, Some(65536));
    let status = (Idempotency::Safe, Some(s(1)), None, None);
    let follow = (Idempotency::Unsafe, None, Some(s(30)), None);
    let want = [("Place", place), ("Status", status), ("Follow", follow)].map(
        |(name, (idempotency, timeout, idle_timeout, bytes))| {
            (name.to_owned(), idempotency, timeout, idle_timeout, bytes)
        },
    );
    assert_eq!(row(&orders::SERVICE), want);
    assert_eq!(row(&returns::SERVICE), want);
}
