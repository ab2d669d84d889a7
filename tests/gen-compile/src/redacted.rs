//! What `Debug` shows of messages with fields that must not be shown: nothing of those, and the rest as always.

use crate::case_36_debug_redact::{both, client};

#[test]
fn a_field_that_must_not_be_shown_is_not_whatever_it_is() {
    use both::people::{Color, Person, person};
    let person = Person {
        name: "Ada".to_owned(),
        password: "secret".to_owned(),
        color: Color::Red.into(),
        colors: vec![0, 1, 7],
        favourite: Some(1),
        by_room: [("hall".to_owned(), 1)].into(),
        secrets: [("secret".to_owned(), "secret".to_owned())].into(),
        pins: vec![1234],
        token: Some("secret".to_owned()),
        inner: Some(person::Inner {
            number: 5,
            level: 0,
        }),
        r#type: "admin".to_owned(),
        kind: Some(person::Kind::Key(b"secret".to_vec())),
    };
    let start = "Person { name: \"Ada\", password: [REDACTED], color: Red, colors: [Unknown, Red, 7], \
                 favourite: Some(Red), by_room: {\"hall\": Red}, secrets: [REDACTED], pins: [REDACTED], \
                 token: [REDACTED], inner: Some(Inner { number: 5, level: Low }), r#type: \"admin\", kind: ";
    assert_eq!(
        format!("{person:?}"),
        format!("{start}Some(Key([REDACTED])) }}")
    );
    for (kind, shown) in [
        (
            Some(person::Kind::Nickname("Countess".to_owned())),
            "Some(Nickname(\"Countess\"))",
        ),
        (Some(person::Kind::Mood(1)), "Some(Mood(Red))"),
        (None, "None"),
    ] {
        let person = Person {
            kind,
            ..person.clone()
        };
        assert_eq!(format!("{person:?}"), format!("{start}{shown} }}"));
    }
    assert!(format!("{person:#?}").contains("\n    password: [REDACTED],\n"));
}

#[test]
fn not_even_whether_it_is_set() {
    let person = both::people::Person::default();
    let shown = "Person { name: \"\", password: [REDACTED], color: Unknown, colors: [], favourite: None, by_room: {}, \
                 secrets: [REDACTED], pins: [REDACTED], token: [REDACTED], inner: None, r#type: \"\", kind: None }";
    assert_eq!(format!("{person:?}"), shown);
    // With B-tree maps and shared bytes, too.
    assert_eq!(format!("{:?}", client::people::Person::default()), shown);
}

#[test]
fn groups_and_keywords_are_no_exception() {
    use both::people::old::{Card, card};
    let pin = card::Pin {
        digits: "1234".to_owned(),
    };
    assert_eq!(format!("{pin:?}"), "Pin { digits: [REDACTED] }");
    let card = Card {
        self_: Some("secret".to_owned()),
        what: Some(card::What::Pin(pin)),
        ..Card::default()
    };
    let cards = Card {
        cards: vec![card],
        ..Card::default()
    };
    assert_eq!(
        format!("{cards:?}"),
        "Card { self_: [REDACTED], r#type: None, cards: [Card { self_: [REDACTED], r#type: None, cards: [], \
         what: Some(Pin([REDACTED])) }], what: None }"
    );
}
