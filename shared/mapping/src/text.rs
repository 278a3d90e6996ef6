//! Texts within Coupa's limits, which count characters.

/// The longest beginning of a text that Coupa takes.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let text = text.trim();
    match text.char_indices().nth(limit) {
        Some((end, _)) => text[..end].trim_end(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::cut;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("Schrauben", 9), "Schrauben");
        assert_eq!(cut("Schrauben", 5), "Schra");
        assert_eq!(cut("äöü€😀", 4), "äöü€");
        assert_eq!(cut("  ab cd", 3), "ab");
        assert_eq!(cut("ab", 0), "");
    }

    proptest! {
        #[test]
        fn a_cut_text_is_a_beginning_within_the_limit(text in "\\PC*", limit in 0_usize..30) {
            let short = cut(&text, limit);
            prop_assert!(short.chars().count() <= limit);
            prop_assert!(text.trim().starts_with(short));
            let all = text.trim();
            prop_assert!(all.chars().count() > limit || short == all);
        }
    }
}
