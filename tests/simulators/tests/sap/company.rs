use crate::client::simulator;
use rust_decimal::Decimal;
use simulators::company::{Size, generate};
use simulators::sap::{CancelStatus, Document, DocumentKind, Settings, Simulator};

fn company() -> Simulator {
    let (sap, _) = simulator(Settings::default());
    generate(&sap, 7, Size::default()).unwrap();
    sap
}

fn documents(sap: &Simulator, kind: DocumentKind) -> Vec<Document> {
    sap.entries(kind).into_iter().filter_map(|entry| sap.document(kind, entry)).collect()
}

#[test]
fn has_the_size_asked_for() {
    let sap = company();
    let counts = sap.counts();
    let originals = |kind| {
        documents(&sap, kind).iter().filter(|document| document.cancel != CancelStatus::Cancellation).count()
    };
    assert_eq!(counts["BusinessPartners"], 220);
    assert_eq!(originals(DocumentKind::Order), 400);
    let invoices = originals(DocumentKind::Invoice);
    assert!((340..=400).contains(&invoices), "{invoices} invoices");
    assert_eq!(originals(DocumentKind::CreditNote), 40);
    assert_eq!(counts["VendorPayments"], 260);
    assert!(originals(DocumentKind::Receipt) > 60);
}

#[test]
fn is_the_same_for_the_same_seed() {
    let shown = |sap: &Simulator| format!("{:?}", documents(sap, DocumentKind::Invoice));
    assert_eq!(shown(&company()), shown(&company()));
    let (other, _) = simulator(Settings::default());
    generate(&other, 8, Size::default()).unwrap();
    assert_ne!(shown(&company()), shown(&other));
}

#[test]
fn has_some_of_everything() {
    let sap = company();
    let orders = documents(&sap, DocumentKind::Order);
    let invoices = documents(&sap, DocumentKind::Invoice);
    for kind in DocumentKind::ALL {
        let cancelled = documents(&sap, kind).iter().filter(|one| one.cancel == CancelStatus::Yes).count();
        assert!(cancelled > 0, "no {kind:?} is cancelled");
    }
    let bases = |kind| {
        let lines = invoices.iter().flat_map(|invoice| &invoice.lines);
        lines.filter(|line| line.base.is_some_and(|base| base.kind == kind)).count()
    };
    assert!(bases(DocumentKind::Order) > 50);
    assert!(bases(DocumentKind::Receipt) > 50);
    for currency in ["EUR", "USD", "GBP", "CHF"] {
        assert!(invoices.iter().any(|invoice| invoice.currency == currency), "{currency}");
    }
    assert!(invoices.iter().filter(|invoice| invoice.service).count() > 20);
    assert!(orders.iter().any(|order| !order.discount_percent.is_zero()));
    assert!(orders.iter().any(|order| !order.expenses.is_empty()));
    assert!(orders.iter().any(|order| order.closed && order.cancel == CancelStatus::No));
    assert!(orders.iter().any(|order| !order.closed));
    assert!(orders.iter().any(|order| order.date.year() == 2025));
    assert!(orders.iter().filter(|order| order.date.year() == 2026).count() > 350);
    let payments: Vec<_> = sap.payment_entries().into_iter().filter_map(|entry| sap.payment(entry)).collect();
    assert!(payments.iter().any(|payment| payment.rows.len() > 1));
    assert!(payments.iter().any(|payment| payment.rows.is_empty()));
    assert!(payments.iter().any(|payment| payment.cancelled));
    let now = sap.company_time();
    assert!(orders.iter().chain(&invoices).all(|one| one.date <= now.date() && one.updated <= Some(now)));
}

#[test]
fn amounts_add_up() {
    let sap = company();
    for kind in DocumentKind::ALL {
        for document in documents(&sap, kind) {
            let foreign = document.is_foreign;
            let net: Decimal = document.lines.iter().map(|line| line.net.in_document(foreign)).sum();
            let tax: Decimal = document.lines.iter().map(|line| line.tax.in_document(foreign)).sum();
            let freight: Decimal = document.expenses.iter().map(|row| row.net.in_document(foreign)).sum();
            let freight_tax: Decimal = document.expenses.iter().map(|row| row.tax.in_document(foreign)).sum();
            assert_eq!(tax + freight_tax, document.tax.in_document(foreign));
            let total = net - document.discount.in_document(foreign) + freight + tax + freight_tax;
            assert_eq!(total, document.total.in_document(foreign), "{kind:?} {}", document.entry);
            let paid = document.paid.in_document(foreign);
            assert!(paid >= Decimal::ZERO && paid <= total, "{kind:?} {} {paid}", document.entry);
            if kind == DocumentKind::Invoice && document.cancel == CancelStatus::No {
                assert_eq!(document.closed, paid == total, "{}", document.entry);
            }
            assert_eq!(document.total.foreign.is_zero(), !foreign);
        }
    }
}

#[test]
fn what_is_paid_is_what_the_payments_say() {
    let sap = company();
    for invoice in documents(&sap, DocumentKind::Invoice).iter().filter(|one| one.cancel == CancelStatus::No)
    {
        let payments = sap.payment_entries().into_iter().filter_map(|entry| sap.payment(entry));
        let rows = payments.filter(|payment| !payment.cancelled).flat_map(|payment| payment.rows);
        let paid: Decimal = rows
            .filter(|row| row.kind == DocumentKind::Invoice && row.document == invoice.entry)
            .map(|row| row.applied.in_document(invoice.is_foreign))
            .sum();
        let credited = invoice.paid.in_document(invoice.is_foreign) - paid;
        assert!(credited >= Decimal::ZERO, "invoice {} shows less paid than was", invoice.entry);
    }
}

#[test]
fn a_small_company_and_a_large_one() {
    let (sap, _) = simulator(Settings::default());
    generate(&sap, 1, Size { suppliers: 5, orders: 3, invoices: 3, credit_notes: 1, payments: 2 }).unwrap();
    assert_eq!(sap.counts()["PurchaseOrders"], 3);
    let (sap, _) = simulator(Settings::default());
    generate(&sap, 1, Size::with_documents(5_000)).unwrap();
    assert!(sap.counts()["PurchaseOrders"] > 1_800);
}
