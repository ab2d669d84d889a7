//! TLS of a channel, and whom changes of its files are told.
//! It refuses to know what TLS is.

use std::fmt;
use std::sync::Arc;

use crate::observe::{Metrics, Observer, Side};
use crate::transport::tls::{ChannelTls, ClientTls, Tell};

pub(super) fn of_channel(tls: Option<ClientTls>, metrics: Option<&Arc<dyn Metrics>>) -> ChannelTls {
    let tell = metrics.map(|metrics| {
        let observer = Observer::new(Arc::clone(metrics));
        let tell = move |is_taken, detail: &dyn fmt::Display| {
            observer.tls_files(Side::Client, is_taken, detail);
        };
        Arc::new(tell) as Arc<Tell>
    });
    ChannelTls::new(tls, tell)
}
