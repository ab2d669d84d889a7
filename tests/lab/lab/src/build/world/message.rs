//! The messages of a service: its resource, and a request and a reply for each rpc.
//!
//! Fields are of all usual kinds, in about the shares in which real APIs have them.

use super::{
    file::{Extra, line},
    words::{Dice, FIELDS},
};

/// A message of another file that a resource speaks of.
#[derive(Debug)]
pub(super) struct Link {
    /// The file, as it is imported.
    pub(super) import: String,
    /// The message, by its full name.
    pub(super) message: String,
}

/// All messages and enums of the service with that number, about `name`.
pub(super) fn all(text: &mut String, number: usize, name: &str, link: Option<&Link>) {
    let mut dice = Dice::of(number);
    resource(text, &mut dice, name, link);
    kinds(text, &mut dice, name);
    policy(text, &mut dice, name);
    for (message, what, fields) in requests(name) {
        small(text, &mut dice, &message, what, &fields);
    }
    for extra in Extra::of(number) {
        for (message, what, fields) in of_extra(extra, name) {
            small(text, &mut dice, &message, what, &fields);
        }
    }
}

/// The resource itself, with what is nested in it.
fn resource(text: &mut String, dice: &mut Dice, name: &str, link: Option<&Link>) {
    line(
        text,
        &format!("\n// A {name}: what it is, where it stands, and whose it is."),
    );
    line(
        text,
        &format!("//\n// {}\n// {}", dice.sentence(), dice.sentence()),
    );
    line(text, &format!("message {name} {{"));
    line(text, "  // Where it stands.\n  enum State {");
    line(
        text,
        "    // Nothing is known.\n    STATE_UNSPECIFIED = 0;\n",
    );
    for (number, state) in ["ACTIVE", "WAITING", "STOPPED", "DELETED"]
        .iter()
        .enumerate()
    {
        line(
            text,
            &format!(
                "    // {}\n    {state} = {};\n",
                dice.sentence(),
                number + 1
            ),
        );
    }
    line(text, "  }\n");
    line(
        text,
        "  // One of the parts that it is made of.\n  message Part {",
    );
    fields(text, dice, "    ", 3, "Part");
    line(text, "  }\n");
    line(
        text,
        "  // What somebody had to say about it.\n  message Remark {",
    );
    line(text, "    // Who said it.\n    string author = 1;\n");
    line(text, "    // What was said.\n    string text = 2;\n");
    line(
        text,
        "    // When.\n    google.protobuf.Timestamp at = 3;\n  }\n",
    );

    let mut field = |declared: &str| {
        line(
            text,
            &format!(
                "  // {}\n  // {}\n  {declared};\n",
                dice.sentence(),
                dice.sentence()
            ),
        );
    };
    field("string name = 1");
    field("State state = 2");
    field(&format!("{name}Kind kind = 3"));
    field("repeated Part parts = 4");
    field("map<string, string> labels = 5");
    field("google.protobuf.Duration retention = 6");
    field("world.common.v1.Money price = 7");
    if let Some(link) = link {
        field(&format!("{} origin = 8", link.message));
    }
    line(text, "  // Where its content is.\n  oneof content {");
    line(text, "    // Within the message.\n    bytes inline = 9;\n");
    line(text, "    // At an address.\n    string uri = 10;\n");
    line(
        text,
        "    // With somebody who had something to say.\n    Remark remark = 11;\n  }\n",
    );
    fields(text, dice, "  ", 12, "Part");
    line(text, "}");
}

/// An enum at the top of the file.
fn kinds(text: &mut String, dice: &mut Dice, name: &str) {
    let prefix = shouted(name);
    line(
        text,
        &format!("\n// The kinds of {name}.\nenum {name}Kind {{"),
    );
    line(
        text,
        &format!("  // It is not told.\n  {prefix}_KIND_UNSPECIFIED = 0;\n"),
    );
    for number in 1..4 + dice.roll(4) {
        let kind = [
            "PLAIN", "LARGE", "RENEWED", "LEGACY", "TRIAL", "INTERNAL", "RARE",
        ][number - 1];
        line(
            text,
            &format!(
                "  // {}\n  {prefix}_KIND_{kind} = {number};\n",
                dice.sentence()
            ),
        );
    }
    line(text, "}");
}

/// A message with one nested in it that comes in a map.
fn policy(text: &mut String, dice: &mut Dice, name: &str) {
    line(
        text,
        &format!(
            "\n// Who may do what with a {name}.\n//\n// {}",
            dice.sentence()
        ),
    );
    line(text, &format!("message {name}Policy {{"));
    line(text, "  // A rule.\n  message Rule {");
    line(
        text,
        "    // Who it is for.\n    repeated string members = 1;\n",
    );
    line(
        text,
        "    // Whether it forbids.\n    bool deny = 2;\n  }\n",
    );
    line(
        text,
        &format!("  // {}\n  map<string, Rule> rules = 1;\n", dice.sentence()),
    );
    line(
        text,
        &format!("  // {}\n  fixed64 hash = 2;\n", dice.sentence()),
    );
    line(
        text,
        &format!("  // {}\n  sint32 offset = 3;\n", dice.sentence()),
    );
    line(text, "}");
}

