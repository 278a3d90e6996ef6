use super::specs::{DocumentSpec, LineSpec};
use super::{World, default_series};
use crate::sap::entities::{Amounts, Base, CancelStatus, Document, DocumentKind, Expense, Line, Withholding};
use crate::sap::refusal::Refusal;
use crate::sap::value::{Field, Record};
use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// From what a document is to hold to a document with all its members, its totals still to be worked out.
impl World {
    pub(super) fn draft(
        &self,
        kind: DocumentKind,
        spec: &DocumentSpec,
        base: Option<Base>,
    ) -> Result<Document, Refusal> {
        let base = base.map(|base| self.document(base.kind, base.entry)).transpose()?;
        let card_code = if spec.supplier.is_empty() {
            base.map(|base| base.card_code.clone()).unwrap_or_default()
        } else {
            spec.supplier.clone()
        };
        let supplier = self
            .partners
            .get(&card_code)
            .ok_or_else(|| Refusal::rule(format!("Invalid BP code [CardCode] , '{card_code}'")))?;
        let service = spec.service || base.is_some_and(|base| base.service);
        let currency = self.currency_of(spec, supplier, base);
        let is_foreign = currency != self.settings.local_currency;
        let rate = match base {
            _ if !is_foreign => Decimal::ONE,
            Some(base) if spec.rate == Decimal::ONE => base.rate,
            _ => spec.rate,
        };
        let date = spec.date.unwrap_or(self.now.date());
        let terms = spec.payment_terms.or_else(|| pay_terms(supplier)).unwrap_or(-1);
        let mut document = Document {
            entry: 0,
            number: 0,
            kind,
            service,
            date,
            due_date: spec.due_date.unwrap_or_else(|| after(date, self.net_days(terms))),
            tax_date: date,
            time: self.now.time(),
            card_name: supplier.text("CardName").to_owned(),
            federal_tax_id: supplier.text("FederalTaxID").to_owned(),
            reference: spec.reference.clone(),
            comments: spec.comments.clone(),
            is_foreign,
            rate,
            discount_percent: spec.discount_percent,
            payment_terms: terms,
            series: spec.series.unwrap_or_else(|| default_series(kind)),
            closed: false,
            cancel: CancelStatus::No,
            cancel_date: None,
            created: date,
            updated: None,
            data_version: 1,
            journal_entry: None,
            total: Amounts::default(),
            tax: Amounts::default(),
            discount: Amounts::default(),
            rounding: Amounts::default(),
            down_payment: Amounts::default(),
            paid: Amounts::default(),
            withholding: None,
            lines: Vec::new(),
            expenses: Vec::new(),
            extra: None,
            card_code,
            currency,
        };
        self.fill(&mut document, spec, supplier)?;
        Ok(document)
    }

    fn fill(&self, document: &mut Document, spec: &DocumentSpec, supplier: &Record) -> Result<(), Refusal> {
        for (number, line) in (0..).zip(&spec.lines) {
            let line = self.line(document, number, line, supplier.text("VatGroup"))?;
            document.lines.push(line);
        }
        for (number, expense) in (0..).zip(&spec.expenses) {
            document.expenses.push(Expense {
                line_number: number,
                code: expense.code,
                remarks: expense.remarks.clone(),
                net: document.in_its_currency(expense.net),
                tax_rate: self.tax_rate(&expense.vat_group),
                vat_group: expense.vat_group.clone(),
                ..Expense::default()
            });
        }
        document.rounding = document.in_its_currency(spec.rounding);
        document.down_payment = document.in_its_currency(spec.down_payment);
        document.withholding = spec.withholding.as_ref().map(|(code, rate)| Withholding {
            code: code.clone(),
            rate: *rate,
            ..Withholding::default()
        });
        Ok(())
    }

