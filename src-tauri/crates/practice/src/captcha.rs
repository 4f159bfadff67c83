//! The captcha that [`Scenario::Captcha`](crate::Scenario::Captcha) asks for.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, ImageResult, Luma};

use crate::CAPTCHA_ANSWER;

/// A digit's cell, with the space around it, and the thickness of its lines, in pixels.
const CELL: (u32, u32) = (48, 88);
const LINE: u32 = 8;

/// The seven segments of a digit: left, top, right and bottom within its cell. The top one, then
/// clockwise around, then the middle one.
const SEGMENTS: [(u32, u32, u32, u32); 7] = [
    (8, 8, 40, 8 + LINE),
    (40 - LINE, 8, 40, 48),
    (40 - LINE, 40, 40, 80),
    (8, 80 - LINE, 40, 80),
    (8, 40, 8 + LINE, 80),
    (8, 8, 8 + LINE, 48),
    (8, 40, 40, 40 + LINE),
];

/// Which segments each digit lights, the first of [`SEGMENTS`] in the lowest bit.
const DIGITS: [u8; 10] = [
    0b011_1111, 0b000_0110, 0b101_1011, 0b100_1111, 0b110_0110, 0b110_1101, 0b111_1101, 0b000_0111,
    0b111_1111, 0b110_1111,
];

/// A PNG that shows [`CAPTCHA_ANSWER`].
pub(crate) fn png() -> ImageResult<Vec<u8>> {
    let digits: Vec<u32> = CAPTCHA_ANSWER
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    let width = CELL.0 * digits.len() as u32;
    let picture = GrayImage::from_fn(width, CELL.1, |x, y| {
        let lit = DIGITS[digits[(x / CELL.0) as usize] as usize];
        let x = x % CELL.0;
        let dark = SEGMENTS
            .iter()
            .enumerate()
            .filter(|(nth, _)| lit >> nth & 1 == 1)
            .any(|(_, (left, top, right, bottom))| {
                (left..right).contains(&&x) && (top..bottom).contains(&&y)
            });
        Luma([if dark { 0 } else { 255 }])
    });
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The digits that the picture shows, read off the middle of each segment.
    fn read(png: &[u8]) -> String {
        let picture = image::load_from_memory_with_format(png, ImageFormat::Png)
            .unwrap()
            .to_luma8();
        let middles = [
            (24, 12),
            (36, 26),
            (36, 62),
            (24, 76),
            (12, 62),
            (12, 26),
            (24, 44),
        ];
        let digit = |cell: u32| {
            let lit = middles.iter().enumerate().fold(0, |lit, (nth, (x, y))| {
                let dark = picture.get_pixel(cell * CELL.0 + x, *y).0[0] == 0;
                lit | u8::from(dark) << nth
            });
            DIGITS.iter().position(|digit| *digit == lit).unwrap()
        };
        (0..picture.width() / CELL.0)
            .map(|cell| digit(cell).to_string())
            .collect()
    }

    #[test]
    fn the_picture_shows_the_answer() {
        assert_eq!(read(&png().unwrap()), CAPTCHA_ANSWER);
    }
}
