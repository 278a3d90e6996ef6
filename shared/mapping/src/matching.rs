//! Which business partner and which supplier of Coupa could be the same: proposals for a person, never decisions.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// One of either list, as far as it takes to tell who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// `CardCode`, or the number in Coupa; empty where it has none.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Its tax id; empty where it has none.
    pub tax_id: String,
    /// Its country's code; empty where it isn't known.
    pub country: String,
}

/// What speaks for a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The same number, exactly.
    Number,
    /// The same tax id.
    TaxId,
    /// A similar name.
    Name,
}

impl Reason {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::TaxId => "tax id",
            Self::Name => "name",
        }
    }
}

/// A proposal: the places of the two in their lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// In SAP's list.
    pub sap: usize,
    /// In Coupa's list.
    pub coupa: usize,
    /// Why.
    pub reason: Reason,
    /// How alike the names are, of 100.
    pub likeness: u8,
}

/// Names that are less alike are not worth anybody's time.
const LEAST_LIKE: u8 = 86;
/// With different countries they must be more alike.
const LEAST_LIKE_ABROAD: u8 = 95;
/// A piece of a name that more have says little.
const COMMON: usize = 400;
/// So many of a name's rarest pieces choose who is compared with it.
const PIECES: usize = 10;
/// With so many it is compared in full.
const COMPARED: usize = 25;

/// Pairs, each party in one of them at most: by number, then by tax id, then by name, the likeliest first.
pub fn propose(sap: &[Party], coupa: &[Party]) -> Vec<Match> {
    let names = |parties: &[Party]| parties.iter().map(|party| plain(&party.name)).collect::<Vec<_>>();
    let mut board = Board {
        sap: &names(sap),
        coupa: &names(coupa),
        free_sap: (0..sap.len()).collect(),
        free_coupa: (0..coupa.len()).collect(),
        matches: vec![],
    };
    board.by_key(Reason::Number, sap, coupa, |party| party.number.clone());
    board.by_key(Reason::TaxId, sap, coupa, |party| key_of_tax_id(&party.tax_id));
    board.by_name(sap, coupa);
    board.matches.sort_by_key(|one| (one.reason, Reverse(one.likeness), one.coupa));
    board.matches
}

struct Board<'a> {
    sap: &'a [String],
    coupa: &'a [String],
    free_sap: BTreeSet<usize>,
    free_coupa: BTreeSet<usize>,
    matches: Vec<Match>,
}

impl Board<'_> {
    fn by_key(&mut self, reason: Reason, sap: &[Party], coupa: &[Party], key: impl Fn(&Party) -> String) {
        let mut holders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &at in &self.free_sap {
            let key = key(&sap[at]);
            if !key.is_empty() {
                holders.entry(key).or_default().push(at);
            }
        }
        let mut pairs = vec![];
        for &at in &self.free_coupa {
            for &held in holders.get(&key(&coupa[at])).into_iter().flatten() {
                pairs.push(self.pair(held, at, reason));
            }
        }
        self.take(pairs);
    }

    fn by_name(&mut self, sap: &[Party], coupa: &[Party]) {
        let mut index: BTreeMap<[char; 3], Vec<usize>> = BTreeMap::new();
        for &at in &self.free_sap {
            for piece in pieces(&self.sap[at]) {
                index.entry(piece).or_default().push(at);
            }
        }
        let mut pairs = vec![];
        for &at in &self.free_coupa {
            for held in candidates(&index, &self.coupa[at]) {
                let pair = self.pair(held, at, Reason::Name);
                let (here, there) = (&sap[held].country, &coupa[at].country);
                let abroad = !here.is_empty() && !there.is_empty() && !here.eq_ignore_ascii_case(there);
                if pair.likeness >= if abroad { LEAST_LIKE_ABROAD } else { LEAST_LIKE } {
                    pairs.push(pair);
                }
            }
        }
        self.take(pairs);
    }

    fn pair(&self, sap: usize, coupa: usize, reason: Reason) -> Match {
        Match { sap, coupa, reason, likeness: likeness(&self.sap[sap], &self.coupa[coupa]) }
    }

    /// The likeliest first; who is in a pair is in no other.
    fn take(&mut self, mut pairs: Vec<Match>) {
        pairs.sort_by_key(|pair| (Reverse(pair.likeness), pair.sap, pair.coupa));
        for pair in pairs {
            if self.free_sap.contains(&pair.sap) && self.free_coupa.contains(&pair.coupa) {
                self.free_sap.remove(&pair.sap);
                self.free_coupa.remove(&pair.coupa);
                self.matches.push(pair);
            }
        }
    }
}

