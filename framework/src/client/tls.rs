//! TLS of a channel, and whom changes of its files are told.
//! It refuses to know what TLS is.

use std::fmt;
use std::sync::Arc;

use crate::observe::{Observer, Side};
use crate::transport::tls::{ChannelTls, ClientTls, Tell};

pub(super) fn of_channel(tls: Option<ClientTls>, observer: Observer) -> ChannelTls {
    let tell = move |is_taken, detail: &dyn fmt::Display| {
        observer.tls_files(Side::Client, is_taken, detail);
    };
    let tell: Arc<Tell> = Arc::new(tell);
    ChannelTls::new(tls, Some(tell))
}
