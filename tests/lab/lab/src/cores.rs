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
        let (both, one): (&[usize], &[usize]) = (&[0, 1], &[3]);
        let table = [
            (Placement::CoreEach, both, (vec![0], vec![1])),
            (Placement::CoreEach, &[4, 6, 7], (vec![4], vec![6])),
            (Placement::CoreEach, one, (vec![3], vec![3])),
            (Placement::ServerOnTwo, both, (vec![0, 1], vec![0, 1])),
            (Placement::ServerOnTwo, &[0, 1, 2, 3], (vec![0, 1], vec![2])),
            (Placement::ServerOnTwo, one, (vec![3], vec![3])),
        ];
        for (placement, cores, (server, client)) in table {
            assert_eq!(
                placement.plan(cores),
                Cores { server, client },
                "{placement:?} {cores:?}"
            );
        }
    }
}
