//! The descriptor set that is embedded: that of the front end, without comments and places.
//! It refuses to decode options, which keeps those that it does not know.

use prost::{
    DecodeError,
    bytes::Buf,
    encoding::{
        DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
    },
};

// Field numbers of descriptor.proto.
const SET_FILE: u32 = 1;
const FILE_SOURCE_CODE_INFO: u32 = 9;

/// Strips an encoded `FileDescriptorSet`, whose files stay in the order of the front end: imports before what imports
/// them.
pub(crate) fn embed(set: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(set.len());
    for file in fields(set)?.into_iter().filter(|f| f.number == SET_FILE) {
        let kept = fields(file.content)?
            .into_iter()
            .filter(|f| f.number != FILE_SOURCE_CODE_INFO);
        let content: Vec<u8> = kept.flat_map(|f| f.whole).copied().collect();
        encode_key(SET_FILE, WireType::LengthDelimited, &mut out);
        encode_varint(content.len() as u64, &mut out);
        out.extend(content);
    }
    Ok(out)
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
