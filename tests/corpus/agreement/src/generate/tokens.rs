//! Tokens of a file, and the text that they become: with the whitespace and the comments that people write, or with any
//! that the language allows.
//! It refuses to know what tokens mean.

use fastrand::Rng;

pub(crate) type Tokens = Vec<String>;

/// How a text looks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Style {
    /// A statement a line.
    Neat,
    /// Line ends, tabs and comments anywhere.
    Odd,
}

/// The tokens of a text in which they stand apart; names with dots are taken apart.
pub(crate) fn words(text: &str) -> Tokens {
    let mut tokens = Tokens::new();
    for word in text.split_whitespace() {
        let is_name = word
            .trim_start_matches('.')
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_name || !word.contains('.') {
            tokens.push(word.to_owned());
            continue;
        }
        for (index, part) in word.split('.').enumerate() {
            if index > 0 {
                tokens.push(".".to_owned());
            }
            if !part.is_empty() {
                tokens.push(part.to_owned());
            }
        }
    }
    tokens
}

/// The text of tokens.
pub(crate) fn render(tokens: &[String], rng: &mut Rng, style: Style) -> String {
    let end = if rng.u32(..20) == 0 { "\r\n" } else { "\n" };
    let text = match style {
        Style::Neat => neat(tokens, rng),
        Style::Odd => odd(tokens, rng),
    };
    let mark = if rng.u32(..40) == 0 { "\u{feff}" } else { "" };
    format!("{mark}{}", text.replace('\n', end))
}

fn neat(tokens: &[String], rng: &mut Rng) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    let mut is_start = true;
    let mut before = "";
    for token in tokens {
        if token == "}" {
            depth = depth.saturating_sub(1);
        }
        let is_end = before == ";" || before == "{" || before == "}";
        if is_end && !(before == "}" && [";", "]", ","].contains(&token.as_str())) {
            if rng.u32(..16) == 0 {
                text.push_str(&format!("  {}", comment(rng, depth)).replace("\n\n", "\n"));
            }
            text.push('\n');
            is_start = true;
        }
        if is_start {
            if rng.u32(..24) == 0 {
                text.push('\n');
            }
            text.push_str(&"  ".repeat(depth));
            while rng.u32(..8) == 0 {
                text.push_str(&comment(rng, depth));
                text.push_str(if rng.u32(..3) == 0 { "\n\n" } else { "\n" });
                text.push_str(&"  ".repeat(depth));
            }
            is_start = false;
        } else if apart(before, token) || !is_tight(before, token) {
            text.push(' ');
        }
        text.push_str(token);
        if token == "{" {
            depth += 1;
        }
        before = token;
    }
    text.push('\n');
    text
}

fn odd(tokens: &[String], rng: &mut Rng) -> String {
    let mut text = String::new();
    let mut before = "";
    for token in tokens {
        let space = match rng.u32(..60) {
            0 => "\n".to_owned(),
            1 => "\n\n\t".to_owned(),
            2 => "\t".to_owned(),
            3 => format!(" {}\n", comment(rng, 0)),
            4 => format!("{} ", block(rng)),
            5 => "\u{c}\u{b} ".to_owned(),
            _ if apart(before, token) => " ".to_owned(),
            6..=12 => "  ".to_owned(),
            _ => String::new(),
        };
        text.push_str(&space);
        text.push_str(token);
        before = token;
        if [";", "{", "}"].contains(&token.as_str()) && rng.u32(..3) > 0 {
            text.push('\n');
        }
    }
    text
}

/// Would two tokens be one without a space between them?
fn apart(before: &str, after: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_number = before.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let dots = is_number && after.starts_with('.')
        || (before == "." || before == "-") && after.starts_with(|c: char| c.is_ascii_digit());
    let dots = dots || before.ends_with('.') && before.len() > 1 && ends(after.chars().next());
    ends(before.chars().next_back()) && ends(after.chars().next()) || dots && before != "-"
}

fn is_tight(before: &str, after: &str) -> bool {
    [";", ",", "]", ")", ".", ">"].contains(&after)
        || ["(", "[", ".", "<", "-"].contains(&before)
        || after == "<"
        || before == "map"
}

fn comment(rng: &mut Rng, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match rng.u32(..6) {
        0 => block(rng),
        1 => format!("/* Begins here,\n{indent} * and {} here. */", word(rng)),
        2 => format!("// One {}.\n{indent}// And another.", word(rng)),
        3 => format!("//{}", word(rng)),
        4 => "//".to_owned(),
        _ => format!("// What a {} is.", word(rng)),
    }
}

fn block(rng: &mut Rng) -> String {
    match rng.u32(..3) {
        0 => "/**/".to_owned(),
        1 => format!("/* {} */", word(rng)),
        _ => format!("/** \"{}\" // */", word(rng)),
    }
}

fn word(rng: &mut Rng) -> &'static str {
    let words = ["message", "größe", "} ;", "'quote", "cart", "\\n", "@ # $"];
    words[rng.usize(..words.len())]
}
