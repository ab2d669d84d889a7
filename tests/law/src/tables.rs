//! The tables of `ARCHITECTURE.md`, and the comments and manifests that they
//! have to equal.
//! It reads no file itself.

/// One layer of an order: its number, name and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// 0 is outermost.
    pub number: u32,
    /// As written, backticks aside.
    pub name: String,
    /// Why it stands there; backticks aside.
    pub reason: String,
}

/// The layers of the lines `// ORDER n: Name — reason` in a source file. A line of comment right below, indented by
/// two spaces or more, goes on with the reason.
///
/// # Errors
/// A line that starts so and does not go on so.
pub fn order_comments(source: &str) -> Result<Vec<Layer>, String> {
    let mut orders: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in source.lines().map(str::trim) {
        if let Some(order) = line.strip_prefix("// ORDER ") {
            orders.push(order.to_owned());
            goes_on = true;
        } else if let (Some(more), true) = (line.strip_prefix("//  "), goes_on) {
            if let Some(order) = orders.last_mut() {
                order.push(' ');
                order.push_str(more);
            }
        } else {
            goes_on = false;
        }
    }
    let read = |order: &String| {
        layer(order).ok_or_else(|| format!("not `// ORDER n: Name — reason`: {order}"))
    };
    orders.iter().map(read).collect()
}

fn layer(line: &str) -> Option<Layer> {
    let (number, rest) = line.split_once(':')?;
    let (name, reason) = rest.split_once(" — ")?;
    Some(Layer {
        number: number.trim().parse().ok()?,
        name: plain(name),
        reason: plain(reason),
    })
}

/// The rows `| n | Name | … | reason |` below the line that starts with
/// `side` ("Client" or "Server"; marks of headings and bold type aside), up to
/// the next such line of the other side.
pub fn order_table(architecture: &str, side: &str) -> Vec<Layer> {
    let mut here = false;
    let mut layers = Vec::new();
    for line in architecture.lines() {
        let text = line.trim_start_matches(['#', '*', ' ']);
        if ["Client", "Server"]
            .iter()
            .any(|side| text.starts_with(side))
        {
            here = text.starts_with(side);
        }
        if let Some([number, name, .., reason]) = cells(line).as_deref()
            && let Ok(number) = number.parse()
            && here
        {
            layers.push(Layer {
                number,
                name: plain(name),
                reason: plain(reason),
            });
        }
    }
    layers
}

/// The rows `` | `folder/` | `crate` | … `` as (folder without its slash,
/// crate), sorted; folders outside the first parties are left out.
pub fn crate_table(architecture: &str) -> Vec<(String, String)> {
    let quoted = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    let mut rows: Vec<(String, String)> = architecture
        .lines()
        .filter_map(|line| match cells(line)?.as_slice() {
            [folder, name, ..] => Some((quoted(folder)?, quoted(name)?)),
            _ => None,
        })
        .map(|(folder, name)| (folder.trim_end_matches('/').to_owned(), name))
        .filter(|(folder, _)| is_first_party(folder))
        .collect();
    rows.sort();
    rows
}

/// The rows `` | `folder/` | … | imports | `` of the section "The runtime" as (module, the modules that it may import),
/// both sorted; `–` is none.
pub fn import_table(architecture: &str) -> Vec<(String, Vec<String>)> {
    let section = architecture
        .split("\n## ")
        .find(|section| section.starts_with("The runtime"));
    let mut rows: Vec<_> = section
        .unwrap_or_default()
        .lines()
        .filter_map(|line| match cells(line)?.as_slice() {
            [name, .., imports] if name.starts_with('`') => {
                let name = name
                    .trim_matches('`')
                    .trim_end_matches('/')
                    .trim_end_matches(".rs");
                let imports = imports.split(", ").filter(|import| *import != "–");
                let mut imports: Vec<String> = imports.map(str::to_owned).collect();
                imports.sort();
                Some((name.to_owned(), imports))
            }
            _ => None,
        })
        .collect();
    rows.sort();
    rows
}

