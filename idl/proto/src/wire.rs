//! Descriptors as bytes: what has to be changed without decoding, since decoding drops custom options.
//! It refuses to interpret more than the frame of top-level fields.

/// Field `file` of a `FileDescriptorSet`, and field `dependency` of a `FileDescriptorProto`, both as bytes with a length.
const FILE: u64 = 1;
const DEPENDENCY: u64 = 3;

/// Appends a file to an encoded `FileDescriptorSet`.
pub(crate) fn push_file(set: &mut Vec<u8>, file: &[u8]) {
    prost::encoding::encode_varint(FILE << 3 | 2, set);
    prost::encoding::encode_varint(file.len() as u64, set);
    set.extend_from_slice(file);
}

/// The files of an encoded `FileDescriptorSet`; `None` if it is none.
pub(crate) fn files(set: &[u8]) -> Option<Vec<&[u8]>> {
    let fields = fields(set)?;
    let files = fields.into_iter().filter(|field| field.number == FILE);
    files.map(|field| field.payload).collect()
}

/// An encoded `FileDescriptorProto` without its last `count` imports.
pub(crate) fn without_last_imports(file: &[u8], count: usize) -> Vec<u8> {
    let Some(fields) = fields(file).filter(|_| count > 0) else {
        return file.to_vec();
    };
    let is_import = |field: &&Field<'_>| field.number == DEPENDENCY;
    let kept = fields.iter().filter(is_import).count() - count;
    let mut seen = 0;
    let mut out = Vec::with_capacity(file.len());
    for field in &fields {
        if is_import(&field) {
            seen += 1;
            if seen > kept {
                continue;
            }
        }
        out.extend_from_slice(field.whole);
    }
    out
}

/// Appends imports to an encoded `FileDescriptorProto`.
pub(crate) fn push_imports(file: &mut Vec<u8>, imports: &[String]) {
    for import in imports {
        prost::encoding::encode_varint(DEPENDENCY << 3 | 2, file);
        prost::encoding::encode_varint(import.len() as u64, file);
        file.extend_from_slice(import.as_bytes());
    }
}

/// One field of a message.
struct Field<'a> {
    number: u64,
    /// With its tag.
    whole: &'a [u8],
    /// What a field with a length holds.
    payload: Option<&'a [u8]>,
}

/// The fields of a message; groups are not split, they do not occur in descriptors.
fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let start = rest;
        let tag = varint(&mut rest)?;
        let mut payload = None;
        match tag & 7 {
            0 => {
                varint(&mut rest)?;
            }
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                payload = Some(rest.get(..length)?);
                rest = rest.get(length..)?;
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
        fields.push(Field {
            number: tag >> 3,
            whole: start.get(..start.len() - rest.len())?,
            payload,
        });
    }
    Some(fields)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(rest).ok()
}
