//! What is no service at all.

use sinew::Result;

#[sinew::service(package = "shop.v1")]
trait Generic<T> {
    async fn get(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
unsafe trait Dangerous {
    async fn get(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
trait Bounded: Clone {
    async fn get(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
trait small {
    async fn get(&self, req: ()) -> Result<()>;
}

struct Mine;

#[sinew::service(package = "shop.v1")]
impl Mine {}

#[sinew::service(package = "shop.v1")]
struct NoTrait;

fn main() {}
