//! Names that a wire does not have, and that are there already.

use sinew::Result;

#[sinew::service(package = "shop.v1")]
trait Größe {
    async fn größe(&self, req: ()) -> Result<()>;
    async fn __(&self, req: ()) -> Result<()>;
    #[rpc(name = "Laenge")]
    async fn länge(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
#[allow(non_camel_case_types)]
trait __ {
    async fn get(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1", name = "Groesse")]
trait Ü {
    async fn get(&self, req: ()) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
trait Twice {
    async fn get(&self, req: ()) -> Result<()>;
    async fn put_all(&self, req: ()) -> Result<()>;
    #[rpc(name = "PUT_ALL")]
    async fn put_every(&self, req: ()) -> Result<()>;
    async fn get(&self, req: ()) -> Result<()>;
}

// A keyword as the name of a module.
#[sinew::service(package = "shop.v1")]
trait Type<T> {
    async fn get(&self, req: ()) -> Result<()>;
}

struct Mine;

impl Ü for Mine {
    async fn get(&self, _: ()) -> Result<()> {
        Ok(())
    }
}

fn served() -> sinew::Skeleton {
    ü::server(Mine)
}

fn main() {}
