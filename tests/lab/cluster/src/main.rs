//! One process of a cluster: a server whose calls take time in worker slots, or a client that chooses among servers.
//!
//! Both are ours; only who chooses differs, so that only the choice is compared.

mod call;
mod random;
mod serve;
mod tower;

use std::process::ExitCode;

use lab_common::{ClusterOrder, Meter, end_in_time};

#[allow(missing_docs, unreachable_pub)]
mod pb {
    sinew::include_idl!();
    pub(crate) use lab::v1::*;
}

fn main() -> ExitCode {
    lab_common::obey(|order| {
        let (ClusterOrder::Serve { lifetime, .. } | ClusterOrder::Call { lifetime, .. }) = &order;
        end_in_time(*lifetime, &Meter::timed());
        // Many processes share few cores: one worker each is enough, and costs the fewest switches.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match order {
                ClusterOrder::Serve { slots, .. } => serve::run(slots).await,
                ClusterOrder::Call { calls, .. } => call::run(calls).await,
            }
        })
    })
}
