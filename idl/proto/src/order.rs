//! The order in which files can be linked, imports first; cycles are found here, since no library names them whole.
//! It refuses recursion: a chain of imports may be as long as it likes.

use std::collections::BTreeMap;

use sinew_idl::diag::Diagnostic;

use crate::{
    builtin::DESCRIPTOR,
    load::{Loaded, import_span},
    places::Places,
};

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Done,
}

/// The names of all files, each after what it imports. Files of a cycle are reported and marked broken.
pub(crate) fn order(loaded: &mut Loaded) -> Vec<String> {
    let mut order = Vec::new();
    let mut cycles = Vec::new();
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    // The options that the other files have are looked up in this one, imported or not.
    let first = loaded.files.get_key_value(DESCRIPTOR);
    for root in first
        .map(|(name, _)| name)
        .into_iter()
        .chain(loaded.files.keys())
    {
        if states.contains_key(root.as_str()) {
            continue;
        }
        states.insert(root, State::Open);
        // Each file that is being visited, with the number of its next import.
        let mut stack: Vec<(&str, usize)> = vec![(root, 0)];
        while let Some((name, index)) = stack.last_mut() {
            let import = loaded
                .files
                .get(*name)
                .and_then(|proto| proto.dependency.get(*index));
            let Some(import) = import else {
                states.insert(name, State::Done);
                order.push((*name).to_owned());
                stack.pop();
                continue;
            };
            *index += 1;
            match states.get(import.as_str()) {
                Some(State::Done) => {}
                Some(State::Open) => {
                    let start = stack.iter().position(|(open, _)| open == import);
                    let cycle = stack.get(start.unwrap_or(0)..).unwrap_or_default();
                    cycles.push(
                        cycle
                            .iter()
                            .map(|(name, next)| ((*name).to_owned(), next - 1))
                            .collect::<Vec<_>>(),
                    );
                }
                None => {
                    if let Some((import, _)) = loaded.files.get_key_value(import) {
                        states.insert(import, State::Open);
                        stack.push((import, 0));
                    }
                }
            }
        }
    }
    for cycle in cycles {
        report(loaded, &cycle);
    }
    order
}

/// Reports a cycle at the import that closes it.
fn report(loaded: &mut Loaded, cycle: &[(String, usize)]) {
    let Some((last, index)) = cycle.last() else {
        return;
    };
    let mut names: Vec<_> = cycle.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(names.first().copied());
    let message = match cycle {
        [_] => format!("`{last}` imports itself"),
        _ => format!("import cycle: {}", names.join(" → ")),
    };
    let span = |name: &str, index| match loaded.files.get(name) {
        Some(proto) => {
            let source = loaded.texts.get(name);
            import_span(source, name, &Places::new(proto, source), index)
        }
        None => sinew_idl::diag::Span::file(name),
    };
    let mut found = Diagnostic::error("M0012", message, span(last, *index));
    for (name, index) in cycle.iter().rev().skip(1).rev() {
        found = found.also(span(name, *index), "imported");
    }
    loaded.found.push(found.help(match cycle {
        [_] => "remove the import",
        _ => "move what both need to a file of its own",
    }));
    for (name, _) in cycle {
        loaded.broken.insert(name.clone());
    }
}
