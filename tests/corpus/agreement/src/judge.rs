//! What the compiler says of inputs: accepted or refused, where and why, and the descriptor set.
//! It refuses to stop at an input: one that makes the compiler panic is an answer, too.

use std::{
    error::Error,
    fs,
    io::{BufRead, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use serde_json::{Value, json};
use sinew_idl::diag::{Diagnostic, Span};
use sinew_idl_proto::{Sources, compile};

/// Answers each line of `requests`.
///
/// # Errors
/// Of reading, writing, and requests that are none.
pub(crate) fn all(requests: impl BufRead, mut answers: impl Write) -> Result<(), Box<dyn Error>> {
    for line in requests.lines() {
        let request: Value = serde_json::from_str(&line?)?;
        writeln!(answers, "{}", one(&request)?)?;
        answers.flush()?;
    }
    Ok(())
}

fn one(request: &Value) -> Result<Value, Box<dyn Error>> {
    let sources = Sources {
        roots: paths(&request["roots"]),
        files: paths(&request["files"]),
    };
    let compiled = catch_unwind(AssertUnwindSafe(|| compile(&sources)));
    let name = &request["name"];
    Ok(match compiled {
        Ok(Ok(compiled)) => {
            if let Some(path) = request["set"].as_str() {
                fs::write(path, &compiled.descriptor_set)?;
            }
            json!({ "name": name, "accepted": true, "found": [] })
        }
        Ok(Err(found)) => {
            let found: Vec<_> = found.iter().map(place).collect();
            json!({ "name": name, "accepted": false, "found": found })
        }
        Err(_) => json!({ "name": name, "panicked": true, "accepted": false, "found": [] }),
    })
}

fn paths(list: &Value) -> Vec<PathBuf> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|path| Some(path.as_str()?.into()))
        .collect()
}

fn place(found: &Diagnostic) -> Value {
    let (file, line, column) = match &found.span {
        Span::Idl {
            file, line, column, ..
        } => (file.to_string(), *line, *column),
        _ => (String::new(), 0, 0),
    };
    let message = match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    };
    json!({ "file": file, "line": line, "column": column, "code": found.code, "message": message })
}
