//! Changes descriptor sets field by field: lengths stay right, so that what comes out can be decoded.
//! It refuses to know descriptors: a payload that reads as a message is taken for one.

use fastrand::Rng;
use prost::{
    Message as _,
    encoding::{decode_varint, encode_varint},
};
use prost_types::FileDescriptorProto;

/// How deep payloads are taken apart.
const DEEPEST: usize = 12;

/// Numbers at which something begins or ends.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    3,
    9,
    10,
    11,
    14,
    18,
    127,
    19_000,
    536_870_911,
    536_870_912,
    i32::MAX as u64,
    i32::MIN as i64 as u64,
    u64::MAX,
];

/// Names that are none, or mean something.
const NAMES: [&str; 18] = [
    "",
    ".",
    "..",
    "a",
    ".a",
    "a.b",
    "a b",
    "1",
    "é",
    "self",
    "Self",
    "_",
    "a\n",
    "\0",
    "key",
    "google.protobuf",
    ".google.protobuf.Any",
    "a/../b.proto",
];

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    number: u64,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
    Message(Vec<Field>),
}

/// Changes a message in a few places; what is no message is changed byte by byte.
pub(crate) fn mutate(bytes: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(mut fields) =
        parse(&bytes, DEEPEST).filter(|fields| !fields.is_empty() && random.u8(..16) > 0)
    {
        for _ in 0..random.usize(1..=3) {
            let count = count(&fields);
            if count > 0 {
                // What is put in elsewhere is taken from anywhere in the set.
                let donor = nth(&fields, random.usize(..count)).cloned();
                change(&mut fields, random.usize(..count), donor, random);
            }
        }
        bytes.clear();
        print(&fields, &mut bytes);
    } else if let Some(at) = random.choice(0..bytes.len()) {
        bytes[at] = random.u8(..);
    } else {
        bytes.push(random.u8(..));
    }
    bytes
}

/// The payloads of the fields of a message: of a descriptor set, its files.
pub(crate) fn payloads(bytes: &[u8]) -> Vec<Vec<u8>> {
    let fields = parse(bytes, 0).unwrap_or_default().into_iter();
    let payloads = fields.filter_map(|field| match field.value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    });
    payloads.collect()
}

/// A descriptor set without the files whose names start so.
pub(crate) fn without_files(set: &[u8], start: &str) -> Vec<u8> {
    let is_other = |file: &Vec<u8>| {
        let file = FileDescriptorProto::decode(&**file);
        !file.is_ok_and(|file| file.name().starts_with(start))
    };
    let files = payloads(set).into_iter().filter(is_other);
    let files = files.map(|file| Field {
        number: 1,
        value: Value::Bytes(file),
    });
    let mut out = Vec::new();
    print(&files.collect::<Vec<_>>(), &mut out);
    out
}

/// Changes field number `at`, counted from the top.
fn change(fields: &mut Vec<Field>, mut at: usize, donor: Option<Field>, random: &mut Rng) {
    for index in 0..fields.len() {
        if at == 0 {
            return change_here(fields, index, donor, random);
        }
        at -= 1;
        if let Value::Message(inner) = &mut fields[index].value {
            let below = count(inner);
            if at < below {
                return change(inner, at, donor, random);
            }
            at -= below;
        }
    }
}

fn change_here(fields: &mut Vec<Field>, index: usize, donor: Option<Field>, random: &mut Rng) {
    match (random.u8(..12), donor) {
        (0, _) => drop(fields.remove(index)),
        (1, _) => fields.insert(index, fields[index].clone()),
        (2, _) => {
            let other = random.usize(..fields.len());
            fields.swap(index, other);
        }
        (3, _) => fields[index].number = random.u64(1..12),
        (4 | 5, Some(donor)) => fields.insert(index, donor),
        (6 | 7, Some(donor)) => fields[index].value = donor.value,
        // A field in itself, some times over: nested types nest.
        (8, _) => {
            for _ in 0..random.usize(1..40) {
                let copy = fields[index].clone();
                if let Value::Message(inner) = &mut fields[index].value {
                    inner.push(copy);
                    if count(inner) > 2_000 {
                        break;
                    }
                }
            }
        }
        _ => value(&mut fields[index].value, random),
    }
}

