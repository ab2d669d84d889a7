//! The Huffman code of RFC 7541 (appendix B), to read.
//! It refuses to write it.

use std::sync::LazyLock;

use super::Malformed;

/// Ends a string; never sent (section 5.2).
const EOS: usize = 256;

const LONGEST: usize = 30;

/// How many bits the code of each symbol has. The code is canonical: among those of one length the symbols ascend, and
/// each code is one more than the last, so that their lengths are all there is to know.
#[rustfmt::skip]
const BITS: [u8; EOS + 1] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
    6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23,
    23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22,
    22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26,
    27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
    25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

static CODES: LazyLock<Codes> = LazyLock::new(Codes::new);

/// The codes of each length: the first of them, and their symbols.
struct Codes([(u32, Vec<usize>); LONGEST + 1]);

impl Codes {
    fn new() -> Self {
        let mut codes = std::array::from_fn(|_| (0, Vec::new()));
        let mut next = 0;
        for (bits, (first, symbols)) in codes.iter_mut().enumerate() {
            let of_this = |&symbol: &usize| usize::from(BITS[symbol]) == bits;
            next <<= 1;
            *first = next;
            *symbols = (0..=EOS).filter(of_this).collect();
            next += u32::try_from(symbols.len()).unwrap_or(u32::MAX);
        }
        Self(codes)
    }
}

/// The text that was coded.
pub(super) fn decode(coded: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut text = Vec::with_capacity(coded.len() * 8 / 5);
    let (mut code, mut bits) = (0_u32, 0);
    for byte in coded {
        for shift in (0..8).rev() {
            code = code << 1 | u32::from(byte >> shift & 1);
            bits += 1;
            let Some((first, symbols)) = CODES.0.get(bits) else {
                return Err(Malformed("no code of Huffman's"));
            };
            let nth = code.checked_sub(*first).map(|nth| nth as usize);
            let Some(&symbol) = nth.and_then(|nth| symbols.get(nth)) else {
                continue;
            };
            let Ok(symbol) = u8::try_from(symbol) else {
                return Err(Malformed("the end of a string within it"));
            };
            text.push(symbol);
            (code, bits) = (0, 0);
        }
    }
    // What fills the last byte is the beginning of EOS: ones.
    if bits > 7 || code != (1 << bits) - 1 {
        return Err(Malformed("a string that ends within a code"));
    }
    Ok(text)
}
