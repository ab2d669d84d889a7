//! Header blocks (RFC 7541): written as plain literals, and read whatever a peer makes of them.
//! It refuses to compress: what a script sends is as long as it looks, and never in the peer's table.
//!
//! The crates for it are out of care, and one in a test must not hide what a peer sends.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use bytes::{BufMut as _, Bytes, BytesMut};

mod huffman;
mod table;
#[cfg(test)]
mod tests;

/// What an entry of a table counts beside its name and value, in bytes: RFC 7541, section 4.1.
const ENTRY_OVERHEAD: usize = 32;

/// The peer's table until we send another HEADER_TABLE_SIZE, in bytes: RFC 9113, section 6.5.2.
pub(super) const DEFAULT_TABLE_BYTES: usize = 4096;

/// What one block may come to, in bytes: a byte of a block may stand for a whole entry of a table.
const MAX_BLOCK_BYTES: usize = 1 << 20;

/// Header fields in their order, names and values as they came or as they go: of any bytes, and checked by nobody.
///
/// ```
/// use sinew::testing::Fields;
///
/// let fields = Fields::new().with("x-a", "1").with("x-b", [0xff]);
/// assert_eq!(fields.get("x-a").as_deref(), Some("1"));
/// assert_eq!(fields.bytes("x-b"), Some(&[0xff][..]));
/// assert_eq!(fields.set("x-b", "2").without("x-a"), Fields::new().with("x-b", "2"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Bytes, Bytes)>);

impl Fields {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more at the end.
    pub fn with(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let name = Bytes::copy_from_slice(name.as_ref());
        self.0.push((name, Bytes::copy_from_slice(value.as_ref())));
        self
    }

    /// With this value in the place of the first of this name; at the end where there is none.
    pub fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        match self.0.iter_mut().find(|(is, _)| is == name) {
            Some((_, before)) => {
                *before = Bytes::copy_from_slice(value.as_ref());
                self
            }
            None => self.with(name, value),
        }
    }

    /// Without those of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(is, _)| is != name);
        self
    }

    /// The first value under `name`; what is not UTF-8 in it is replaced.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(String::from_utf8_lossy)
    }

    /// The first value under `name`.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(is, _)| is == name);
        found.map(|(_, value)| &value[..])
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// The block of these fields, each a literal with a new name, not indexed and not Huffman-coded (RFC 7541,
    /// section 6.2.2).
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        for (name, value) in &self.0 {
            out.put_u8(0);
            for text in [name, value] {
                put_int(&mut out, 7, text.len());
                out.put_slice(text);
            }
        }
        out.freeze()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = self.iter().map(|(name, value)| (shown(name), shown(value)));
        f.debug_map().entries(fields).finish()
    }
}

/// A whole number whose first byte has `bits` for it, the others zero (section 5.1).
fn put_int(out: &mut BytesMut, bits: u32, number: usize) {
    let most = (1 << bits) - 1;
    if number < most {
        out.put_u8(u8::try_from(number).unwrap_or(u8::MAX));
        return;
    }
    out.put_u8(u8::try_from(most).unwrap_or(u8::MAX));
    let mut rest = number - most;
    while rest >= 0x80 {
        out.put_u8(0x80 | u8::try_from(rest & 0x7f).unwrap_or(0));
        rest >>= 7;
    }
    out.put_u8(u8::try_from(rest).unwrap_or(0));
}

/// What a block is that does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Reads the blocks of one peer, in their order.
#[derive(Debug)]
pub(super) struct Decoder {
    /// The newest first.
    dynamic: VecDeque<(Bytes, Bytes)>,
    used: usize,
    /// What the peer says that it uses.
    size: usize,
    /// What we allow it.
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            dynamic: VecDeque::new(),
            used: 0,
            size: DEFAULT_TABLE_BYTES,
            limit: DEFAULT_TABLE_BYTES,
        }
    }
}

impl Decoder {
    /// What HEADER_TABLE_SIZE allows the peer from now on.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// The fields of a whole block.
    pub(super) fn decode(&mut self, block: &[u8]) -> Result<Fields, Malformed> {
        let mut input = Input(block);
        let mut fields = Fields::new();
        let mut bytes = 0;
        while let Some(&first) = input.0.first() {
            let field = match first {
                // Indexed (6.1), literal with indexing (6.2.1), a new size of the table (6.3), other literals.
                0x80.. => self.entry(input.int(7)?)?,
                0x40.. => {
                    let field = self.literal(&mut input, 6)?;
                    self.insert(field.clone());
                    field
                }
                0x20.. => {
                    let size = input.int(5)?;
                    if size > self.limit {
                        return Err(Malformed("a table larger than was allowed"));
                    }
                    self.size = size;
                    self.evict();
                    continue;
                }
                _ => self.literal(&mut input, 4)?,
            };
            bytes += cost(&field);
            if bytes > MAX_BLOCK_BYTES {
                return Err(Malformed("a block of more than 1 MiB"));
            }
            fields.0.push(field);
        }
        Ok(fields)
    }

    fn literal(&self, input: &mut Input<'_>, bits: u32) -> Result<(Bytes, Bytes), Malformed> {
        let name = match input.int(bits)? {
            0 => input.string()?,
            index => self.entry(index)?.0,
        };
        Ok((name, input.string()?))
    }

    fn entry(&self, index: usize) -> Result<(Bytes, Bytes), Malformed> {
        let index = index.checked_sub(1).ok_or(Malformed("index 0"))?;
        if let Some((name, value)) = table::STATIC.get(index) {
            let field = [name, value].map(|text| Bytes::from_static(text.as_bytes()));
            let [name, value] = field;
            return Ok((name, value));
        }
        let found = self.dynamic.get(index - table::STATIC.len());
        found.cloned().ok_or(Malformed("an index beyond the table"))
    }

    fn insert(&mut self, field: (Bytes, Bytes)) {
        self.used += cost(&field);
        self.dynamic.push_front(field);
        self.evict();
    }

    fn evict(&mut self) {
        while self.used > self.size {
            let Some(oldest) = self.dynamic.pop_back() else {
                break;
            };
            self.used -= cost(&oldest);
        }
    }
}

fn cost((name, value): &(Bytes, Bytes)) -> usize {
    name.len() + value.len() + ENTRY_OVERHEAD
}

/// What of a block is still to be read.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let (&first, rest) = self.0.split_first().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(first)
    }

    fn int(&mut self, bits: u32) -> Result<usize, Malformed> {
        let most = (1_usize << bits) - 1;
        let mut number = usize::from(self.byte()?) & most;
        if number < most {
            return Ok(number);
        }
        // Four bytes more are 2²⁸: beyond every size that a peer has reason to name.
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            number += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed("a number without end"))
    }

    fn string(&mut self) -> Result<Bytes, Malformed> {
        let coded = self.0.first().is_some_and(|first| first & 0x80 != 0);
        let len = self.int(7)?;
        let (text, rest) = self.0.split_at_checked(len).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        if coded {
            return huffman::decode(text).map(Bytes::from);
        }
        Ok(Bytes::copy_from_slice(text))
    }
}

const ENDS_EARLY: Malformed = Malformed("the block ends within a field");
