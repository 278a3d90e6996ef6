//! The file in which a person decides: one pair a line, as spreadsheets read and write it.

use super::Proposal;
use crate::{CliError, CliResult};
use model::CoupaId;
use pipeline::Join;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A line of the file. What a person doesn't need to decide may be left out when it is read back.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    decision: String,
    card_code: String,
    coupa_id: u64,
    #[serde(default)]
    because: String,
    #[serde(default)]
    names_alike_percent: String,
    #[serde(default)]
    sap_name: String,
    #[serde(default)]
    coupa_name: String,
    #[serde(default)]
    sap_tax_id: String,
    #[serde(default)]
    coupa_tax_id: String,
    #[serde(default)]
    sap_country: String,
    #[serde(default)]
    coupa_country: String,
    #[serde(default)]
    coupa_number: String,
}

pub(super) fn write(path: &Path, proposals: &[Proposal]) -> CliResult<()> {
    let failed = |error: csv::Error| {
        CliError::new(format!("{} can't be written: {error}", path.display()))
            .help("Check that the folder is there and may be written to.")
    };
    let mut file = csv::Writer::from_path(path).map_err(failed)?;
    for one in proposals {
        let line = Line {
            decision: String::new(),
            card_code: one.card_code.clone(),
            coupa_id: one.coupa_id.0,
            because: one.because.name().to_owned(),
            names_alike_percent: one.likeness.to_string(),
            sap_name: harmless(&one.sap.name),
            coupa_name: harmless(&one.coupa.name),
            sap_tax_id: harmless(&one.sap.tax_id),
            coupa_tax_id: harmless(&one.coupa.tax_id),
            sap_country: one.sap.country.clone(),
            coupa_country: one.coupa.country.clone(),
            coupa_number: harmless(&one.coupa.number),
        };
        file.serialize(line).map_err(failed)?;
    }
    file.flush().map_err(|error| failed(error.into()))
}

/// A spreadsheet takes such a text for a formula, and it comes from whoever could enter a supplier.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The pairs that a person says are the same. Spreadsheets of some countries write `;` for `,`.
pub(super) fn decisions(path: &Path) -> CliResult<Vec<Join>> {
    let failed = |what: String| {
        CliError::new(format!("{}: {what}", path.display())).help(
            "Use a file that `b1-coupa suppliers match --csv FILE` wrote, with yes or no under `decision`.",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}');
    let heading = text.lines().next().unwrap_or_default();
    let delimiter = if heading.contains(';') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut joins = vec![];
    for (at, line) in reader.deserialize::<Line>().enumerate() {
        let line = line.map_err(|error| failed(error.to_string()))?;
        match line.decision.to_lowercase().as_str() {
            "yes" | "y" => joins.push(Join { card_code: line.card_code, coupa_id: CoupaId(line.coupa_id) }),
            "no" | "n" | "" => {}
            other => {
                return Err(failed(format!("the decision in line {} is `{other}`, not yes or no", at + 2)));
            }
        }
    }
    Ok(joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_from_another_countrys_spreadsheet_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        std::fs::write(&path, "\u{feff}decision;card_code;coupa_id\r\nYES;V1;7\r\n;V2;8\r\nno;V3;9\r\n")
            .unwrap();
        let joins = decisions(&path).unwrap();
        assert_eq!(joins, [Join { card_code: "V1".to_owned(), coupa_id: CoupaId(7) }]);
        std::fs::write(&path, "decision,card_code,coupa_id\nperhaps,V1,7\n").unwrap();
        let error = decisions(&path).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn no_name_is_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("Acme"), "Acme");
    }
}
