//! Which cores server and client get.
//!
//! It only plans; each process pins itself.

use std::thread;

/// How the cores are shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placement {
    /// One core for the server, another for the client.
    CoreEach,
    /// Two cores for the server; the client has a third, or all that there are.
    ServerOnTwo,
}

/// Cores of one measurement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cores {
    /// The server's: one worker each.
    pub(crate) server: Vec<usize>,
    /// The client's: one worker.
    pub(crate) client: Vec<usize>,
}

impl Placement {
    /// Shares out `cores`, of which there is at least one.
    pub(crate) fn plan(self, cores: &[usize]) -> Cores {
        let servers = match self {
            Self::CoreEach => 1,
            Self::ServerOnTwo => 2,
        };
        let (server, rest) = cores.split_at(servers.min(cores.len()));
        let client = rest
            .first()
            .map_or_else(|| cores.to_vec(), |core| vec![*core]);
        Cores {
            server: server.to_vec(),
            client,
        }
    }
}

/// The cores that this process may use.
pub(crate) fn available() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return (0..rustix::thread::CpuSet::MAX_CPU)
            .filter(|core| set.is_set(*core))
            .collect();
    }
    (0..thread::available_parallelism().map_or(1, Into::into)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_and_client_share_a_core_only_when_they_must() {
        let table: [(Placement, &[usize], &[usize], &[usize]); 6] = [
            (Placement::CoreEach, &[0, 1], &[0], &[1]),
            (Placement::CoreEach, &[4, 6, 7], &[4], &[6]),
            (Placement::CoreEach, &[0], &[0], &[0]),
            (Placement::ServerOnTwo, &[0, 1], &[0, 1], &[0, 1]),
            (Placement::ServerOnTwo, &[0, 1, 2, 3], &[0, 1], &[2]),
            (Placement::ServerOnTwo, &[3], &[3], &[3]),
        ];
        for (placement, cores, server, client) in table {
            let plan = placement.plan(cores);
            assert_eq!(
                (&*plan.server, &*plan.client),
                (server, client),
                "{placement:?} {cores:?}"
            );
        }
    }
}
