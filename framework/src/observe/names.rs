//! The names of all metrics: the same in code, expositions and docs.
//! It refuses to hold anything but names.

/// Calls that ended on a client, by `method` and `code`.
pub const CLIENT_CALLS: &str = "sinew_client_calls_total";
/// Calls of a client that have begun and not ended.
pub const CLIENT_IN_FLIGHT: &str = "sinew_client_calls_in_flight";
/// Seconds that calls of a client took, by `method`.
pub const CLIENT_SECONDS: &str = "sinew_client_call_seconds";
/// Calls that ended on a server, by `method` and `code`; refusals included.
pub const SERVER_CALLS: &str = "sinew_server_calls_total";
/// Calls of a server that have begun and not ended.
pub const SERVER_IN_FLIGHT: &str = "sinew_server_calls_in_flight";
/// Seconds that calls of a server took, by `method`.
pub const SERVER_SECONDS: &str = "sinew_server_call_seconds";
/// Changes of a file of policies, by `side` and `outcome`: `taken` or `refused`.
pub const POLICY_FILE_CHANGES: &str = "sinew_policy_file_changes_total";
/// Changes of the files that TLS is set up with, by `side` and `outcome`: `taken` or `refused`.
pub const TLS_FILE_CHANGES: &str = "sinew_tls_file_changes_total";
/// Connections that a server did not serve, by `reason`.
pub const SERVER_REFUSED_CONNECTIONS: &str = "sinew_server_refused_connections_total";
