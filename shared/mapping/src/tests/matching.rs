//! Who is proposed as the same: the names and numbers that people write differently.

use super::*;

fn party(name: &str, country: &str) -> Party {
    Party { name: name.to_owned(), country: country.to_owned(), ..Party::default() }
}

fn parties(names: &[&str]) -> Vec<Party> {
    names.iter().map(|name| party(name, "DE")).collect()
}

/// How alike two names are; nothing where they aren't proposed.
fn alike(sap: &str, coupa: &str) -> Option<u8> {
    propose(&parties(&[sap]), &parties(&[coupa])).first().map(|one| one.likeness)
}

#[test]
fn a_letter_is_as_good_as_the_same_letter_with_an_accent() {
    for (accented, letter) in [
        ("àáâãäåÀÅ", 'a'),
        ("çÇ", 'c'),
        ("èéêëÈË", 'e'),
        ("ìíîïÌÏ", 'i'),
        ("ñÑ", 'n'),
        ("òóôõöøÒØ", 'o'),
        ("ùúûüÙÜ", 'u'),
        ("ýÿÝŸ", 'y'),
        ("ß", 's'),
    ] {
        for accent in accented.chars() {
            assert_eq!(alike(&format!("W{accent}rk"), &format!("w{letter}rk")), Some(100), "{accent}");
        }
    }
}

#[test]
fn signs_legal_forms_and_the_order_of_words_make_no_difference() {
    for (sap, coupa) in [
        ("Beck-Werke", "Beck Werke"),
        ("Beck+Werke (Kiel)", "Kiel, Beck/Werke"),
        ("Beck und Sohn", "Beck & Sohn"),
        ("Beck and Sohn", "Beck & Sohn"),
        ("Beck Werke G.m.b.H. & Co. KG", "Werke Beck Ltd."),
    ] {
        assert_eq!(alike(sap, coupa), Some(100), "{sap} and {coupa}");
    }
    assert_eq!(alike("Nordwind Logistik", "Nordwind Logistic"), Some(98));
    assert_eq!(alike("Nordwind", "Nordstern"), None);
}

#[test]
fn across_a_border_names_must_be_more_alike_and_an_unknown_country_is_no_border() {
    let proposed = |countries: [&str; 2], coupa: &str| {
        propose(&[party("Nordwind Logistik", countries[0])], &[party(coupa, countries[1])]).len()
    };
    for (countries, so_so) in [
        (["DE", "DE"], 1),
        (["de", "DE"], 1),
        (["", "US"], 1),
        (["DE", ""], 1),
        (["", ""], 1),
        (["DE", "US"], 0),
    ] {
        assert_eq!(proposed(countries, "Nordwind Log"), so_so, "{countries:?}");
        assert_eq!(proposed(countries, "Nordwind Logistic"), 1, "{countries:?}");
    }
}

#[test]
fn who_has_no_name_is_like_nobody() {
    let nameless = |number: &str| Party { number: number.to_owned(), ..Party::default() };
    let found = propose(&[nameless("V1")], &[nameless("V1")]);
    assert_eq!(
        found.iter().map(|one| (one.reason.name(), one.likeness)).collect::<Vec<_>>(),
        [("number", 0)]
    );
    assert!(propose(&[nameless("V1")], &[nameless("")]).is_empty());
}

#[test]
fn the_surest_proposals_come_first_and_say_why() {
    let mut sap = parties(&["Ostwind", "Nordwind Logistik", "Beck Werke", "Südwind", "Westwind Druck"]);
    let mut coupa =
        parties(&["Nordwind Logistic", "Südwind", "Beck Werke Kiel", "Somebody", "Westwind Druck"]);
    "V1".clone_into(&mut sap[0].number);
    "V1".clone_into(&mut coupa[3].number);
    "DE 1/2".clone_into(&mut sap[2].tax_id);
    "de12".clone_into(&mut coupa[2].tax_id);
    let found = propose(&sap, &coupa);
    let told: Vec<_> = found.iter().map(|one| (one.reason.name(), one.sap, one.coupa)).collect();
    let expected = [("number", 0, 3), ("tax id", 2, 2), ("name", 3, 1), ("name", 4, 4), ("name", 1, 0)];
    assert_eq!(told, expected);
}

#[test]
fn the_right_one_is_found_behind_many_that_share_a_part_of_its_name() {
    let mut names: Vec<String> = ('a'..='z').map(|letter| format!("Nord{letter}{letter}")).collect();
    names.extend(["Nordhaus", "Nordstern", "Nordlicht", "Nordkap", "Nordwind"].map(str::to_owned));
    let sap: Vec<Party> = names.iter().map(|name| party(name, "DE")).collect();
    let found = propose(&sap, &parties(&["Nordwind"]));
    assert_eq!(found.iter().map(|one| (one.sap, one.likeness)).collect::<Vec<_>>(), [(30, 100)]);
}

/// Comparing them would take hours and tell nothing.
#[test]
fn a_name_that_more_than_four_hundred_have_tells_nobody_apart() {
    let found =
        |holders: usize| propose(&vec![party("Nordwind", "DE"); holders], &parties(&["Nordwind"])).len();
    assert_eq!((found(400), found(401)), (1, 0));
}