/// Those that share most of the name's rarest pieces: comparing everybody with everybody would take hours.
fn candidates(index: &BTreeMap<[char; 3], Vec<usize>>, name: &str) -> Vec<usize> {
    let mut rare: Vec<&Vec<usize>> = pieces(name).iter().filter_map(|piece| index.get(piece)).collect();
    rare.sort_by_key(|holders| holders.len());
    rare.retain(|holders| holders.len() <= COMMON);
    rare.truncate(PIECES);
    let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
    for holder in rare.into_iter().flatten() {
        *shared.entry(*holder).or_default() += 1;
    }
    let mut shared: Vec<(usize, usize)> = shared.into_iter().collect();
    shared.sort_by_key(|(at, count)| (Reverse(*count), *at));
    shared.truncate(COMPARED);
    shared.into_iter().map(|(at, _)| at).collect()
}

fn pieces(name: &str) -> BTreeSet<[char; 3]> {
    let characters: Vec<char> = format!(" {name} ").chars().collect();
    characters.windows(3).filter_map(|window| window.try_into().ok()).collect()
}

#[expect(clippy::float_arithmetic, reason = "no amount: how alike two names are")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn likeness(one: &str, other: &str) -> u8 {
    // Two that have no name are not alike by that.
    let alike = if one.is_empty() { 0.0 } else { strsim::jaro_winkler(one, other) };
    (alike * 100.0).round().clamp(0.0, 100.0) as u8
}

/// What stands in a name only because the law wants it there.
const LEGAL_FORMS: [&str; 28] = [
    "ab",
    "ag",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "ek",
    "gbr",
    "gmbh",
    "inc",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "ltd",
    "nv",
    "ohg",
    "oy",
    "plc",
    "sa",
    "sarl",
    "se",
    "spa",
    "srl",
    "ug",
];

/// The name as it is compared: small letters without accents, words in order of the alphabet, without legal form.
fn plain(name: &str) -> String {
    let spelled: String = name.to_lowercase().replace('.', "").chars().map(simple).collect();
    let words: Vec<&str> = spelled.split_whitespace().collect();
    let mut telling: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !LEGAL_FORMS.contains(word) && *word != "und" && *word != "and")
        .collect();
    if telling.is_empty() {
        telling = words;
    }
    telling.sort_unstable();
    telling.join(" ").chars().take(60).collect()
}

/// One letter for one: `ä` is compared as `a`, whether the other side writes `ä`, `a` or, almost as well, `ae`.
fn simple(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        'ß' => 's',
        letter if letter.is_alphanumeric() => letter,
        _ => ' ',
    }
}

fn key_of_tax_id(tax_id: &str) -> String {
    tax_id.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(number: &str, name: &str, tax_id: &str) -> Party {
        let text = str::to_owned;
        Party { number: text(number), name: text(name), tax_id: text(tax_id), country: text("DE") }
    }

    fn reasons(matches: &[Match]) -> Vec<(usize, usize, Reason)> {
        matches.iter().map(|one| (one.sap, one.coupa, one.reason)).collect()
    }

    #[test]
    fn number_then_tax_id_then_name() {
        let sap = [
            party("V1", "Alpha GmbH", "DE1"),
            party("V2", "Beta Werkzeuge GmbH & Co. KG", "DE 222"),
            party("V3", "Müller Schrauben AG", ""),
            party("V4", "Nobody Like This", ""),
        ];
        let coupa = [
            party("", "Schrauben Muller", ""),
            party("V1", "Quite another name", ""),
            party("", "Somebody", "de222"),
            party("v4", "Zeppelin Reederei", ""),
        ];
        let expected = [(0, 1, Reason::Number), (1, 2, Reason::TaxId), (2, 0, Reason::Name)];
        assert_eq!(reasons(&propose(&sap, &coupa)), expected);
    }

    #[test]
    fn nobody_is_in_two_pairs_and_the_likelier_one_wins() {
        let sap = [party("A", "Hansa Metall Nord", "DE7"), party("B", "Hansa Metall Süd", "DE7")];
        let coupa = [party("", "Hansa Metall Sud", "DE7"), party("", "Hansa Metal Nord", "")];
        let expected = [(1, 0, Reason::TaxId), (0, 1, Reason::Name)];
        assert_eq!(reasons(&propose(&sap, &coupa)), expected);
    }

    #[test]
    fn names_of_nothing_but_legal_forms_are_still_names() {
        assert_eq!(plain("KG AG"), "ag kg");
        assert_eq!(plain("Ägir & Söhne G.m.b.H."), "agir sohne");
    }
}
