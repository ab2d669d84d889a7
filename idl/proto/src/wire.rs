//! Descriptors as bytes: what has to be changed without decoding, since decoding drops custom options.
//! It refuses to interpret more than the frame of top-level fields.

/// Field `file` of a `FileDescriptorSet`.
const FILE: u64 = 1;
/// Fields `package` and `syntax` of a `FileDescriptorProto`.
pub(crate) const PACKAGE: u64 = 2;
pub(crate) const SYNTAX: u64 = 12;
/// Field `source_code_info` of a `FileDescriptorProto`.
const PLACES: u64 = 9;
/// Fields `dependency` and `public_dependency` of a `FileDescriptorProto`: names, and indexes of them.
const DEPENDENCY: u64 = 3;
pub(crate) const PUBLIC_DEPENDENCY: u64 = 10;

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
    let kept = fields
        .iter()
        .filter(is_import)
        .count()
        .saturating_sub(count);
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

/// Appends the indexes of public imports to an encoded `FileDescriptorProto`.
pub(crate) fn push_public_imports(file: &mut Vec<u8>, indexes: &[i32]) {
    for index in indexes {
        prost::encoding::encode_varint(PUBLIC_DEPENDENCY << 3, file);
        prost::encoding::encode_varint(u64::try_from(*index).unwrap_or(0), file);
    }
}

/// An encoded `FileDescriptorProto` with encoded source info, before the field behind it.
pub(crate) fn with_places(file: &[u8], places: &[u8]) -> Vec<u8> {
    let fields = fields(file).unwrap_or_default();
    let behind = fields.iter().position(|field| field.number == SYNTAX);
    let (before, behind) = fields.split_at(behind.unwrap_or(fields.len()));
    let mut out = Vec::with_capacity(file.len() + places.len() + 8);
    out.extend(before.iter().flat_map(|field| field.whole));
    prost::encoding::encode_varint(PLACES << 3 | 2, &mut out);
    prost::encoding::encode_varint(places.len() as u64, &mut out);
    out.extend_from_slice(places);
    out.extend(behind.iter().flat_map(|field| field.whole));
    out
}

/// A message without its fields of one number.
pub(crate) fn without(message: &[u8], number: u64) -> Vec<u8> {
    let fields = fields(message).unwrap_or_default();
    let kept = fields.iter().filter(|field| field.number != number);
    kept.flat_map(|field| field.whole).copied().collect()
}

/// The value of a field that is a number; the last one counts.
pub(crate) fn last_varint(message: &[u8], number: u64) -> Option<u64> {
    let fields = fields(message)?;
    let field = fields.iter().rev().find(|field| field.number == number)?;
    let mut rest = field.whole;
    varint(&mut rest)?;
    varint(&mut rest)
}

/// What the fields of one number hold.
pub(crate) fn payloads(message: &[u8], number: u64) -> Vec<&[u8]> {
    let fields = fields(message).unwrap_or_default().into_iter();
    let fields = fields.filter(|field| field.number == number);
    fields.filter_map(|field| field.payload).collect()
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

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorProto;

    use super::*;

    #[test]
    fn imports_come_and_go_and_nothing_else() {
        let file = FileDescriptorProto {
            name: Some("a.proto".into()),
            dependency: vec!["b.proto".into()],
            public_dependency: vec![0],
            syntax: Some("proto3".into()),
            ..Default::default()
        };
        let mut bytes = file.encode_to_vec();
        push_imports(&mut bytes, &["c.proto".into(), "d.proto".into()]);
        let more = FileDescriptorProto::decode(&*bytes).map(|file| file.dependency);
        assert_eq!(
            more,
            Ok(vec!["b.proto".into(), "c.proto".into(), "d.proto".into()])
        );
        assert_eq!(
            FileDescriptorProto::decode(&*without_last_imports(&bytes, 2)),
            Ok(file)
        );
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [
            &[0x0a][..],
            &[0x0a, 9, 1],
            &[0xff; 12],
            &[0x0b, 0x0c],
            &[0x0d, 1],
        ] {
            assert!(fields(bytes).is_none(), "{bytes:?}");
            assert!(files(bytes).is_none(), "{bytes:?}");
        }
        assert!(files(&[0x10, 1]).is_some_and(|files| files.is_empty()));
        assert!(files(&[0x10, 1, 0x0a, 0]).is_some_and(|files| files == [[0_u8; 0]]));
    }
}
