//! Options that mean nothing, and values that are none.

use sinew::{Inbound, Outbound, Result};

#[sinew::service(pakage = "shop.v1", timeout = "1s", timeout = "2s", colour = 1)]
trait Options {
    #[rpc(timeout = 250, idempotent = true)]
    async fn spelt(&self, req: ()) -> Result<()>;
    #[rpc(timeout = "250", idle_timeout = "1s")]
    async fn durations(&self, req: ()) -> Result<()>;
    #[rpc(retry(max_attempts = 9, codes = [Unavailible, OK]))]
    async fn retried(&self, req: ()) -> Result<()>;
    #[rpc(idempotent, no_side_effects, retry(max_attempt = 3), hedge(delay = "p9"))]
    async fn both(&self, req: ()) -> Result<()>;
    #[rpc(hash_key = "id", criticality = Critcal, user_key = "x-user", max_request_bytes = 0)]
    async fn keys(&self, req: ()) -> Result<()>;
    #[rpc(hash_key = id, user_key = id, idempotent, retry(max_attempts = 2))]
    async fn upload(&self, rx: Inbound<()>) -> Result<()>;
    #[rpc(idle_timeout = "2s", timeout = "1s")]
    async fn watch(&self, req: (), out: &mut Outbound<()>) -> Result<()>;
    #[rpc]
    async fn bare(&self, req: ()) -> Result<()>;
    #[rpc(name = "Bare")]
    async fn second(&self, req: ()) -> Result<()>;
    #[rpc(name = "no name")]
    async fn third(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop..v1", crate = sinew, user_key = "metadata:X-User")]
trait Package {}

fn main() {}
