//! What the export of a service prints, to the letter, and that it is an IDL.

use std::process::Command;

const TEXT: &str = r#"syntax = "proto3";

package shop.v1;

import "shop/v1/orders.proto";
import "sinew/options.proto";

// What was sold.
service Ledger {
  // Writes a sale down.
  rpc Enter(.shop.v1.Order) returns (.shop.v1.Receipt) {
    option idempotency_level = IDEMPOTENT;
    option (sinew.method) = {
      timeout: "250ms"
      hash_key: "order_id"
    };
  }
  // Reads what was sold to a buyer.
  rpc Sales(.shop.v1.Order) returns (stream .shop.v1.Receipt);
}
"#;

#[test]
fn it_is_printed() {
    let said = Command::new(env!("CARGO_BIN_EXE_export")).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    assert_eq!(String::from_utf8_lossy(&said.stdout), TEXT);
}
