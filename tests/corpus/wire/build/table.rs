//! The table of messages, read off the generated code: whatever has a full name is in it, under the path it has there.
//! It refuses to know how names of the IDL become names of Rust, so it cannot share a mistake about that.

use std::{fmt::Write as _, fs, path::Path};

use quote::ToTokens;
use syn2::{Item, LitStr};

/// The code of one set: what was generated, in a module, and in that a function that lists its messages.
pub(crate) fn module(set: &str, root: &Path) -> Result<String, String> {
    let mut messages = Vec::new();
    walk(&items(root)?, root, &mut Vec::new(), &mut messages)?;
    let mut code = format!(
        "/// The set `{set}`.\npub(crate) mod {set} {{\n    include!({root:?});\n\n\
         \x20   #[allow(unused_variables, reason = \"there may be no message\")]\n\
         \x20   pub(crate) fn list(table: &mut crate::table::Table) {{\n"
    );
    for message in messages {
        let _ = writeln!(code, "        table.named::<{message}>({set:?});");
    }
    code.push_str("    }\n}\n");
    Ok(code)
}

/// The function that lists the messages of all sets.
pub(crate) fn all<'a>(sets: impl Iterator<Item = &'a str>) -> String {
    let mut code = "/// Lists the messages of every set.\n\
         pub(crate) fn list(table: &mut crate::table::Table) {\n"
        .to_owned();
    for set in sets {
        let _ = writeln!(code, "    {set}::list(table);");
    }
    code.push_str("}\n");
    code
}

/// The files that are not compiled, a line each.
pub(crate) fn left_out(lines: &[String]) -> String {
    format!(
        "/// What is not compiled, and why.\npub(crate) static LEFT_OUT: &[&str] = &{lines:?};\n"
    )
}

/// Adds the paths of all messages, relative to the module of the set.
fn walk(
    found: &[Item],
    file: &Path,
    path: &mut Vec<String>,
    messages: &mut Vec<String>,
) -> Result<(), String> {
    for item in found {
        match item {
            Item::Mod(module) => {
                path.push(module.ident.to_string());
                if let Some((_, content)) = &module.content {
                    walk(content, file, path, messages)?;
                }
                path.pop();
            }
            Item::Macro(call) if call.mac.path.is_ident("include") => {
                let included: LitStr = call.mac.parse_body().map_err(|e| wrong(file, &e))?;
                let included = file.with_file_name("").join(included.value());
                walk(&items(&included)?, &included, path, messages)?;
            }
            Item::Impl(named) => {
                let of = named.trait_.as_ref().map(|(_, path, _)| path);
                if of
                    .and_then(|of| of.segments.last())
                    .is_some_and(|last| last.ident == "Name")
                {
                    let own = named.self_ty.to_token_stream().to_string();
                    messages.push(
                        path.iter()
                            .map(|part| format!("{part}::"))
                            .collect::<String>()
                            + &own,
                    );
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn items(path: &Path) -> Result<Vec<Item>, String> {
    let text = fs::read_to_string(path).map_err(|error| wrong(path, &error))?;
    Ok(syn2::parse_file(&text)
        .map_err(|error| wrong(path, &error))?
        .items)
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
