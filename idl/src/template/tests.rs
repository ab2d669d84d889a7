use proptest::prelude::*;

use super::*;

#[test]
fn one_part_is_named() {
    for (text, name, is_whole, shown) in [
        ("{name}", "name", false, "{name}"),
        ("{name=*}", "name", false, "{name}"),
        ("{table_name=**}", "table_name", true, "{table_name=**}"),
        (
            "projects/*/{t=instances/*}/tables/*",
            "t",
            false,
            "projects/*/{t=instances/*}/tables/*",
        ),
        (
            "{routing.id_2=projects/*}/**",
            "routing.id_2",
            false,
            "{routing.id_2=projects/*}/**",
        ),
        (
            "v1:x/{_a=\u{e4}-1.2~}/**",
            "_a",
            false,
            "v1:x/{_a=\u{e4}-1.2~}/**",
        ),
        ("a/{n=b/**}", "n", false, "a/{n=b/**}"),
    ] {
        let template = Template::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(template.name(), name, "{text}");
        assert_eq!(template.is_whole(), is_whole, "{text}");
        assert_eq!(template.to_string(), shown);
    }
}

#[test]
fn everything_else_says_why() {
    use TemplateError::{
        Brackets, Character, Empty, NamedTwice, NoName, RestNotLast, Star, Touched, Unnamed,
    };
    for (text, why) in [
        ("", Unnamed),
        ("projects/*", Unnamed),
        ("{a}/{b}", NamedTwice),
        ("{a}{b}", NamedTwice),
        ("{a", Brackets),
        ("a}", Brackets),
        ("}{a}", Brackets),
        ("{a={b}}", Brackets),
        ("{a}/}", Brackets),
        ("x{a}", Touched),
        ("{a}x", Touched),
        ("{}", NoName("".into())),
        ("{=*}", NoName("".into())),
        ("{1a}", NoName("1a".into())),
        ("{a.}", NoName("a.".into())),
        ("{a b}", NoName("a b".into())),
        ("{*}", NoName("*".into())),
        ("{a=}", Empty),
        ("/{a}", Empty),
        ("{a}/", Empty),
        ("a//{a}", Empty),
        ("{a=b//c}", Empty),
        ("**/{a}", RestNotLast),
        ("{a=**}/b", RestNotLast),
        ("{a=**}/**", RestNotLast),
        ("{a=**/b}", RestNotLast),
        ("{a=b*}", Star("b*".into())),
        ("***/{a}", Star("***".into())),
        ("a b/{a}", Character(' ')),
        ("{a=b=c}", Character('=')),
        ("{a}/\0", Character('\0')),
    ] {
        assert_eq!(Template::parse(text), Err(why), "{text}");
    }
}

proptest! {
    #[test]
    fn a_template_is_shown_as_it_is_written(
        text in "(a/|\\*/){0,2}\\{n(=(a|\\*)(/b)?)?\\}(/b|/\\*){0,2}(/\\*\\*)?",
    ) {
        let shown = Template::parse(&text).map(|template| template.to_string());
        prop_assert_eq!(shown, Ok(text.replace("{n=*}", "{n}")));
    }

    #[test]
    fn no_text_panics(text in "[{}=*/a. ]{0,20}|\\PC{0,40}") {
        let _ = Template::parse(&text).map_err(|error| error.help());
    }
}
