use std::fs;

use sinew_idl_proto::{Compiled, Sources, compile};

use super::super::{Message as Exported, Rpc, export};
use super::*;
use crate::call::{Code, Method, ServiceSpec};

/// As the fields are called in Rust: `cart_id`, `self_`, `foo_bar`, `r#type`.
const ITEM: &str = r#"syntax = "proto2";
package shop.v1;
message Item {
  optional string cartId = 1;
  optional string self = 2;
  optional string Foo_Bar = 3;
  optional string type = 4;
  optional User OWNER = 5;
  optional string id_ = 6;
  optional string i_d = 7;
  optional google.protobuf.Timestamp At = 8;
}
message User { optional string tenantId = 1; }
message SoldOut {}
import "google/protobuf/timestamp.proto";
"#;

#[derive(Clone, PartialEq, prost::Message)]
struct Item {}

impl prost::Name for Item {
    const PACKAGE: &'static str = "shop.v1";
    const NAME: &'static str = "Item";
}

fn compiled(name: &str, files: &[(&str, &str)]) -> Compiled {
    let root = std::env::temp_dir().join(format!("sinew-{name}-{}", std::process::id()));
    fs::create_dir_all(&root).expect("a folder for the files");
    for (name, text) in files {
        fs::write(root.join(name), text).expect("the file is written");
    }
    let compiled = compile(&Sources {
        roots: vec![root.clone()],
        files: files.iter().map(|(name, _)| (*name).into()).collect(),
    });
    fs::remove_dir_all(&root).expect("the folder is removed");
    compiled.unwrap_or_else(|found| panic!("{}", found.render()))
}

#[test]
fn fields_are_named_as_in_the_idl() {
    let set = compiled("fields", &[("item.proto", ITEM)]).descriptor_set;
    let messages = Messages::read(&[&set]).expect("it is a set");
    for (rust, idl) in [
        ("cart_id", Some("cartId")),
        ("self_", Some("self")),
        ("self", Some("self")),
        ("foo_bar", Some("Foo_Bar")),
        ("type", Some("type")),
        ("owner.tenant_id", Some("OWNER.tenantId")),
        ("id_", Some("id_")),
        ("at.seconds", Some("At.seconds")),
        // One of two.
        ("id", None),
        ("nothing", None),
        ("owner.nothing", None),
        // What has no fields.
        ("type.x", Some("type.x")),
    ] {
        let found = messages.path("shop.v1.Item", rust);
        assert_eq!(found.as_deref(), idl, "{rust}");
    }
    assert_eq!(
        messages.path("shop.v2.Item", "cart_id").as_deref(),
        Some("cart_id")
    );
}

static TAKE: Method<Item, Item> = Method::unary("/shop.v1.Shop/Take")
    .deprecated()
    .hash_key("owner.tenant_id", |_| None)
    .by_service()
    .user_key("cart_id");
static SHOP: ServiceSpec = ServiceSpec::new("shop.v1.Shop", &[TAKE.spec()]).deprecated();

#[test]
fn keys_errors_and_what_is_deprecated_go_along() {
    let set = compiled("keys", &[("item.proto", ITEM)]).descriptor_set;
    let item = Exported::named::<Item>();
    let rpc = Rpc {
        name: "Take",
        docs: "",
        request: item,
        reply: item,
        errors: || vec![("shop.v1.SoldOut".to_owned(), Code::Unavailable)],
    };
    let text = export(&SHOP, "", &[rpc], &[&set]).expect("all is declared");
    let want = r#"service Shop {
  option deprecated = true;
  option (sinew.service) = {
    user_key: "cartId"
  };
  rpc Take(.shop.v1.Item) returns (.shop.v1.Item) {
    option deprecated = true;
    option (sinew.method) = {
      hash_key: "OWNER.tenantId"
      errors: { type: "shop.v1.SoldOut", code: "UNAVAILABLE" }
    };
  }
}
"#;
    assert!(text.ends_with(want), "{text}");
    let again = compiled("again", &[("item.proto", ITEM), ("shop.proto", &text)]);
    let service = &again.schema.services[0];
    assert!(service.deprecated && service.methods[0].deprecated);
    assert_eq!(service.methods[0].policy.errors.len(), 1);
}

#[test]
fn a_key_that_is_no_field_is_named() {
    static OTHER: Method<Item, Item> = Method::unary("/shop.v1.Shop/Take").hash_key("id", |_| None);
    static SPEC: ServiceSpec = ServiceSpec::new("shop.v1.Shop", &[OTHER.spec()]);
    let set = compiled("no-field", &[("item.proto", ITEM)]).descriptor_set;
    let item = Exported::named::<Item>();
    let rpc = Rpc {
        name: "Take",
        docs: "",
        request: item,
        reply: item,
        errors: Vec::new,
    };
    let error = export(&SPEC, "", &[rpc], &[&set]).expect_err("it may be two");
    assert_eq!(
        error.to_string(),
        "shop.v1.Shop/Take: its request has no field `id` in the descriptor sets, or more than one that it may be; \
         without it the key cannot be exported"
    );
}
