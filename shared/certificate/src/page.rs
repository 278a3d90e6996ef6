//! The page: one file, no script, nothing from elsewhere. Made from the certificate alone.

use crate::Certificate;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use pipeline::reconcile::{Difference, ObjectBalance};

const OPENING: &str = r#"<script type="application/json" id="certificate">"#;
const CLOSING: &str = "</script>";

/// The JSON within a page.
pub(crate) fn json_within(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once(OPENING)?;
    Some(rest.split_once(CLOSING)?.0)
}

pub(crate) fn of(certificate: &Certificate, json: &str, public_key: &str) -> String {
    let verdict = if certificate.in_balance { "In balance" } else { "Not in balance" };
    let period = certificate.about.days.map_or_else(
        || format!("all documents since {}", certificate.about.start_date),
        |(first, last)| format!("documents dated {first} to {last}"),
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Balance of " (certificate.about.company) " and Coupa, " (certificate.about.made_at) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "SAP Business One and Coupa: " span class=(if certificate.in_balance { "good" } else { "bad" }) { (verdict) } }
                    dl {
                        dt { "Company" } dd { (certificate.about.company) " at " (certificate.about.service_layer) }
                        dt { "Coupa" } dd { (certificate.about.coupa) }
                        dt { "Compared" } dd { (period) }
                        dt { "Completed" } dd { (certificate.about.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")) }
                        dt { "Signed by" } dd { code { (public_key) } }
                    }
                    h2 { "Counts and sums" }
                    (sums(certificate))
                    h2 { "Differences" }
                    @if certificate.differences.is_empty() {
                        p { "None: every document of SAP is in Coupa once, and shows the same." }
                    } @else {
                        (differences(&certificate.differences))
                    }
                    footer { "Check this page with " code { "b1-coupa reconcile verify FILE" } "." }
                }
                (PreEscaped(OPENING)) (PreEscaped(json.replace("</", "<\\/"))) (PreEscaped(CLOSING))
            }
        }
    };
    page.into_string()
}

fn sums(certificate: &Certificate) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "Object" } th { "Status" } th { "Currency" }
                    th class="number" { "In SAP" } th class="number" { "In Coupa" }
                    th class="number" { "Sum in SAP" } th class="number" { "Sum in Coupa" }
                }
            }
            @for (object, balance) in &certificate.objects {
                tbody { (object_rows(object, balance)) }
            }
        }
    }
}

fn object_rows(object: &str, balance: &ObjectBalance) -> Markup {
    let rows = balance.rows();
    html! {
        @for row in &rows {
            tr class=(if row.sap == row.coupa { "" } else { "differs" }) {
                td { (name(object)) } td { (row.status) } td { (row.currency.unwrap_or("")) }
                td class="number" { (row.sap.0) } td class="number" { (row.coupa.0) }
                @if row.currency.is_some() {
                    td class="number" { (money(row.sap.1)) } td class="number" { (money(row.coupa.1)) }
                } @else {
                    td {} td {}
                }
            }
        }
        @if rows.is_empty() {
            tr { td { (name(object)) } td colspan="6" { "none on either side" } }
        }
        tr class="aside" { td {} td colspan="6" { (balance.not_ours) " more in Coupa that are not ours" } }
    }
}

fn differences(differences: &[Difference]) -> Markup {
    html! {
        table {
            thead { tr { th { "Object" } th { "Supplier" } th { "Number" } th { "How" } th { "What" } } }
            tbody {
                @for difference in differences {
                    tr {
                        td { (name(&difference.object)) } td { (difference.supplier) } td { (difference.number) }
                        td { (difference.kind.words()) }
                        td {
                            @for value in &difference.values {
                                div { code { (value.field) } ": SAP " q { (value.sap) } ", Coupa " q { (value.coupa) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn name(object: &str) -> String {
    object.replace('_', " ")
}

/// At least whole cents, grouped by thousands.
fn money(amount: rust_decimal::Decimal) -> String {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    let text = amount.abs().to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    format!("{sign}{grouped}.{cents}")
}

const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1b1f24; font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 62rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.good { color: #12692f; } .bad { color: #a40e26; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; }
dt { color: #57606a; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d0d7de; }
th { color: #57606a; font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.differs { background: #fff1e5; } .aside td { color: #57606a; border-bottom: 2px solid #d0d7de; }
code { font: 12px ui-monospace, monospace; }
footer { margin: 2rem 0; color: #57606a; }
@media print { main { margin: 0; max-width: none; } tr { break-inside: avoid; } thead { display: table-header-group; } }
";

#[cfg(test)]
mod tests {
    use super::money;
    use rust_decimal::Decimal;

    #[test]
    fn amounts_read_easily() {
        let text = |units, scale| money(Decimal::new(units, scale));
        assert_eq!(text(123_456_789, 2), "1 234 567.89");
        assert_eq!(text(-1_000, 0), "-1 000.00");
        assert_eq!(text(5, 1), "0.50");
        assert_eq!(text(0, 0), "0.00");
        assert_eq!(text(999_125, 3), "999.125");
    }
}
