//! Floats as protoc has them in descriptors: defaults in its digits, and `inf` and `nan` as values of options.
//! It refuses to touch words that may be values of an enum: whoever links decides that.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    UninterpretedOption, field_descriptor_proto::Type,
};

use crate::option_places;

/// Spells the defaults of floats as protoc does: with as few digits as give the number back, and an exponent where
/// it is large or small.
pub(crate) fn spell_defaults(file: &mut FileDescriptorProto) {
    file.extension.iter_mut().for_each(spell);
    file.message_type.iter_mut().for_each(spell_in_message);
}

fn spell_in_message(message: &mut DescriptorProto) {
    let fields = message.field.iter_mut().chain(&mut message.extension);
    fields.for_each(spell);
    message.nested_type.iter_mut().for_each(spell_in_message);
}

fn spell(field: &mut FieldDescriptorProto) {
    let Some(text) = &field.default_value else {
        return;
    };
    let spelled = match field.r#type() {
        Type::Double if field.r#type.is_some() => text.parse().ok().map(double),
        Type::Float => text.parse().ok().map(float),
        _ => None,
    };
    if let Some(spelled) = spelled {
        field.default_value = Some(spelled);
    }
}

fn double(value: f64) -> String {
    let short = digits(value, 15);
    match short.parse() == Ok(value) || value.is_nan() {
        true => short,
        false => digits(value, 17),
    }
}

fn float(value: f32) -> String {
    let short = digits(f64::from(value), 6);
    match short.parse() == Ok(value) || value.is_nan() {
        true => short,
        false => digits(f64::from(value), 9),
    }
}

/// As C's `%g` with that many digits.
fn digits(value: f64, count: usize) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{value:.*e}", count - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let last = i32::try_from(count).unwrap_or(i32::MAX);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= last {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(last - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}"))
}

/// The file with `inf` and `nan` of options as numbers; `None` if it has none. Only where an option is a float they are
/// numbers.
pub(crate) fn numbers_for_words(file: &FileDescriptorProto) -> Option<FileDescriptorProto> {
    let mut has_words = false;
    option_places::walk(file, &mut |element| {
        has_words |= element
            .options
            .iter()
            .any(|option| number(option).is_some());
    });
    if !has_words {
        return None;
    }
    let mut file = file.clone();
    let mut words = Words;
    words.options(file.options.as_mut().map(|o| &mut o.uninterpreted_option));
    file.message_type.iter_mut().for_each(|m| words.message(m));
    file.enum_type.iter_mut().for_each(|e| words.enumeration(e));
    file.extension.iter_mut().for_each(|f| words.field(f));
    for service in &mut file.service {
        words.options(
            service
                .options
                .as_mut()
                .map(|o| &mut o.uninterpreted_option),
        );
        for method in &mut service.method {
            words.options(method.options.as_mut().map(|o| &mut o.uninterpreted_option));
        }
    }
    Some(file)
}

/// What the word that is an option's value means as a number.
fn number(option: &UninterpretedOption) -> Option<f64> {
    match option.identifier_value.as_deref() {
        Some("inf") => Some(f64::INFINITY),
        Some("nan") => Some(f64::NAN),
        _ => None,
    }
}

struct Words;

impl Words {
    fn message(&mut self, message: &mut DescriptorProto) {
        self.options(
            message
                .options
                .as_mut()
                .map(|o| &mut o.uninterpreted_option),
        );
        let fields = message.field.iter_mut().chain(&mut message.extension);
        fields.for_each(|field| self.field(field));
        for oneof in &mut message.oneof_decl {
            self.options(oneof.options.as_mut().map(|o| &mut o.uninterpreted_option));
        }
        for range in &mut message.extension_range {
            self.options(range.options.as_mut().map(|o| &mut o.uninterpreted_option));
        }
        message
            .enum_type
            .iter_mut()
            .for_each(|e| self.enumeration(e));
        message.nested_type.iter_mut().for_each(|m| self.message(m));
    }

    fn field(&mut self, field: &mut FieldDescriptorProto) {
        self.options(field.options.as_mut().map(|o| &mut o.uninterpreted_option));
    }

    fn enumeration(&mut self, one: &mut EnumDescriptorProto) {
        self.options(one.options.as_mut().map(|o| &mut o.uninterpreted_option));
        for value in &mut one.value {
            self.options(value.options.as_mut().map(|o| &mut o.uninterpreted_option));
        }
    }

    fn options(&mut self, options: Option<&mut Vec<UninterpretedOption>>) {
        for option in options.into_iter().flatten() {
            if let Some(number) = number(option) {
                option.identifier_value = None;
                option.double_value = Some(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_protoc() {
        for (value, expected) in [
            (1.5e-10, "1.5e-10"),
            (1e10, "10000000000"),
            (1e15, "1e+15"),
            (0.1, "0.1"),
            (-2.25, "-2.25"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (5e-324, "4.94065645841247e-324"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (f64::NEG_INFINITY, "-inf"),
            (-0.0, "-0"),
            (100.0, "100"),
        ] {
            assert_eq!(double(value), expected);
        }
        for (value, expected) in [
            (1e10_f32, "1e+10"),
            (123_456_789.0, "123456792"),
            (0.1, "0.1"),
            (3.402_823_5e38, "3.40282347e+38"),
            (f32::NAN, "nan"),
        ] {
            assert_eq!(float(value), expected);
        }
    }
}
