//! The bytes of a file as text.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::CsvEncoding;

/// Reads a file's characters: by its byte order mark, otherwise as UTF-8 where that is what it is,
/// otherwise as spreadsheets on Windows in Brazil write. `None`: this is no text.
pub fn decode(bytes: &[u8]) -> Option<(String, CsvEncoding)> {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, length),
        None => (UTF_8, 0),
    };
    let body = bytes.get(mark..).unwrap_or_default();
    let (text, named) = if encoding == UTF_16LE || encoding == UTF_16BE {
        let (text, _) = encoding.decode_without_bom_handling(body);
        (text, CsvEncoding::Utf16)
    } else {
        match std::str::from_utf8(body) {
            Ok(text) => (text.into(), CsvEncoding::Utf8),
            Err(_) => {
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(body);
                (text, CsvEncoding::Windows1252)
            }
        }
    };
    // What every other kind of file has, and no table: those that a spreadsheet's cell may hold are
    // the tabulator and the breaks of lines and pages.
    let is_text = !text
        .bytes()
        .any(|b| b < 0x20 && !(0x09..=0x0d).contains(&b));
    is_text.then(|| (text.into_owned(), named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        let unit = |unit: u16| match little {
            true => unit.to_le_bytes(),
            false => unit.to_be_bytes(),
        };
        let marked = format!("\u{feff}{text}");
        marked.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_encoding_that_spreadsheets_write_is_read() {
        let text = "Ação;Não – “Sé” €\n";
        let windows: Vec<u8> = WINDOWS_1252.encode(text).0.into_owned();
        assert!(std::str::from_utf8(&windows).is_err());
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), CsvEncoding::Utf8),
            (format!("\u{feff}{text}").into_bytes(), CsvEncoding::Utf8),
            (windows, CsvEncoding::Windows1252),
            (utf16(text, true), CsvEncoding::Utf16),
            (utf16(text, false), CsvEncoding::Utf16),
        ] {
            assert_eq!(decode(&bytes), Some((text.to_owned(), encoding)));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            &b"PK\x03\x04\x14\x00\x06\x00\x08\x00"[..],
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
            b"n\0o\0m\0e\0",
            b"\xff\xfen\0\0\0",
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_file_with_a_mark_that_lies_is_still_read() {
        let (text, encoding) = decode(b"\xef\xbb\xbfA\xe7\xe3o").unwrap();
        assert_eq!(
            (text.as_str(), encoding),
            ("Ação", CsvEncoding::Windows1252)
        );
    }
}