type Small = (String, &'static str, Vec<String>);

fn owned(fields: &[&str]) -> Vec<String> {
    fields.iter().map(ToString::to_string).collect()
}

/// What the usual five rpcs take and give, beside the resource.
fn requests(name: &str) -> [Small; 6] {
    [
        (
            format!("Get{name}Request"),
            "What to find.",
            owned(&["string name", "google.protobuf.FieldMask mask"]),
        ),
        (
            format!("List{name}sRequest"),
            "What to list.",
            owned(&[
                "string parent",
                "world.common.v1.Page page",
                "string filter",
                "repeated string order_by",
            ]),
        ),
        (
            format!("List{name}sReply"),
            "A page of the list.",
            vec![
                format!("repeated {name} items"),
                "string next".to_owned(),
                "int32 total".to_owned(),
            ],
        ),
        (
            format!("Create{name}Request"),
            "What to make.",
            vec![
                "string parent".to_owned(),
                format!("{name} item"),
                format!("{name}Policy policy"),
            ],
        ),
        (
            format!("Update{name}Request"),
            "What to change.",
            vec![
                format!("{name} item"),
                "google.protobuf.FieldMask mask".to_owned(),
            ],
        ),
        (
            format!("Delete{name}Request"),
            "What to remove.",
            owned(&["string name", "bool force"]),
        ),
    ]
}

fn of_extra(extra: Extra, name: &str) -> [Small; 2] {
    match extra {
        Extra::Watch => [
            (
                format!("Watch{name}Request"),
                "What to watch.",
                owned(&["repeated string names", "google.protobuf.Timestamp since"]),
            ),
            (
                format!("{name}Event"),
                "What became of one.",
                vec![
                    format!("{name} before"),
                    format!("{name} after"),
                    "int64 revision".to_owned(),
                ],
            ),
        ],
        Extra::Upload => [
            (
                format!("{name}Chunk"),
                "A piece of the content.",
                owned(&[
                    "string name",
                    "uint64 position",
                    "bytes data",
                    "optional fixed32 checksum",
                ]),
            ),
            (
                format!("{name}Summary"),
                "What was taken.",
                owned(&["uint64 bytes", "uint32 chunks"]),
            ),
        ],
        Extra::Converse => [
            (
                format!("{name}Question"),
                "What is asked.",
                owned(&["int32 number", "string text"]),
            ),
            (
                format!("{name}Answer"),
                "What is answered.",
                vec![
                    "int32 number".to_owned(),
                    "string text".to_owned(),
                    format!("repeated {name} about"),
                ],
            ),
        ],
        Extra::Search => [
            (
                format!("Search{name}sRequest"),
                "What to search for.",
                owned(&[
                    "string words",
                    "world.common.v1.Page page",
                    "float least_score",
                ]),
            ),
            (
                format!("Search{name}sReply"),
                "What was found, the best first.",
                vec![
                    format!("repeated {name} found"),
                    "repeated double scores".to_owned(),
                ],
            ),
        ],
    }
}

fn small(text: &mut String, dice: &mut Dice, message: &str, what: &str, fields: &[String]) {
    line(text, &format!("\n// {what}\nmessage {message} {{"));
    for (number, field) in fields.iter().enumerate() {
        line(
            text,
            &format!(
                "  // {}\n  // {}\n  {field} = {};\n",
                dice.sentence(),
                dice.sentence(),
                number + 1
            ),
        );
    }
    line(text, "}");
}

/// Three to five fields from number `first` on, of a kind that suits their names.
fn fields(text: &mut String, dice: &mut Dice, indent: &str, first: usize, nested: &str) {
    let start = dice.roll(FIELDS.len());
    for offset in 0..3 + dice.roll(3) {
        let place = (start + offset) % FIELDS.len();
        let kind = match FIELDS[place] {
            "priority" | "attempts" | "position" => "optional int32",
            "revision" | "size_in_bytes" | "limit" => "int64",
            "enabled" | "confirmed" => "bool",
            "ratio" | "weight" => "double",
            "checksum" | "payload" => "bytes",
            "created_at" | "changed_at" | "expires_at" => "google.protobuf.Timestamp",
            "timeout" => "google.protobuf.Duration",
            "aliases" | "scopes" => "repeated string",
            "address" | "contact" => "world.common.v1.Address",
            "total" | "fee" => "world.common.v1.Money",
            "group" if indent.len() == 2 => nested,
            "note" | "reason" => "optional string",
            _ => "string",
        };
        let (field, number) = (FIELDS[place], first + offset);
        for _ in 0..2 {
            line(text, &format!("{indent}// {}", dice.sentence()));
        }
        line(text, &format!("{indent}{kind} {field} = {number};\n"));
    }
}

/// `ActiveJob` as `ACTIVE_JOB`.
fn shouted(name: &str) -> String {
    let mut shouted = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !shouted.is_empty() {
            shouted.push('_');
        }
        shouted.extend(letter.to_uppercase());
    }
    shouted
}
