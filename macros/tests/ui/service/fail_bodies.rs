//! What is wrong in the body of a method is said where it stands, or of the method.

use sinew::{Outbound, Result, Status};

#[sinew::service(package = "shop.v1")]
trait Bodies {
    async fn other(&self, req: String) -> Result<String> {
        let _ = req;
        5
    }
    async fn nothing(&self, req: ()) -> Result<String> {
        let _ = req;
    }
    async fn returned(&self, req: String) -> Result<String> {
        if req.is_empty() {
            return "empty";
        }
        Err(Status::not_found(req))
    }
    async fn kept(&self, req: String, out: &mut Outbound<String>) -> Result<()> {
        let text = std::rc::Rc::new(req);
        out.send(text.to_string()).await?;
        drop(text);
        Ok(())
    }
}

fn main() {}
