use super::random::Random;
use super::words::{COUNTRIES, Country, FAMILIES, SHARES, TRADES};
use crate::sap::{AddressSpec, ContactSpec, Refusal, Simulator, SupplierSpec};

/// What documents need to know of a supplier.
#[derive(Clone)]
pub(super) struct Supplier {
    pub(super) code: String,
    pub(super) vat_group: &'static str,
    pub(super) currency: &'static str,
}

/// Adds `count` suppliers. One in forty is blocked and gets no documents.
pub(super) fn add(sap: &Simulator, random: &mut Random, count: usize) -> Result<Vec<Supplier>, Refusal> {
    let mut suppliers = Vec::new();
    for number in 0..count {
        let Some(country) = country(random, number) else { continue };
        let frozen = number % 40 == 39;
        let spec = supplier(random, number, country, frozen);
        let code = sap.add_supplier(spec)?;
        if !frozen {
            suppliers.push(Supplier { code, vat_group: country.vat_group, currency: country.currency });
        }
    }
    Ok(suppliers)
}

fn country(random: &mut Random, number: usize) -> Option<&'static Country> {
    // The first ones make sure that every currency is there, however few suppliers are asked for.
    if let Some(at) = [0, 5, 6].get(number) {
        return COUNTRIES.get(*at);
    }
    let mut drawn = random.below(100);
    for (country, share) in COUNTRIES.iter().zip(SHARES) {
        match drawn.checked_sub(share) {
            Some(rest) => drawn = rest,
            None => return Some(country),
        }
    }
    COUNTRIES.first()
}

fn supplier(random: &mut Random, number: usize, country: &Country, frozen: bool) -> SupplierSpec {
    // Family and trade together name each supplier only once, as long as there are enough of them.
    let family = FAMILIES.get(number % FAMILIES.len()).copied().unwrap_or_default();
    let trade = TRADES.get((number / FAMILIES.len() + number) % TRADES.len()).copied().unwrap_or_default();
    let round = number / (FAMILIES.len() * TRADES.len());
    let suffix = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    let name = format!("{family} {trade}{suffix} {}", random.word(country.company_forms));
    let domain = format!("{}-{}{round}.example", slug(family), slug(trade)).replace("0.example", ".example");
    let first_name = random.word(country.first_names);
    let last_name = random.word(country.last_names);
    let tax_digits = random.between(100_000_000, 999_999_999);
    SupplierSpec {
        name,
        currency: if random.percent(4) { "##" } else { country.currency }.to_owned(),
        payment_terms: i32::try_from(random.between(1, 5)).unwrap_or(3),
        vat_group: country.vat_group.to_owned(),
        federal_tax_id: format!("{}{tax_digits}", country.code),
        email: format!("ap@{domain}"),
        phone: format!("{} {} {}", country.phone, random.between(20, 99), random.between(10_000, 999_999)),
        website: format!("https://www.{domain}"),
        addresses: addresses(random, country),
        contacts: vec![ContactSpec {
            name: format!("{first_name} {last_name}"),
            email: format!("{}.{}@{domain}", slug(first_name), slug(last_name)),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            phone: format!("{} {} {}", country.phone, random.between(20, 99), random.between(1_000, 99_999)),
            active: true,
        }],
        valid: !frozen,
        frozen,
        ..SupplierSpec::default()
    }
}

fn addresses(random: &mut Random, country: &Country) -> Vec<AddressSpec> {
    let address = |random: &mut Random, name: &str, ship_to: bool| {
        let (city, zip_code) = random.pick(country.cities).copied().unwrap_or_default();
        AddressSpec {
            name: name.to_owned(),
            ship_to,
            street: random.word(country.streets).to_owned(),
            street_number: random.between(1, 180).to_string(),
            city: city.to_owned(),
            zip_code: zip_code.to_owned(),
            state: String::new(),
            country: country.code.to_owned(),
        }
    };
    let mut addresses = vec![address(random, "Head Office", false)];
    if random.percent(15) {
        addresses.push(address(random, "Accounting", false));
    }
    if random.percent(25) {
        addresses.push(address(random, "Warehouse", true));
    }
    addresses
}

fn slug(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
