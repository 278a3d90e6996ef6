//! Payment terms, currencies, units, addresses and the like: what documents point at.

use super::input::missing;
use super::problem::{Problem, label};
use super::record::Field;
use super::schema::{Kind, Type};
use super::state::State;
use super::values;
use crate::company::MasterData;
use http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// The countries of ISO 3166.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// What each kind of reference data must have to be made through the API.
fn required(kind: Kind) -> Option<&'static [&'static str]> {
    Some(match kind {
        Kind::Uom => &["code", "name"],
        Kind::Address => &["street1", "city", "postal-code", "country"],
        Kind::AccountType => &["name", "currency"],
        Kind::TaxCode => &["code", "country", "percentage"],
        Kind::Lookup | Kind::Department => &["name"],
        Kind::LookupValue => &["name", "lookup"],
        Kind::PaymentTerm | Kind::ShippingTerm => &["code"],
        Kind::Integration => &["name", "code"],
        _ => return None,
    })
}

impl State {
    /// `POST` or `PUT` of reference data. What Coupa lists only for reading is 405.
    pub(crate) fn save_reference(
        &mut self,
        kind: Kind,
        id: Option<u64>,
        body: Value,
    ) -> Result<u64, Problem> {
        let Some(required) = required(kind) else {
            let text = "This method is not supported.";
            return Err(Problem::of(StatusCode::METHOD_NOT_ALLOWED, "request", text));
        };
        let draft = self.draft(kind, body)?;
        let mut record = match id {
            Some(id) => self.find(kind, id).cloned().ok_or_else(Problem::not_found)?,
            None => self.fresh(kind),
        };
        self.fill(&mut record, draft, None)?;
        let mut messages = missing(&record, required);
        if let Some(key) = ["code", "location-code"].into_iter().find(|key| !record.is_blank(key))
            && let Some(value) = record.text(key)
            && self.find_by_text(kind, key, value).is_some_and(|holder| holder != record.id())
        {
            messages.push(format!("{} has already been taken", label(key)));
        }
        Problem::from_messages(kind.error_key(), messages)?;
        if kind == Kind::LookupValue {
            let code = record.text("external-ref-num").or_else(|| record.text("name"));
            let code = code.unwrap_or_default().to_owned();
            record.set_text("external-ref-code", &code);
        }
        Ok(self.keep_changed(kind, record))
    }

    /// Puts an object there as it is, with read-only attributes too and no check, and returns its id.
    pub(crate) fn plant(&mut self, kind: Kind, attributes: &Value) -> u64 {
        let mut record = self.fresh(kind);
        for (name, value) in attributes.as_object().into_iter().flatten() {
            let Some(attribute) = kind.attribute(&name.replace('_', "-")) else { continue };
            match attribute.ty {
                Type::One(target) if !target.is_part() => {
                    if let Some(id) = value.as_object().and_then(|keys| self.find_by_keys(target, keys)) {
                        record.set(attribute.name, Field::Ref(target, id));
                    }
                }
                _ => {
                    if let Ok(field) = values::scalar(attribute, value.clone()) {
                        record.set(attribute.name, field);
                    }
                }
            }
        }
        if kind == Kind::Account {
            let chart = record.reference("account-type").unwrap_or_default();
            self.indices.account.insert((chart, record.text_or_empty("code").into()), record.id());
        }
        self.keep(kind, record)
    }

    /// What every instance has: countries, one user, one chart of accounts, one reason to reopen an order.
    pub(crate) fn furnish(&mut self) {
        for code in COUNTRIES.split(' ') {
            self.plant(Kind::Country, &json!({ "code": code, "name": code }));
        }
        self.plant(
            Kind::UserSimple,
            &json!({ "login": "buyer@acme.example", "email": "buyer@acme.example", "firstname": "Berta",
                     "lastname": "Buyer", "fullname": "Berta Buyer", "employee-number": "1001" }),
        );
        self.plant(Kind::AccountType, &json!({ "name": "Main COA", "active": true, "dynamic-flag": true }));
        self.plant(
            Kind::ReasonInsight,
            &json!({ "code": "ERP_REOPENED", "description": "Reopened in the ERP", "reason-type": "reopen_po" }),
        );
        self.plant(
            Kind::Integration,
            &json!({ "code": "SAPB1", "name": "SAP Business One", "direction": "to_coupa" }),
        );
    }

    /// Takes over a company's reference data.
    pub(crate) fn take_over(&mut self, company: &MasterData) {
        if let Some(local) = company.currencies.first() {
            self.settings.default_currency.clone_from(&local.code);
        }
        for currency in &company.currencies {
            self.plant(
                Kind::Currency,
                &json!({ "code": currency.code, "name": currency.name, "decimals": 2, "enabled": true }),
            );
        }
        for terms in &company.payment_terms {
            self.plant(
                Kind::PaymentTerm,
                &json!({ "code": terms.code, "days-for-net-payment": terms.net_days, "active": true,
                         "type": "DaysAfterNetPaymentTerm" }),
            );
        }
        for unit in &company.units {
            self.plant(Kind::Uom, &json!({ "code": unit.code, "name": unit.name, "active": true }));
        }
        for warehouse in &company.warehouses {
            self.plant(
                Kind::Address,
                &json!({ "location-code": warehouse.code, "name": warehouse.name, "active": true,
                         "street1": "Harbour Road 1", "city": warehouse.name, "postal-code": "20457",
                         "country": { "code": "DE" } }),
            );
        }
        self.plant(
            Kind::Address,
            &json!({ "location-code": "MAIN", "name": "Main site", "active": true, "street1": "Harbour Road 1",
                     "city": "Hamburg", "postal-code": "20457", "country": { "code": "DE" } }),
        );
        for code in &company.tax_codes {
            let percentage = Decimal::new(i64::from(code.rate_basis_points), 2);
            self.plant(
                Kind::TaxCode,
                &json!({ "code": code.code, "description": code.name, "active": true,
                         "percentage": percentage.to_string() }),
            );
        }
        for account in &company.accounts {
            self.plant(
                Kind::Account,
                &json!({ "code": account.code, "name": account.name, "segment-1": account.code,
                         "active": account.active, "account-type": { "name": "Main COA" } }),
            );
        }
    }
}

/// Coupa answers a written address in a shape of its own: names with underscores, the country as text.
pub(crate) fn address_reply(body: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return body.to_vec() };
    let mut shown = Map::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("country", Value::Object(country)) => {
                shown.insert("country".to_owned(), country.get("name").cloned().unwrap_or_default());
                shown.insert("country_id".to_owned(), country.get("id").cloned().unwrap_or_default());
            }
            (_, value) => {
                shown.insert(name.replace('-', "_"), value);
            }
        }
    }
    Value::Object(shown).to_string().into_bytes()
}
