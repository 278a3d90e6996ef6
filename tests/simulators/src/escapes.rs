//! Percent encoding, as both systems read it.

use percent_encoding::percent_decode_str;

/// Undoes percent encoding; a plus is a blank.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
