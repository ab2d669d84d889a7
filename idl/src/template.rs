//! Templates of `google.api.routing`: `projects/*/{table=tables/*}/**`, the shape of a text and the part of it that is
//! a key.
//! It refuses to match texts: the runtime does.

use std::fmt;

/// A template: what stands in front of its named part, the named part, and what stands behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    before: Vec<Segment>,
    name: String,
    named: Vec<Segment>,
    after: Vec<Segment>,
}

/// What one part of a text between slashes has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// This.
    Literal(String),
    /// `*`: anything, but not nothing.
    One,
    /// `**`: all that is left, slashes and nothing included.
    Rest,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// It has no `{…}`.
    Unnamed,
    /// It has a second `{…}`.
    NamedTwice,
    /// A bracket is missing, or one is within another.
    Brackets,
    /// Something that is no slash touches the brackets from outside.
    Touched,
    /// The name in the brackets is none.
    NoName(String),
    /// There is nothing between two slashes, in front of the first or behind the last.
    Empty,
    /// `**` is not the last.
    RestNotLast,
    /// A segment has a star, and more.
    Star(String),
    /// A segment has a character that none has.
    Character(char),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let Some((before, rest)) = text.split_once('{') else {
            return Err(match text.contains('}') {
                true => TemplateError::Brackets,
                false => TemplateError::Unnamed,
            });
        };
        let (named, after) = rest.split_once('}').ok_or(TemplateError::Brackets)?;
        if before.contains('}') || named.contains('{') {
            return Err(TemplateError::Brackets);
        }
        if after.contains('{') {
            return Err(TemplateError::NamedTwice);
        }
        if after.contains('}') {
            return Err(TemplateError::Brackets);
        }
        let (name, pattern) = named.split_once('=').unwrap_or((named, "*"));
        if !is_name(name) {
            return Err(TemplateError::NoName(name.to_owned()));
        }
        let before = match before.strip_suffix('/') {
            Some(before) => segments(before)?,
            None if before.is_empty() => Vec::new(),
            None => return Err(TemplateError::Touched),
        };
        let after = match after.strip_prefix('/') {
            Some(after) => segments(after)?,
            None if after.is_empty() => Vec::new(),
            None => return Err(TemplateError::Touched),
        };
        let named = segments(pattern)?;
        let all = before.iter().chain(&named).chain(&after);
        if all.rev().skip(1).any(|segment| *segment == Segment::Rest) {
            return Err(TemplateError::RestNotLast);
        }
        Ok(Self {
            before,
            name: name.to_owned(),
            named,
            after,
        })
    }

    /// The name of its named part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does it take any text as it is?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.before.is_empty() && self.named == [Segment::Rest] && self.after.is_empty()
    }
}

fn segments(text: &str) -> Result<Vec<Segment>, TemplateError> {
    text.split('/').map(segment).collect()
}

fn segment(text: &str) -> Result<Segment, TemplateError> {
    match text {
        "" => return Err(TemplateError::Empty),
        "*" => return Ok(Segment::One),
        "**" => return Ok(Segment::Rest),
        _ => {}
    }
    let is_none = |c: char| c == '=' || c.is_whitespace() || c.is_control();
    match text.chars().find(|c| is_none(*c)) {
        Some(c) => Err(TemplateError::Character(c)),
        None if text.contains('*') => Err(TemplateError::Star(text.to_owned())),
        None => Ok(Segment::Literal(text.to_owned())),
    }
}

/// Identifiers with dots between them, as fields of fields are called.
fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        part.starts_with(|c: char| is_letter(c) && !c.is_ascii_digit())
            && part.chars().all(is_letter)
    })
}

/// As it is written; `{name=*}` as `{name}`, which is the same.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.before {
            write!(f, "{segment}/")?;
        }
        write!(f, "{{{}", self.name)?;
        if self.named != [Segment::One] {
            for (index, segment) in self.named.iter().enumerate() {
                let joint = if index == 0 { "=" } else { "/" };
                write!(f, "{joint}{segment}")?;
            }
        }
        f.write_str("}")?;
        for segment in &self.after {
            write!(f, "/{segment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(text) => text,
            Self::One => "*",
            Self::Rest => "**",
        })
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("no part of it is named"),
            Self::NamedTwice => f.write_str("two parts of it are named"),
            Self::Brackets => f.write_str("its brackets do not match"),
            Self::Touched => f.write_str("the named part is no whole segment"),
            Self::NoName(name) if name.is_empty() => f.write_str("the name in it is missing"),
            Self::NoName(name) => write!(f, "`{name}` is no name"),
            Self::Empty => f.write_str("a segment of it is empty"),
            Self::RestNotLast => f.write_str("`**` is not its last segment"),
            Self::Star(segment) => write!(f, "`{segment}` is a star and more"),
            Self::Character(c) => write!(f, "there is {c:?} in it"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl TemplateError {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unnamed => "name the part that is the key: `{name=**}`, `projects/{name=*}/**`",
            Self::NamedTwice => "write a parameter for each",
            Self::Brackets => "one part has brackets around it: `projects/{name=*}/**`",
            Self::Touched => "a slash stands before and after the brackets: `projects/{name=*}/**`",
            Self::NoName(_) => {
                "a name has letters, digits and `_`, and no digit first; or is several such with dots between"
            }
            Self::Empty => "a slash stands only between two segments",
            Self::RestNotLast => "it takes all that is left; `*` takes one segment",
            Self::Star(_) => "a segment is `*`, `**` or text without stars",
            Self::Character(_) => "`=` stands behind the name; there are no spaces",
        }
    }
}

#[cfg(test)]
mod tests;
