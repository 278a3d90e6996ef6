use super::World;
use super::specs::{AddressSpec, ContactSpec, SupplierSpec};
use crate::sap::refusal::Refusal;
use crate::sap::value::{Field, Record};

/// SAP's number for business partners.
const BUSINESS_PARTNER: i64 = 2;

impl World {
    /// Adds a supplier; answers its code.
    pub(crate) fn add_supplier(&mut self, spec: SupplierSpec) -> Result<String, Refusal> {
        let mut partner = Record::new("BusinessPartner");
        let code = if spec.code.is_empty() { self.next_card_code() } else { spec.code };
        let yes_no = |yes: bool| if yes { "tYES" } else { "tNO" };
        let texts = [
            ("CardCode", code.as_str()),
            ("CardName", &spec.name),
            ("CardType", "cSupplier"),
            ("Currency", &spec.currency),
            ("VatGroup", &spec.vat_group),
            ("FederalTaxID", &spec.federal_tax_id),
            ("EmailAddress", &spec.email),
            ("Phone1", &spec.phone),
            ("Website", &spec.website),
            ("DebitorAccount", "230000"),
            ("PeymentMethodCode", "OUT-SEPA"),
            ("Valid", yes_no(spec.valid)),
            ("Frozen", yes_no(spec.frozen)),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            partner.set_text(name, text);
        }
        partner.set("GroupCode", Field::Int(101));
        partner.set("PayTermsGrpCode", Field::Int(spec.payment_terms.into()));
        let addresses = spec.addresses.iter().map(address).collect();
        partner.set("BPAddresses", Field::Rows(addresses));
        partner.set("ContactEmployees", Field::Rows(spec.contacts.iter().map(contact).collect()));
        for (name, field) in spec.extra {
            if !partner.set(&name, field) {
                return Err(Refusal::syntax(format!("Property '{name}' of 'BusinessPartner' is invalid")));
            }
        }
        self.insert_partner(partner)
    }

    /// Files a new partner; keys of its rows, defaults and stamps are given here.
    pub(crate) fn insert_partner(&mut self, mut partner: Record) -> Result<String, Refusal> {
        if partner.text("CardCode").is_empty()
            && let Some(code) = int(&partner, "Series").and_then(|series| self.code_of_series(series))
        {
            partner.set_text("CardCode", &code);
        }
        let code = partner.text("CardCode").to_owned();
        if code.is_empty() {
            return Err(Refusal::rule("Enter a code for the business partner [OCRD.CardCode]"));
        }
        if self.partners.contains_key(&code) {
            return Err(if self.settings.duplicate_partner_is_2035 {
                Refusal::new(400, -2035, "This entry already exists in the following tables (ODBC -2035)")
            } else {
                let taken = format!(
                    "1320000140 - Business partner code '{code}' already assigned to a business partner"
                );
                Refusal::new(400, -10, taken)
            });
        }
        self.complete_partner(&mut partner, &code);
        mirror_defaults(&mut partner);
        partner.set("CreateDate", Field::Date(self.now.date()));
        partner.set("CreateTime", Field::Time(self.now.time()));
        partner.set("DataVersion", Field::Int(1));
        if self.settings.stamp_on_create {
            partner.set("UpdateDate", Field::Date(self.now.date()));
            partner.set("UpdateTime", Field::Time(self.now.time()));
        }
        self.partners.insert(code.clone(), partner);
        self.happened("BusinessPartners", "Created", ("CardCode", &code));
        Ok(code)
    }

    /// Changes a partner, and counts and stamps the change.
    pub(crate) fn edit_partner(
        &mut self,
        code: &str,
        change: impl FnOnce(&mut Record) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut partner = self.partners.get(code).cloned().ok_or_else(Refusal::no_match)?;
        change(&mut partner)?;
        let version = match partner.get("DataVersion") {
            Some(Field::Int(version)) => version + 1,
            _ => 1,
        };
        partner.set("CardCode", Field::Text(code.to_owned()));
        partner.set("DataVersion", Field::Int(version));
        self.complete_partner(&mut partner, code);
        mirror_defaults(&mut partner);
        partner.set("UpdateDate", Field::Date(self.now.date()));
        partner.set("UpdateTime", Field::Time(self.now.time()));
        self.partners.insert(code.to_owned(), partner);
        self.happened("BusinessPartners", "Updated", ("CardCode", code));
        Ok(())
    }

