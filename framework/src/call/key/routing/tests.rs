use super::*;
use crate::call::key::HashKeyField;

fn key(rule: &'static [(&str, &str)], values: &[&dyn HashKeyField]) -> Option<String> {
    let values: Vec<_> = values.iter().map(|value| value.key_value()).collect();
    let key = Routing::new(rule).key(&values)?;
    Some(String::from_utf8(key.into_owned()).expect("these are text"))
}

const TABLE: &str = "projects/p/instances/i/tables/t";

/// One of each kind that the comment in `google/api/routing.proto` has, by its numbers.
#[test]
fn the_examples_of_the_annotation() {
    let (table, profile) = (TABLE.to_owned(), "profiles/q".to_owned());
    for (rule, want) in [
        // 1 and 2: the field as it is.
        (&[("app_profile_id", "")][..], Some("profiles/q")),
        (&[("app_profile_id", "{routing_id=**}")], Some("profiles/q")),
        // 3: the field, if it matches.
        (
            &[("table_name", "{table_name=projects/*/instances/*/**}")],
            Some(TABLE),
        ),
        (&[("table_name", "{table_name=regions/*/zones/*/**}")], None),
        (
            &[
                ("table_name", "{table_name=projects/*/instances/*/**}"),
                ("table_name", "{table_name=regions/*/zones/*/**}"),
            ],
            Some(TABLE),
        ),
        // 4: a part of it.
        (
            &[("table_name", "{routing_id=projects/*}/**")],
            Some("projects/p"),
        ),
        // 5: the last that matches.
        (
            &[
                ("table_name", "{routing_id=projects/*}/**"),
                ("table_name", "{routing_id=projects/*/instances/*}/**"),
            ],
            Some("projects/p/instances/i"),
        ),
        // 6 and 7: several names.
        (
            &[
                ("table_name", "{project_id=projects/*}/instances/*/**"),
                ("table_name", "projects/*/{instance_id=instances/*}/**"),
            ],
            Some("instance_id=instances%2Fi&project_id=projects%2Fp"),
        ),
        (
            &[
                ("table_name", "{project_id=regions/*}/**"),
                ("app_profile_id", "{routing_id=**}"),
            ],
            Some("routing_id=profiles%2Fq"),
        ),
        // 8: the last that matches, of several fields.
        (
            &[
                ("app_profile_id", "{routing_id=**}"),
                ("table_name", "{routing_id=projects/*}/**"),
                ("table_name", "{routing_id=regions/*}/**"),
            ],
            Some("projects/p"),
        ),
        // 9: all together.
        (
            &[
                (
                    "table_name",
                    "projects/*/{table_location=instances/*}/tables/*",
                ),
                ("table_name", "{table_location=regions/*/zones/*}/tables/*"),
                ("table_name", "{routing_id=projects/*}/**"),
                ("app_profile_id", "{routing_id=**}"),
                ("app_profile_id", "profiles/{routing_id=*}"),
            ],
            Some("routing_id=q&table_location=instances%2Fi"),
        ),
    ] {
        let value = |field| match field {
            "table_name" => &table as &dyn HashKeyField,
            _ => &profile,
        };
        let values: Vec<_> = rule.iter().map(|(field, _)| value(*field)).collect();
        assert_eq!(key(rule, &values).as_deref(), want, "{rule:?}");
    }
}

#[test]
fn what_has_no_value_says_nothing() {
    let (empty, none) = (String::new(), None::<String>);
    let text = "a b/\u{e4}".to_owned();
    const TWICE: &[(&str, &str)] = &[("a", "{x=**}"), ("b", "{x=**}")];
    assert_eq!(key(TWICE, &[&text, &empty]).as_deref(), Some("a b/\u{e4}"));
    assert_eq!(key(TWICE, &[&text, &none]).as_deref(), Some("a b/\u{e4}"));
    assert_eq!(key(TWICE, &[&empty, &none]), None);
    const BOTH: &[(&str, &str)] = &[("b.c", ""), ("a", "")];
    assert_eq!(
        key(BOTH, &[&text, &empty]).as_deref(),
        Some("b.c=a%20b%2F%C3%A4")
    );
    assert_eq!(key(BOTH, &[&none, &empty]), None);
    assert_eq!(key(&[], &[&text]), None);
    assert_eq!(key(BOTH, &[]), None);
    assert_eq!(
        key(&[("a", "no template"), ("b", "")], &[&text, &text]),
        Some(text)
    );
}

#[test]
fn what_is_no_text_is_taken_as_a_whole() {
    const RULE: &[(&str, &str)] = &[("a", ""), ("b", "{b=**}"), ("c", "{c}"), ("d", "")];
    let (number, flag, bytes) = (-7_i64, true, vec![0_u8, 0xff, b'~']);
    assert_eq!(
        key(RULE, &[&number, &flag, &number, &bytes]).as_deref(),
        Some("a=-7&b=true&d=%00%FF~")
    );
    let values = [bytes.key_value()];
    assert_eq!(
        Routing::new(&[("d", "")]).key(&values),
        Some(Cow::Borrowed(&bytes[..]))
    );
}

#[test]
fn a_single_value_is_not_copied() {
    let values = [TABLE.key_value()];
    let key = Routing::new(&[("a", "{x=projects/*}/**")]).key(&values);
    assert!(matches!(key, Some(Cow::Borrowed(b"projects/p"))), "{key:?}");
}

#[test]
fn it_is_shown_by_field() {
    let rule = Routing::new(&[("name", "{shelf=shelves/*}/**"), ("room.id", "")]);
    assert_eq!(rule.to_string(), "name: {shelf=shelves/*}/**, room.id");
}