    fn currency_of(&self, spec: &DocumentSpec, supplier: &Record, base: Option<&Document>) -> String {
        if !spec.currency.is_empty() {
            return spec.currency.clone();
        }
        match (base, supplier.text("Currency")) {
            (Some(base), _) => base.currency.clone(),
            (None, "" | "##") => self.settings.local_currency.clone(),
            (None, currency) => currency.to_owned(),
        }
    }

    fn line(&self, document: &Document, number: i64, spec: &LineSpec, group: &str) -> Result<Line, Refusal> {
        let base = spec.base.map(|base| self.base_line(base)).transpose()?;
        let given = |given: &str, of_base: fn(&Line) -> &str, otherwise: &str| {
            let from_base = base.map_or(otherwise, of_base);
            if given.is_empty() { from_base.to_owned() } else { given.to_owned() }
        };
        let items = |text: &'static str| if document.service { "" } else { text };
        let unit_price = spec.unit_price.or(base.map(|base| base.unit_price)).unwrap_or(Decimal::TEN);
        if unit_price.is_sign_negative() {
            return Err(Refusal::rule(format!(
                "Unit price is negative [DocumentLines.UnitPrice][line: {number}]"
            )));
        }
        let quantity = if document.service {
            Decimal::ZERO
        } else {
            spec.quantity.or(base.map(|base| base.open_quantity)).unwrap_or(Decimal::ONE)
        };
        let vat_group = given(&spec.vat_group, |base| &base.vat_group, group);
        let unit = given(&spec.unit, |base| &base.unit, items("pcs"));
        let mut line = Line {
            number,
            visual_order: number,
            document: 0,
            item_code: given(&spec.item_code, |base| &base.item_code, items("A00001")),
            description: given(&spec.description, |base| &base.description, "Printer"),
            quantity,
            open_quantity: quantity,
            unit_price,
            discount_percent: spec.discount_percent,
            price: Decimal::ZERO,
            currency: document.currency.clone(),
            rate: if document.is_foreign { document.rate } else { Decimal::ZERO },
            tax_rate: self.tax_rate(&vat_group),
            vat_group,
            net: Amounts::default(),
            tax: Amounts::default(),
            account_code: given(&spec.account_code, |base| &base.account_code, "140000"),
            costing_code: given(&spec.costing_code, |base| &base.costing_code, ""),
            project_code: given(&spec.project_code, |base| &base.project_code, ""),
            warehouse_code: given(&spec.warehouse_code, |base| &base.warehouse_code, items("01")),
            unit_entry: self.unit_entry(&unit),
            unit,
            ship_date: spec.ship_date.or(base.and_then(|base| base.ship_date)),
            supplier_item: given(&spec.supplier_item, |base| &base.supplier_item, ""),
            free_text: given(&spec.free_text, |base| &base.free_text, ""),
            base: spec.base,
            closed: false,
            extra: None,
        };
        if let (Some(base), true) = (base, spec.discount_percent.is_zero()) {
            line.discount_percent = base.discount_percent;
        }
        for (name, field) in &spec.extra {
            if !line.set(name, field.clone()) {
                return Err(Refusal::syntax(format!("Property '{name}' of 'DocumentLine' is invalid")));
            }
        }
        Ok(line)
    }

    fn unit_entry(&self, unit: &str) -> i32 {
        let units = self.masters.get("UnitOfMeasurements").into_iter().flatten();
        let entry = units.filter(|known| known.text("Code") == unit).find_map(|known| known.get("AbsEntry"));
        match entry {
            Some(Field::Int(entry)) => i32::try_from(*entry).unwrap_or(-1),
            _ => -1,
        }
    }

    pub(super) fn base_line(&self, base: Base) -> Result<&Line, Refusal> {
        let lines = &self.document(base.kind, base.entry)?.lines;
        lines.iter().find(|line| line.number == base.line).ok_or_else(Refusal::no_match)
    }
}

fn pay_terms(supplier: &Record) -> Option<i32> {
    i32::try_from(super::partners::int(supplier, "PayTermsGrpCode")?).ok()
}

fn after(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}