    /// Gives rows their keys, and the partner what every partner has.
    fn complete_partner(&mut self, partner: &mut Record, code: &str) {
        for (name, value) in
            [("CardType", "cCustomer"), ("Valid", "tYES"), ("Frozen", "tNO"), ("Currency", "##")]
        {
            if partner.text(name).is_empty() {
                partner.set_text(name, value);
            }
        }
        if partner.get("PayTermsGrpCode").is_none() {
            partner.set("PayTermsGrpCode", Field::Int(-1));
        }
        for (rows, key, owner) in
            [("BPAddresses", "RowNum", "BPCode"), ("BPPaymentMethods", "RowNumber", "BPCode")]
        {
            let rows = partner.rows_mut(rows).map(Vec::as_mut_slice).unwrap_or_default();
            let mut next = rows.iter().filter_map(|row| int(row, key)).max().map_or(0, |last| last + 1);
            for row in rows {
                row.set_text(owner, code);
                if int(row, key).is_none() {
                    row.set(key, Field::Int(next));
                    next += 1;
                }
            }
        }
        let contacts = partner.rows_mut("ContactEmployees").map(Vec::as_mut_slice).unwrap_or_default();
        for row in contacts {
            row.set_text("CardCode", code);
            if int(row, "InternalCode").is_none() {
                self.contacts += 1;
                row.set("InternalCode", Field::Int(self.contacts));
            }
        }
    }

    fn code_of_series(&mut self, series: i64) -> Option<String> {
        let prefix = self.settings.partner_series.get(&series)?.clone();
        loop {
            let code = format!("{prefix}{}", self.next_number(BUSINESS_PARTNER, 20_001, 1));
            if !self.partners.contains_key(&code) {
                return Some(code);
            }
        }
    }

    /// Keeps a partner that waits for approval; answers the draft's own key.
    pub(crate) fn draft_partner(&mut self, partner: Record) -> String {
        self.partner_drafts.push(partner);
        self.partner_drafts.len().to_string()
    }

    fn next_card_code(&mut self) -> String {
        loop {
            let code = format!("V{}", self.next_number(BUSINESS_PARTNER, 10_001, 0));
            if !self.partners.contains_key(&code) {
                return code;
            }
        }
    }
}

/// The header shows the default bill-to address and the default contact.
fn mirror_defaults(partner: &mut Record) {
    let bill_to = |row: &&Record| row.text("AddressType") != "bo_ShipTo";
    if partner.text("BilltoDefault").is_empty() {
        let first = partner.rows("BPAddresses").iter().find(bill_to).map(|row| row.text("AddressName"));
        if let Some(name) = first.map(str::to_owned) {
            partner.set_text("BilltoDefault", &name);
        }
    }
    if partner.text("ContactPerson").is_empty() {
        let first = partner.rows("ContactEmployees").first().map(|row| row.text("Name").to_owned());
        if let Some(name) = first {
            partner.set_text("ContactPerson", &name);
        }
    }
    let default = partner.text("BilltoDefault").to_owned();
    let address = partner.rows("BPAddresses").iter().filter(bill_to);
    let Some(address) = address.clone().find(|row| row.text("AddressName") == default).cloned() else {
        return;
    };
    for (of_header, of_row) in
        [("Address", "Street"), ("City", "City"), ("ZipCode", "ZipCode"), ("Country", "Country")]
    {
        partner.set(of_header, address.get(of_row).cloned().unwrap_or(Field::Null));
    }
}

pub(crate) fn int(row: &Record, name: &str) -> Option<i64> {
    match row.get(name) {
        Some(Field::Int(number)) => Some(*number),
        _ => None,
    }
}

fn address(spec: &AddressSpec) -> Record {
    let mut row = Record::new("BPAddress");
    let texts = [
        ("AddressName", spec.name.as_str()),
        ("AddressType", if spec.ship_to { "bo_ShipTo" } else { "bo_BillTo" }),
        ("Street", &spec.street),
        ("StreetNo", &spec.street_number),
        ("City", &spec.city),
        ("ZipCode", &spec.zip_code),
        ("State", &spec.state),
        ("Country", &spec.country),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        row.set_text(name, text);
    }
    row
}

fn contact(spec: &ContactSpec) -> Record {
    let mut row = Record::new("ContactEmployee");
    let texts = [
        ("Name", spec.name.as_str()),
        ("FirstName", &spec.first_name),
        ("LastName", &spec.last_name),
        ("E_Mail", &spec.email),
        ("Phone1", &spec.phone),
        ("Active", if spec.active { "tYES" } else { "tNO" }),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        row.set_text(name, text);
    }
    row
}
