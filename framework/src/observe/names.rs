//! The names of all metrics: the same in code, expositions and docs.
//! It refuses to hold anything but names, and what each of them means.

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $value;)+

        /// All names.
        pub const ALL: &[&str] = &[$($name),+];

        /// What a name means, in a line.
        #[cfg(feature = "prometheus")]
        pub(super) fn meaning(name: &str) -> &'static str {
            let meanings = [$(($name, concat!($($doc),+))),+];
            let found = meanings.iter().find(|(known, _)| *known == name);
            found.map_or("", |(_, meaning)| meaning.trim_start())
        }
    };
}

names! {
    /// Calls that ended on a client, by `method` and `code`.
    CLIENT_CALLS = "sinew_client_calls_total";
    /// Calls of a client that have begun and not ended, by `method`.
    CLIENT_IN_FLIGHT = "sinew_client_calls_in_flight";
    /// Seconds that calls of a client took with all of their attempts, by `method`.
    CLIENT_SECONDS = "sinew_client_call_seconds";
    /// How often calls of a client were handed to a connection, by `method`.
    CLIENT_ATTEMPTS = "sinew_client_attempts_total";
    /// Calls of a client that were sent once more, as no handler had seen them, by `method` and `reason`.
    CLIENT_SENT_AGAIN = "sinew_client_calls_sent_again_total";
    /// Calls of a client that wait for a connection or for a free stream, by `method`.
    CLIENT_WAITING = "sinew_client_calls_waiting";
    /// Connections that clients opened.
    CLIENT_CONNECTIONS = "sinew_client_connections_total";
    /// Connections of clients that are open.
    CLIENT_OPEN_CONNECTIONS = "sinew_client_connections_open";
    /// Tries of clients to connect that failed, by `reason`.
    CLIENT_CONNECT_FAILURES = "sinew_client_connect_failures_total";
    /// Changes of what clients think of endpoints, by `reason`.
    CLIENT_ENDPOINT_CHANGES = "sinew_client_endpoint_changes_total";
    /// Readings of who serves a name, by `outcome`: `taken`, `empty` or `failed`.
    DISCOVERY_READINGS = "sinew_discovery_readings_total";
    /// Seconds since the last answer that was taken of who serves a name, by `name`.
    DISCOVERY_AGE = "sinew_discovery_set_age_seconds";
    /// Readings before their time, by `cause`.
    DISCOVERY_RELISTS = "sinew_discovery_relists_total";
    /// Instances that were kept although a reading left them out, as too many were at once.
    DISCOVERY_HELD = "sinew_discovery_held_removals_total";
    /// Calls that ended on a server, by `method` and `code`; refusals included.
    SERVER_CALLS = "sinew_server_calls_total";
    /// Calls of a server that have begun and not ended, by `method`.
    SERVER_IN_FLIGHT = "sinew_server_calls_in_flight";
    /// Seconds that calls of a server took, by `method`; without those that it refused.
    SERVER_SECONDS = "sinew_server_call_seconds";
    /// Calls that a server refused before anything was done for them, by `method` and `reason`.
    SERVER_REFUSED_CALLS = "sinew_server_refused_calls_total";
    /// Connections that a server accepted and served.
    SERVER_CONNECTIONS = "sinew_server_connections_total";
    /// Connections of a server that are open.
    SERVER_OPEN_CONNECTIONS = "sinew_server_connections_open";
    /// Connections that a server did not serve, by `reason`.
    SERVER_REFUSED_CONNECTIONS = "sinew_server_refused_connections_total";
    /// Connections whose clients a server told to send nothing more on them, by `reason`.
    SERVER_TOLD_TO_END = "sinew_server_connections_told_to_end_total";
    /// Connections that were cut off with their calls, as these outlasted the drain timeout.
    SERVER_CUT_OFF = "sinew_server_connections_cut_off_total";
    /// Connections that a server broke off for what their clients did, by `reason`.
    SERVER_BROKEN_OFF = "sinew_server_connections_broken_off_total";
    /// Changes of a file of policies, by `side` and `outcome`: `taken` or `refused`.
    POLICY_FILE_CHANGES = "sinew_policy_file_changes_total";
    /// Changes of the files that TLS is set up with, by `side` and `outcome`: `taken` or `refused`.
    TLS_FILE_CHANGES = "sinew_tls_file_changes_total";
}
