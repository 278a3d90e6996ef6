use super::*;
use Adopt::{ByMark, ByNumber};

#[test]
fn an_empty_file_and_the_example_are_the_defaults() {
    assert_eq!(Mapping::parse("").unwrap(), Mapping::default());
    assert_eq!(Mapping::parse(EXAMPLE).unwrap(), Mapping::default());
    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let settings: Vec<&str> = EXAMPLE.lines().filter(is_setting).map(|line| &line[1..]).collect();
    assert!(settings.len() > 40);
    assert_eq!(Mapping::parse(&settings.join("\n")).unwrap(), Mapping::default());
}

#[test]
fn the_example_in_the_documentation_can_be_used() {
    let page = include_str!("../../../../docs/mapping.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_ne!(Mapping::parse(example).unwrap(), Mapping::default());
}

#[test]
fn the_defaults_adopt_suppliers_by_number_and_documents_by_mark() {
    let adopt = |mapping: &Mapping| ObjectKind::ALL.map(|kind| mapping.adopt(kind));
    assert_eq!(adopt(&Mapping::default()), [ByNumber, ByMark, ByMark, ByMark, ByMark]);
    let file = "[adopt]\nsuppliers = \"by_mark\"\ninvoices = \"by_number\"";
    assert_eq!(adopt(&Mapping::parse(file).unwrap()), [ByMark, ByMark, ByNumber, ByMark, ByMark]);
}

#[test]
fn tables_can_be_checked_against_master_data() {
    let mapping = Mapping::parse("[units]\nStk = \"EA\"\non_missing = \"fail\"").unwrap();
    let units = mapping.table(Table::Units);
    assert_eq!(units.get("Stk"), Some("EA"));
    assert_eq!(units.entries().len(), 1);
    assert!(units.fails_on_missing());
    for table in Table::ALL {
        let file = format!("[{}]\nA = \"B\"", table.name());
        assert_eq!(Mapping::parse(&file).unwrap().table(table).get("A"), Some("B"));
    }
}

/// What is wrong, in which line, and what is allowed.
#[test]
fn each_mistake_is_told_with_its_line() {
    let cases: &[(&str, usize, &[&str])] = &[
        ("[payment_term]\n", 1, &["unknown table `payment_term`", "`payment_terms`"]),
        ("\n\nunit = 3", 3, &["unknown table `unit`", "`units`"]),
        ("units = \"EA\"", 1, &["`units` must be a table", "[units]"]),
        ("[units]\nStk = 3", 2, &["`Stk` must be a text"]),
        ("[units]\nStk = \" \"", 2, &["`Stk` is empty"]),
        ("[units]\non_missing = \"skip\"", 2, &["skip", "\"pass\"", "\"fail\""]),
        ("[segments]\n\nAcountCode = \"segment-1\"", 3, &["`AcountCode`", "`AccountCode`"]),
        ("[segments]\nAccountCode = \"segment-21\"", 2, &["segment-21", "segment-1", "segment-20"]),
        ("[segments]\nAccountCode = \"segment-0\"", 2, &["segment-0", "segment-1", "segment-20"]),
        ("[segments]\nAccountCode = \"first\"", 2, &["first", "segment-20"]),
        (
            "[segments]\nAccountCode = \"segment-1\"\nProjectCode = \"segment-1\"",
            3,
            &["AccountCode", "ProjectCode"],
        ),
        ("[custom_fields]\n\"U_A,U_B\" = \"x\"", 2, &["U_A,U_B", "letters"]),
        ("[custom_fields]\n\"\" = \"x\"", 2, &["no member of SAP's"]),
        ("[custom_fields]\nU_A = \"x\"\nU_B = \"x\"", 3, &["U_A", "U_B", "\"x\""]),
        ("[custom_fields.supplier]\nU_A = \"x\"", 1, &["`supplier`", "`suppliers`"]),
        ("[custom_fields.payments]\nU_A = \"x\"", 1, &["unknown object `payments`"]),
        ("[numbers]\ninvoices = \"{DocNum}\"", 2, &["`invoices`", "`invoice`"]),
        ("[numbers]\ninvoice = \"{DocNumber}\"", 2, &["{DocNumber}", "{DocNum}", "{NumAtCard}"]),
        ("[numbers]\ninvoice = \"INV\"", 2, &["INV", "same number"]),
        ("[numbers]\ninvoice = \"{DocNum\"", 2, &["brace"]),
        ("[numbers]\ninvoice = \"DocNum}\"", 2, &["brace"]),
        ("[differences]\nroundings = \"line\"", 2, &["`roundings`", "`rounding`"]),
        ("[differences]\nrounding = \"ignore\"", 2, &["ignore", "\"line\", \"charge\", \"fail\""]),
        ("[credit_notes]\noriginals = \"self\"", 2, &["`originals`", "`original`"]),
        ("[credit_notes]\noriginal = \"own\"", 2, &["own", "\"fail\", \"self\""]),
        ("[adopt]\npayments = \"by_mark\"", 2, &["unknown key `payments`"]),
        ("[adopt]\ninvoices = \"never\"", 2, &["never", "\"by_mark\", \"by_number\""]),
        ("[purchase_orders]\nmatchtype = \"none\"", 2, &["`matchtype`", "`match_type`"]),
        ("[purchase_orders]\nmatch_type = \"4-way\"", 2, &["4-way", "\"3-way-direct\""]),
        ("[suppliers]\npo_methods = \"email\"", 2, &["`po_methods`", "`po_method`"]),
        ("[suppliers]\npo_method = \"fax\"", 2, &["fax", "\"prompt\""]),
        ("[suppliers]\npayment_method = \"cash\"", 2, &["cash", "\"virtual_card\""]),
        ("[units]\nStk = \"EA\"\nStk = \"PC\"", 3, &["duplicate"]),
        ("[units\n", 1, &[]),
    ];
    for (file, line, words) in cases {
        let error = Mapping::parse(file).unwrap_err();
        assert_eq!(error.line, *line, "{file}: {error}");
        assert!(error.to_string().starts_with(&format!("line {line}: ")));
        for word in *words {
            assert!(error.message.contains(word), "no `{word}` in: {error}");
        }
    }
}

#[test]
fn what_is_said_twice_is_no_mistake_and_every_segment_can_be_filled() {
    let twice = "[custom_fields]\nU_A = \"x\"\n[custom_fields.invoices]\nU_A = \"x\"";
    assert_eq!(Mapping::parse(twice).unwrap().extra_members(ObjectKind::Invoice), ["U_A"]);
    for segment in ["segment-1", "segment-20"] {
        let world = World::with(&format!("[segments]\nAccountCode = \"{segment}\""));
        assert_eq!(world.order(&printers()).unwrap().lines[0].body["account"][segment], "140000");
    }
}

#[test]
fn the_first_mistake_in_the_file_is_told() {
    let error = Mapping::parse("[units]\nZ = 1\nA = 1\n[adopt]\nx = 1").unwrap_err();
    assert_eq!(error.line, 2);
}
