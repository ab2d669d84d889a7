//! Values that are nearly right.

use sinew::Result;

#[sinew::service("shop.v1")]
trait Package {}

#[sinew::service(package = "shop.v1")]
trait Values {
    #[rpc(timeout = "1s" idempotent)]
    async fn no_comma(&self, req: ()) -> Result<()>;
    #[rpc(max_request_bytes = 5_000_000_000)]
    async fn large(&self, req: ()) -> Result<()>;
    #[rpc(max_request_bytes = 64 * 1024)]
    async fn product(&self, req: ()) -> Result<()>;
    #[rpc(idempotent, retry(max_attempts = -1))]
    async fn negative(&self, req: ()) -> Result<()>;
    #[rpc(,)]
    async fn comma(&self, req: ()) -> Result<()>;
    #[rpc(errors(SoldOut))]
    async fn errors(&self, req: ()) -> Result<()>;
    #[cfg_attr(all(), rpc(timeout = "1s"))]
    async fn sometimes(&self, req: ()) -> Result<()>;
}

fn main() {}
