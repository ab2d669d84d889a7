//! A `path_template` of `google.api.routing` against a text: does it match, and what of it is the named part?
//! It refuses to judge templates, which the generator has: one that is none matches nothing.

#[cfg(test)]
mod tests;

/// A template, taken apart: `before/{name=pattern}/after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Template<'t> {
    before: &'t str,
    pub(super) name: &'t str,
    pattern: &'t str,
    after: &'t str,
}

impl<'t> Template<'t> {
    /// That of a parameter; an empty one is the whole field by its own name.
    pub(super) fn of(field: &'t str, template: &'t str) -> Option<Self> {
        match template {
            "" => Some(Self {
                before: "",
                name: field,
                pattern: "**",
                after: "",
            }),
            _ => Self::new(template),
        }
    }

    fn new(template: &'t str) -> Option<Self> {
        let (before, rest) = template.split_once('{')?;
        let (named, after) = rest.split_once('}')?;
        let (name, pattern) = named.split_once('=').unwrap_or((named, "*"));
        Some(Self {
            before: before.strip_suffix('/').unwrap_or(before),
            name,
            pattern,
            after: after.strip_prefix('/').unwrap_or(after),
        })
    }

    /// Does it take any value as it is?
    pub(super) fn is_whole(&self) -> bool {
        (self.before, self.pattern, self.after) == ("", "**", "")
    }

    /// The named part of `text`, if all of it matches. The cost is that of the text, which is read once.
    pub(super) fn find<'v>(&self, text: &'v str) -> Option<&'v str> {
        let start = Left(Some(text)).without(self.before)?;
        let end = start.without(self.pattern)?;
        if end.without(self.after)? != Left(None) {
            return None;
        }
        let (from, to) = match (start, end) {
            (Left(None), _) => return Some(""),
            (Left(Some(start)), Left(None)) => (text.len() - start.len(), text.len()),
            // Without the slash between them.
            (Left(Some(start)), Left(Some(end))) => {
                (text.len() - start.len(), text.len() - end.len() - 1)
            }
        };
        text.get(from..to)
    }
}

/// What is left of a text that is read segment by segment; `None` behind the last, be that empty or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left<'v>(Option<&'v str>);

impl<'v> Left<'v> {
    /// What is left behind `pattern`; nothing if that does not match.
    fn without(self, pattern: &str) -> Option<Self> {
        let mut left = self;
        for want in pattern.split('/').filter(|want| !want.is_empty()) {
            if want == "**" {
                return Some(Self(None));
            }
            let (segment, rest) = left.next()?;
            let is_match = match want {
                "*" => !segment.is_empty(),
                _ => segment == want,
            };
            if !is_match {
                return None;
            }
            left = rest;
        }
        Some(left)
    }

    fn next(self) -> Option<(&'v str, Self)> {
        let text = self.0?;
        Some(match text.split_once('/') {
            Some((segment, rest)) => (segment, Self(Some(rest))),
            None => (text, Self(None)),
        })
    }
}
