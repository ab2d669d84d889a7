//! The descriptor set that is embedded: in an order that does not depend on that of the inputs, without comments and places.
//! It refuses to decode options, which keeps those that it does not know.

use std::collections::{BTreeMap, BTreeSet};

use prost::{
    DecodeError,
    bytes::Buf,
    encoding::{
        DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
    },
};
use prost_types::FileDescriptorProto;

// Field numbers of descriptor.proto.
const SET_FILE: u32 = 1;
const FILE_SOURCE_CODE_INFO: u32 = 9;

/// One file of a set: decoded, and as it came.
struct File<'a> {
    name: String,
    imports: Vec<String>,
    raw: &'a [u8],
}

/// Reorders and strips an encoded `FileDescriptorSet`.
pub(crate) fn embed(set: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut files = BTreeMap::new();
    for raw in fields(set)?
        .into_iter()
        .filter(|f| f.number == SET_FILE)
        .map(|f| f.content)
    {
        let file = <FileDescriptorProto as prost::Message>::decode(raw)?;
        let name = file.name().to_owned();
        let imports = file.dependency;
        files.insert(name.clone(), File { name, imports, raw });
    }
    let mut out = Vec::with_capacity(set.len());
    let mut done = BTreeSet::new();
    for name in files.keys() {
        append(name, &files, &mut done, &mut out)?;
    }
    Ok(out)
}

/// A file after everything that it imports, as readers of descriptor sets expect.
fn append(
    name: &str,
    files: &BTreeMap<String, File<'_>>,
    done: &mut BTreeSet<String>,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let Some(file) = files
        .get(name)
        .filter(|file| done.insert(file.name.clone()))
    else {
        return Ok(());
    };
    for import in &file.imports {
        append(import, files, done, out)?;
    }
    let kept = fields(file.raw)?
        .into_iter()
        .filter(|f| f.number != FILE_SOURCE_CODE_INFO);
    let content: Vec<u8> = kept.flat_map(|f| f.whole).copied().collect();
    encode_key(SET_FILE, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend(content);
    Ok(())
}

struct Field<'a> {
    number: u32,
    /// Key and content.
    whole: &'a [u8],
    /// The content of a length-delimited field; empty otherwise.
    content: &'a [u8],
}

fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, DecodeError> {
    let mut fields = Vec::new();
    let mut rest = message;
    while rest.has_remaining() {
        let start = rest;
        let (number, wire) = decode_key(&mut rest)?;
        let mut content: &[u8] = &[];
        if wire == WireType::LengthDelimited {
            let mut peek = rest;
            let length = usize::try_from(decode_varint(&mut peek)?).unwrap_or(usize::MAX);
            content = peek.get(..length).unwrap_or_default();
        }
        skip_field(wire, number, &mut rest, DecodeContext::default())?;
        let whole = &start[..start.len() - rest.len()];
        fields.push(Field {
            number,
            whole,
            content,
        });
    }
    Ok(fields)
}
