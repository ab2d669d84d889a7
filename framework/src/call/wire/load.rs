//! A load report in trailers.
//! It refuses to say when one is due.

use http::HeaderMap;

use super::size::{REPLY_OWN, check_block, field_size};
use super::{LOAD_REPORT, decode_bin, encode_bin};
use crate::call::report::LoadReport;

/// Writes the report, unless the block would be too large with it: that would cost the status as well.
pub(crate) fn report_to_trailers(report: &LoadReport, trailers: &mut HeaderMap) {
    let mut value = encode_bin(&report.encode());
    let size = field_size(LOAD_REPORT.as_str().len(), value.len());
    if check_block(trailers, REPLY_OWN + size).is_ok() {
        // No two are the same: HPACK is not to put them into its table, where they would push out what comes again.
        value.set_sensitive(true);
        trailers.insert(&LOAD_REPORT, value);
    }
}

/// The report that a server sent, where there is one that can be read.
pub(crate) fn report_from_trailers(trailers: &HeaderMap) -> Option<LoadReport> {
    // Most trailers are a status alone, and need no look into the map.
    if trailers.len() < 2 {
        return None;
    }
    let value = trailers.get(&LOAD_REPORT)?;
    LoadReport::decode(&decode_bin(value.as_bytes())?)
}
