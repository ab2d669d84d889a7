//! Keys that rules of `google.api.routing` make of requests, by the code that is generated for them.

use sinew::{Channel, KeyHash, Method};

use crate::case_37_key_that_may_be_unset::both::policy::unset::{Cart, Owner as Unset, carts};
use crate::case_37_routing::{
    both::policy::routing::{Key, Owner, State, Table, tables},
    client::policy::routing as other,
};

fn key<Req, Resp>(method: &Method<Req, Resp>, request: &Req) -> Option<String> {
    let key = method.routing_key(request)?;
    Some(String::from_utf8(key.into_owned()).expect("these are text"))
}

fn named(name: &str) -> Table {
    let name = name.to_owned();
    Table {
        name,
        ..Table::default()
    }
}

#[test]
fn a_template_takes_a_part_of_the_field() {
    for (name, want) in [
        ("projects/p/tables/t", Some("projects/p")),
        ("projects/p", Some("projects/p")),
        ("regions/r/tables/t", None),
        ("projects//tables/t", None),
        ("", None),
    ] {
        assert_eq!(key(&tables::GET, &named(name)).as_deref(), want, "{name}");
        assert_eq!(
            key(&tables::FIND, &name.to_owned()).as_deref(),
            want,
            "{name}"
        );
    }
}

#[test]
fn of_one_name_the_last_that_matches_says_the_value() {
    let mut table = named("projects/p/zones/z/tables/t");
    assert_eq!(key(&tables::LIST, &table).as_deref(), Some("z"));
    table.owner = Some(Owner::default());
    assert_eq!(key(&tables::LIST, &table).as_deref(), Some("z"));
    table.name = "projects/p/tables/t".to_owned();
    assert_eq!(key(&tables::LIST, &table).as_deref(), Some("p"));
    table.owner = Some(Owner {
        profile: "q".to_owned(),
        ..Owner::default()
    });
    assert_eq!(key(&tables::LIST, &table).as_deref(), Some("q"));
}

#[test]
fn several_names_are_one_key() {
    let mut table = named("unasked for");
    assert_eq!(
        key(&tables::PUT, &table).as_deref(),
        Some("old=false&state=0")
    );
    table = Table {
        r#type: Some(-7),
        owner: Some(Owner {
            id: 3,
            digest: vec![0, b'~'],
            deputy: Some(Box::new(Owner {
                profile: "profiles/a b".to_owned(),
                ..Owner::default()
            })),
            ..Owner::default()
        }),
        title: Some("\u{e4}/b".to_owned()),
        ..table
    };
    table.set_state(State::Open);
    let want = "deputy=a%20b&old=false&owner=3&owner.digest=%00~&state=1&title=%C3%A4%2Fb&type=-7";
    assert_eq!(key(&tables::PUT, &table).as_deref(), Some(want));
    let owner = other::Owner {
        digest: sinew::codegen::bytes::Bytes::from_static(b"d"),
        ..other::Owner::default()
    };
    let table = other::Table {
        owner: Some(owner),
        ..other::Table::default()
    };
    let of_other = key(&other::tables::PUT, &table);
    let want = "old=false&owner=0&owner.digest=d&state=0";
    assert_eq!(of_other.as_deref(), Some(want));
}

#[test]
fn a_whole_field_and_what_wins_over_the_rule_need_none() {
    let table = named("projects/p");
    for (method, path) in [
        (&tables::WHOLE, Some("name")),
        (&tables::TOLD, Some("state")),
    ] {
        let policy = method.spec().policy();
        assert_eq!(policy.hash_key.map(|key| key.value), path, "{method:?}");
        assert_eq!(policy.routing, None, "{method:?}");
        assert_eq!(key(method, &table), None, "{method:?}");
    }
    let marked = tables::MARKED.spec().policy();
    assert_eq!(marked.hash_key.map(|key| key.value), Some("id"));
    assert_eq!(key(&tables::MARKED, &Key::default()), None);
    for method in [tables::MANY.spec(), tables::ELSEWHERE.spec()] {
        let policy = method.policy();
        assert_eq!((policy.hash_key, policy.routing), (None, None), "{method}");
    }
}

#[test]
fn keys_are_hashed_as_they_are_written() {
    let of = |key: &str| KeyHash::of(key);
    let mut table = named("projects/p/zones/z/tables/t");
    assert_eq!(tables::WHOLE.key(&table), of("projects/p/zones/z/tables/t"));
    assert_eq!(tables::LIST.key(&table), of("z"), "what a rule takes");
    table.state = State::Open.into();
    assert_eq!(tables::TOLD.key(&table), of("1"), "an enum by its number");
    assert_eq!(tables::WHOLE.key(&Table::default()), None, "empty");
    assert_eq!(tables::MANY.key(&table), None, "none declared");

    let mut cart = Cart {
        id: "c".to_owned(),
        ..Cart::default()
    };
    assert_eq!(carts::ALWAYS.key(&cart), of("c"));
    assert_eq!(carts::OPTIONAL.key(&cart), None, "not set");
    assert_eq!(carts::INSIDE.key(&cart), None, "not set on the way");
    cart.tenant = Some("t".to_owned());
    cart.owner = Some(Unset { id: "o".to_owned() });
    assert_eq!(carts::OPTIONAL.key(&cart), of("t"));
    assert_eq!(carts::INSIDE.key(&cart), of("o"));
}

#[test]
fn the_table_of_policies_has_the_rule() {
    let channel = Channel::builder("http://127.0.0.1:1")
        .build()
        .expect("a target");
    let table = channel.policies(&[&tables::SERVICE]).to_string();
    let row = |line: &&str| line.contains("hash_key") && line.contains("{id}");
    let row = table.lines().find(row).expect("a row");
    let parts: Vec<_> = row
        .split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let rule = "name: projects/{id}/**, name: projects/*/zones/{id}/**, owner.profile: {id=**}";
    assert_eq!(parts, ["hash_key", rule, "method"]);
}
