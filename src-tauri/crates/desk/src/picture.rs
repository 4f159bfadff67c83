//! QR codes as pictures. Whatever the gateway sends, what goes on to a window, the clipboard or a
//! file is a PNG that was made here.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, Luma, Rgba};
use qrcode::{EcLevel, QrCode};

use crate::failure::{ErrorCode, Failure, Result};

/// Largest side of a picture that is looked at, in pixels.
const LARGEST_SIDE: u32 = 2_048;
/// Smallest side that can hold the smallest QR code at one pixel a module.
const SMALLEST_SIDE: u32 = 21;
/// The quiet border that is put around a picture, as a part of its side.
const QUIET_PART: u32 = 12;
/// Side of a picture drawn here, at least, in pixels.
const DRAWN_SIDE: u32 = 600;

/// A QR code as a PNG. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    png: Arc<[u8]>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("bytes", &self.png.len())
            .finish()
    }
}

impl Picture {
    /// Takes over a PNG of a reasonable size: its pixels, in shades of grey, and nothing else that
    /// the file may hold.
    ///
    /// # Errors
    /// [`ErrorCode::UnexpectedAnswer`] for anything else.
    pub fn check(bytes: &[u8]) -> Result<Self> {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST_SIDE);
        limits.max_image_height = Some(LARGEST_SIDE);
        reader.limits(limits);
        let picture = reader.decode().map_err(unusable)?;
        if picture.width().min(picture.height()) < SMALLEST_SIDE {
            return Err(unusable("too small"));
        }
        let rgba = picture.into_rgba8();
        let (width, height) = rgba.dimensions();
        // Pasted into a dark chat, a code without paper around it cannot be read.
        let border = width.max(height) / QUIET_PART;
        let paper = Luma([u8::MAX]);
        let mut grey = GrayImage::from_pixel(width + 2 * border, height + 2 * border, paper);
        for (x, y, Rgba([r, g, b, alpha])) in rgba.enumerate_pixels() {
            let [r, g, b, alpha] = [r, g, b, alpha].map(|value| u32::from(*value));
            // What is transparent is paper.
            let level = ((r + g + b) / 3 * alpha + 255 * (255 - alpha)) / 255;
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            grey.put_pixel(x + border, y + border, Luma([level]));
        }
        Self::encode(grey)
    }

    /// Draws the text of a QR code. A screen has no dirt and no tears, so the lowest correction is
    /// the right one: it gives the largest modules, which a camera reads from furthest away.
    ///
    /// # Errors
    /// [`ErrorCode::UnexpectedAnswer`] for a text that no QR code can hold.
    pub fn draw(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(unusable)?;
        let grey = code
            .render::<Luma<u8>>()
            .min_dimensions(DRAWN_SIDE, DRAWN_SIDE)
            .build();
        Self::encode(grey)
    }

    fn encode(grey: GrayImage) -> Result<Self> {
        let mut png = Vec::new();
        DynamicImage::ImageLuma8(grey)
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .map_err(unusable)?;
        Ok(Self { png: png.into() })
    }

    /// The file's bytes.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// Width, height and the pixels in red, green, blue and alpha: for the clipboard.
    ///
    /// # Errors
    /// Never in practice: the PNG was made here.
    pub fn rgba(&self) -> Result<(u32, u32, Vec<u8>)> {
        let picture = image::load_from_memory_with_format(&self.png, ImageFormat::Png);
        let rgba = picture.map_err(unusable)?.into_rgba8();
        Ok((rgba.width(), rgba.height(), rgba.into_raw()))
    }

    /// For a window.
    pub fn data_url(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(&self.png))
    }
}

fn unusable(why: impl fmt::Display) -> Failure {
    log::warn!("a QR code could not be used: {why}");
    ErrorCode::UnexpectedAnswer.into()
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;
    use proptest::prelude::*;

    use super::*;

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture
            .into()
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    fn grey(picture: &Picture) -> GrayImage {
        image::load_from_memory(picture.png()).unwrap().into_luma8()
    }

    #[test]
    fn a_text_is_drawn_black_on_white_with_a_quiet_border() {
        let drawn = grey(&Picture::draw(&format!("2@{}", "FAKE".repeat(60))).unwrap());
        assert!(drawn.width() >= DRAWN_SIDE && drawn.width() == drawn.height());
        let border = drawn.width() / 40;
        assert!(
            (0..drawn.width()).all(|at| drawn.get_pixel(at, border).0 == [255]),
            "the border is white"
        );
        assert!(drawn.pixels().any(|pixel| pixel.0 == [0]));
    }

    #[test]
    fn a_picture_is_made_anew_and_transparency_is_paper() {
        let sent = RgbaImage::from_fn(40, 40, |x, _| match x < 20 {
            true => Rgba([0, 0, 0, 255]),
            false => Rgba([0, 0, 0, 0]),
        });
        let taken = grey(&Picture::check(&png(sent)).unwrap());
        assert_eq!(taken.dimensions(), (46, 46), "with a quiet border");
        assert_eq!(taken.get_pixel(0, 0).0, [255]);
        assert_eq!(taken.get_pixel(3, 3).0, [0]);
        assert_eq!(taken.get_pixel(42, 3).0, [255]);
    }

    #[test]
    fn what_is_no_picture_or_no_size_is_refused() {
        let size = |side| png(GrayImage::new(side, side));
        let whole = size(100);
        let refused: [&[u8]; 6] = [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\x89PNG\r\n\x1a\n",
            &whole[..whole.len() / 2],
            &size(LARGEST_SIDE + 1),
            &size(SMALLEST_SIDE - 1),
        ];
        for bytes in refused {
            let failure = Picture::check(bytes).unwrap_err();
            assert_eq!(failure.code, ErrorCode::UnexpectedAnswer);
        }
        assert!(
            Picture::draw(&"x".repeat(3_000)).is_err(),
            "no QR code holds it"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), real: bool) {
            if real {
                bytes.splice(0..0, *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
            }
            let _ = Picture::check(&bytes);
        }
    }
}
