use super::World;
use crate::company::MasterData;
use crate::sap::value::{Field, Record};
use rust_decimal::Decimal;

impl World {
    /// Replaces the master data.
    pub(crate) fn set_master_data(&mut self, data: &MasterData) {
        let terms = data.payment_terms.iter().map(|terms| {
            record(
                "PaymentTermsType",
                vec![
                    ("GroupNumber", Field::Int(terms.group_number.into())),
                    ("PaymentTermsGroupName", text(&terms.code)),
                    ("StartFrom", Field::Name("pdt_None".to_owned())),
                    ("NumberOfAdditionalMonths", Field::Int(0)),
                    ("NumberOfAdditionalDays", Field::Int(terms.net_days.into())),
                ],
            )
        });
        let currencies = data.currencies.iter().map(|currency| {
            record(
                "Currency",
                vec![
                    ("Code", text(&currency.code)),
                    ("Name", text(&currency.name)),
                    ("DocumentsCode", text(&currency.code)),
                    ("InternationalDescription", text(&currency.name)),
                ],
            )
        });
        let units = data.units.iter().map(|unit| {
            let key = ("AbsEntry", Field::Int(unit.abs_entry.into()));
            record("UnitOfMeasurement", vec![key, ("Code", text(&unit.code)), ("Name", text(&unit.name))])
        });
        let warehouses = data.warehouses.iter().map(|warehouse| {
            let key = ("WarehouseCode", text(&warehouse.code));
            record("Warehouse", vec![key, ("WarehouseName", text(&warehouse.name))])
        });
        let accounts = data.accounts.iter().map(|account| {
            let active = Field::Name(if account.active { "tYES" } else { "tNO" }.to_owned());
            let key = ("Code", text(&account.code));
            record("ChartOfAccount", vec![key, ("Name", text(&account.name)), ("ActiveAccount", active)])
        });
        let groups = data.tax_codes.iter().map(|tax| {
            let rate = record("VatGroups_Line", vec![("Rate", Field::Amount(rate(tax.rate_basis_points)))]);
            record(
                "VatGroup",
                vec![
                    ("Code", text(&tax.code)),
                    ("Name", text(&tax.name)),
                    ("Category", Field::Name("bovcInputTax".to_owned())),
                    ("Inactive", Field::Name("tNO".to_owned())),
                    ("VatGroups_Lines", Field::Rows(vec![rate])),
                ],
            )
        });
        self.masters = [
            ("PaymentTermsTypes", terms.collect()),
            ("Currencies", currencies.collect()),
            ("UnitOfMeasurements", units.collect()),
            ("Warehouses", warehouses.collect()),
            ("ChartOfAccounts", accounts.collect()),
            ("VatGroups", groups.collect::<Vec<_>>()),
        ]
        .into();
        let rates = data.tax_codes.iter().map(|tax| (tax.code.clone(), rate(tax.rate_basis_points)));
        self.tax_rates = rates.collect();
    }

    /// Days until an invoice with these payment terms is due.
    pub(super) fn net_days(&self, group_number: i32) -> i64 {
        let terms = self.masters.get("PaymentTermsTypes").into_iter().flatten();
        let of_group = terms
            .filter(|terms| terms.get("GroupNumber") == Some(&Field::Int(group_number.into())))
            .find_map(|terms| terms.get("NumberOfAdditionalDays"));
        match of_group {
            Some(Field::Int(days)) => *days,
            _ => 0,
        }
    }
}

fn rate(basis_points: u32) -> Decimal {
    Decimal::new(basis_points.into(), 2)
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

fn record(entity_type: &str, fields: Vec<(&str, Field)>) -> Record {
    let mut record = Record::new(entity_type);
    for (name, field) in fields {
        record.set(name, field);
    }
    record
}
