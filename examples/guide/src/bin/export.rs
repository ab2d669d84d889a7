//! A service that is written in Rust, over messages of an IDL, as the `.proto` file that other languages want:
//! `cargo run -p guide --bin export > ledger.proto`.

use guide::DESCRIPTORS;
use guide::shop::v1::{Order, Receipt};
use sinew::{Outbound, Result};

/// What was sold.
#[sinew::service(package = "shop.v1", timeout = "1s")]
pub trait Ledger {
    /// Writes a sale down.
    #[rpc(idempotent, timeout = "250ms", hash_key = order_id)]
    async fn enter(&self, req: Order) -> Result<Receipt>;
    /// Reads what was sold to a buyer.
    async fn sales(&self, req: Order, out: &mut Outbound<Receipt>) -> Result<()>;
}

fn main() -> Result<(), sinew::export::ExportError> {
    print!("{}", ledger::proto(&[DESCRIPTORS])?);
    Ok(())
}
