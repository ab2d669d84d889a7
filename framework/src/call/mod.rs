//! What a call is made of, on either side of the wire. Nothing here sends, waits or knows a layer.

pub(crate) mod code;
pub(crate) mod deadline;
pub mod details;
pub(crate) mod metadata;
pub(crate) mod status;
pub(crate) mod trace;
pub(crate) mod wire;
