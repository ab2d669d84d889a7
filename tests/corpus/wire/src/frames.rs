//! A frame: the number of its bytes in four bytes, little end first, and the bytes.
//! It refuses to know what is in one.

use std::io::{self, Read, Write};

/// Gives `None` where the input ends.
pub(crate) fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

pub(crate) fn write(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

    use super::*;

    #[test]
    fn what_is_written_is_read_until_the_end() {
        let mut pipe = Vec::new();
        for frame in [b"shop.Cart".as_slice(), b"", &[0, 255]] {
            write(&mut pipe, frame).unwrap();
        }
        let mut input = pipe.as_slice();
        for frame in [b"shop.Cart".as_slice(), b"", &[0, 255]] {
            assert_eq!(read(&mut input).unwrap().unwrap(), frame);
        }
        assert_eq!(read(&mut input).unwrap(), None);
        assert!(read(&mut [9, 0, 0, 0, 1].as_slice()).is_err());
    }
}
