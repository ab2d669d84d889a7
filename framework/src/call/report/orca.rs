//! As much of protobuf's wire format as a load report takes: doubles, and entries of a map from names to doubles.
//! It refuses to allocate for what a peer sends, and to know what a field means.

/// A field of a message, with its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'a> {
    Double(u32, f64),
    Bytes(u32, &'a [u8]),
    /// Of a type that no field of interest has.
    Other,
}

/// The types of fields on the wire.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// The fields of an entry of a map.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// The fields of a message, one after the other; `None` in place of the first that is broken, which is the last.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Option<Field<'a>> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
        match key & 7 {
            VARINT => self.varint().map(|_| Field::Other),
            FIXED64 => {
                let bytes = self.take(8)?.try_into().ok()?;
                Some(Field::Double(number, f64::from_le_bytes(bytes)))
            }
            BYTES => {
                let len = usize::try_from(self.varint()?).ok()?;
                Some(Field::Bytes(number, self.take(len)?))
            }
            FIXED32 => self.take(4).map(|_| Field::Other),
            // Groups, which the message never had, and what is no type.
            _ => None,
        }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// The name and the value of a map's entry. What is not there is empty, or zero.
pub(super) fn entry(bytes: &[u8]) -> Option<(&[u8], f64)> {
    let (mut name, mut value) = (&[][..], 0.0);
    for field in Fields::of(bytes) {
        match field? {
            Field::Bytes(KEY, key) => name = key,
            Field::Double(VALUE, double) => value = double,
            _ => {}
        }
    }
    Some((name, value))
}

/// Appends a double, unless it is zero.
pub(super) fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    if value != 0.0 {
        put_key(out, number, FIXED64);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends an entry of a map, unless its value is zero.
pub(super) fn put_named(out: &mut Vec<u8>, number: u32, name: &str, value: f64) {
    if value != 0.0 {
        // The keys of both fields and the name's length take a byte each, the value eight.
        let len = 3 + name.len() + 8;
        put_key(out, number, BYTES);
        put_varint(out, len as u64);
        put_key(out, KEY, BYTES);
        put_varint(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
        put_double(out, VALUE, value);
    }
}

fn put_key(out: &mut Vec<u8>, number: u32, kind: u64) {
    put_varint(out, u64::from(number) << 3 | kind);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