fn value(value: &mut Value, random: &mut Rng) {
    match value {
        Value::Varint(number) if random.bool() => *number = random.u64(..20),
        Value::Varint(number) => *number = random.choice(NUMBERS).unwrap_or_default(),
        Value::Fixed64(bytes) => *bytes = random.u64(..).to_le_bytes(),
        Value::Fixed32(bytes) => *bytes = random.u32(..).to_le_bytes(),
        Value::Bytes(bytes) => match random.u8(..4) {
            0 => {
                let at = random.choice(0..bytes.len()).unwrap_or_default();
                bytes.insert(at, random.u8(..128));
            }
            1 => bytes.truncate(random.usize(..=bytes.len())),
            _ => *bytes = random.choice(NAMES).unwrap_or_default().into(),
        },
        Value::Message(fields) if random.bool() => fields.clear(),
        Value::Message(fields) => fields.push(Field {
            number: random.u64(1..12),
            value: Value::Varint(random.u64(..3)),
        }),
    }
}

fn count(fields: &[Field]) -> usize {
    let below = fields.iter().map(|field| match &field.value {
        Value::Message(inner) => count(inner),
        _ => 0,
    });
    fields.len() + below.sum::<usize>()
}

fn nth(fields: &[Field], mut at: usize) -> Option<&Field> {
    for field in fields {
        if at == 0 {
            return Some(field);
        }
        at -= 1;
        if let Value::Message(inner) = &field.value {
            let below = count(inner);
            if at < below {
                return nth(inner, at);
            }
            at -= below;
        }
    }
    None
}

fn parse(bytes: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let tag = decode_varint(&mut rest).ok()?;
        let value = match tag & 7 {
            0 => Value::Varint(decode_varint(&mut rest).ok()?),
            1 => Value::Fixed64(*take(&mut rest)?),
            5 => Value::Fixed32(*take(&mut rest)?),
            2 => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                let (payload, after) = rest.split_at_checked(length)?;
                rest = after;
                let below = depth.checked_sub(1).filter(|_| !payload.is_empty());
                match below.and_then(|depth| parse(payload, depth)) {
                    Some(fields) => Value::Message(fields),
                    None => Value::Bytes(payload.to_vec()),
                }
            }
            _ => return None,
        };
        let number = tag >> 3;
        fields.push(Field { number, value });
    }
    Some(fields)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(bytes)
}

fn print(fields: &[Field], out: &mut Vec<u8>) {
    for field in fields {
        let mut with_length = |bytes: &[u8]| {
            encode_varint(field.number << 3 | 2, out);
            encode_varint(bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        };
        match &field.value {
            Value::Bytes(bytes) => with_length(bytes),
            Value::Message(fields) => {
                let mut bytes = Vec::new();
                print(fields, &mut bytes);
                with_length(&bytes);
            }
            Value::Varint(number) => {
                encode_varint(field.number << 3, out);
                encode_varint(*number, out);
            }
            Value::Fixed64(bytes) => {
                encode_varint(field.number << 3 | 1, out);
                out.extend_from_slice(bytes);
            }
            Value::Fixed32(bytes) => {
                encode_varint(field.number << 3 | 5, out);
                out.extend_from_slice(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{DescriptorProto, FileDescriptorSet};

    use super::*;

    fn set() -> Vec<u8> {
        let message = DescriptorProto {
            name: Some("A".to_owned()),
            ..DescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            message_type: vec![message],
            public_dependency: vec![-1],
            ..FileDescriptorProto::default()
        };
        FileDescriptorSet { file: vec![file] }.encode_to_vec()
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let mut out = Vec::new();
        let fields = parse(&set(), DEEPEST);
        assert!(fields.is_some());
        print(&fields.unwrap_or_default(), &mut out);
        assert_eq!(out, set());
    }

    #[test]
    fn most_of_what_comes_out_can_be_decoded_and_a_seed_says_all() {
        let mut decoded = 0;
        for seed in 0..1000 {
            let change = || mutate(&set(), &mut Rng::with_seed(seed));
            assert_eq!(change(), change());
            decoded += u32::from(FileDescriptorSet::decode(&*change()).is_ok());
        }
        assert!(decoded > 500, "{decoded}");
        assert_eq!(mutate(&[], &mut Rng::with_seed(7)).len(), 1);
    }
}