/// The first-party members of the workspace whose manifest this is, sorted.
pub fn members(manifest: &str) -> Vec<String> {
    let list = manifest
        .split_once("\nmembers = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    let mut members: Vec<String> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|member| is_first_party(member))
        .map(str::to_owned)
        .collect();
    members.sort();
    members
}

/// The name in a crate's manifest.
pub fn package_name(manifest: &str) -> Option<String> {
    let (_, package) = manifest.split_once("[package]")?;
    package.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "name").then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn is_first_party(folder: &str) -> bool {
    let top = folder.split('/').next().unwrap_or(folder);
    ["framework", "idl", "codegen", "macros"].contains(&top)
}

/// The cells of a row of a Markdown table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split('|').map(str::trim).collect())
}

/// Text without backticks, and with single spaces.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARCHITECTURE: &str = "\
# House
| folder | crate | does |
|---|---|---|
| `framework/` | `sinew` | the runtime |
| `codegen/build/` | `sinew-build` | build.rs |
| `tests/law/` | `law` | this |
**Client**, outermost first.
| # | layer | in → out | why here |
|---|---|---|---|
| 0 | stub (generated) | x | encodes once |
| 1 | `Enter` | y | expired  → fails |

## Server
| # | layer | why here |
|---|---|---|
| 0 | listen | caps |
";

    fn layer(number: u32, name: &str, reason: &str) -> Layer {
        Layer {
            number,
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn orders_are_read_from_tables_and_comments() {
        let client = [
            layer(0, "stub (generated)", "encodes once"),
            layer(1, "Enter", "expired → fails"),
        ];
        assert_eq!(order_table(ARCHITECTURE, "Client"), client);
        let server = [layer(0, "listen", "caps")];
        assert_eq!(order_table(ARCHITECTURE, "Server"), server);
        let source = "
            // ORDER 0: stub (generated) — encodes once
            let x = 1; // not: ORDER 7: x — y
            // ORDER 1: Enter — expired
            //   → fails
            // and not this
            //   nor this
        ";
        assert_eq!(order_comments(source).unwrap(), client);
    }

    #[test]
    fn imports_are_read_from_the_section_of_the_runtime() {
        let page = "# A\n| `x/` | y | z |\n## The runtime\n| folder | is | may import |\n|---|---|---|\n\
            | `b/` | two | call, a |\n| `a.rs` | one | – |\n## Laws\n| `c/` | d | e |\n";
        let row = |name: &str, imports: &[&str]| {
            let imports = imports.iter().map(|import| (*import).to_owned());
            (name.to_owned(), imports.collect::<Vec<_>>())
        };
        assert_eq!(
            import_table(page),
            [row("a", &[]), row("b", &["a", "call"])]
        );
    }

    #[test]
    fn another_name_reason_or_order_is_a_difference() {
        for source in [
            "// ORDER 0: listen, TLS — caps",
            "// ORDER 0: listen — no caps",
            "// ORDER 1: listen — caps",
            "// ORDER 0: listen — caps\n// ORDER 1: x — y",
            "",
        ] {
            let comments = order_comments(source).unwrap();
            assert_ne!(comments, order_table(ARCHITECTURE, "Server"), "{source}");
        }
        for source in ["// ORDER x: a — b", "// ORDER 1 a — b", "// ORDER 1: a - b"] {
            assert!(order_comments(source).is_err(), "{source}");
        }
    }

    #[test]
    fn crates_are_read_from_the_table_and_the_manifests() {
        let pair = |folder: &str, name: &str| (folder.to_owned(), name.to_owned());
        assert_eq!(
            crate_table(ARCHITECTURE),
            [
                pair("codegen/build", "sinew-build"),
                pair("framework", "sinew")
            ]
        );
        let manifest = "[workspace]\nmembers = [\n  \"tests/law\", \"idl/proto\",\n  \"framework\",\n]\n\
            exclude = [\"idl/x\"]";
        assert_eq!(members(manifest), ["framework", "idl/proto"]);
        let manifest = "[package]\nedition.workspace = true\nname = \"sinew\"\n";
        assert_eq!(package_name(manifest).as_deref(), Some("sinew"));
    }
}
