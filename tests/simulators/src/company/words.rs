//! Invented names, places and goods.

/// Where suppliers sit, and how things are called there.
pub(super) struct Country {
    pub(super) code: &'static str,
    pub(super) currency: &'static str,
    pub(super) vat_group: &'static str,
    pub(super) phone: &'static str,
    pub(super) company_forms: &'static [&'static str],
    /// City and its postal code.
    pub(super) cities: &'static [(&'static str, &'static str)],
    pub(super) streets: &'static [&'static str],
    pub(super) first_names: &'static [&'static str],
    pub(super) last_names: &'static [&'static str],
}

/// Code, currency, tax group and telephone prefix; company forms; cities; streets; first and last names.
const fn country(
    (code, currency, vat_group, phone): (&'static str, &'static str, &'static str, &'static str),
    company_forms: &'static [&'static str],
    cities: &'static [(&'static str, &'static str)],
    streets: &'static [&'static str],
    (first_names, last_names): (&'static [&'static str], &'static [&'static str]),
) -> Country {
    Country { code, currency, vat_group, phone, company_forms, cities, streets, first_names, last_names }
}

pub(super) const COUNTRIES: [Country; 8] = [
    country(
        ("DE", "EUR", "I19", "+49"),
        &["GmbH", "GmbH & Co. KG", "AG", "OHG"],
        &[
            ("Berlin", "10115"),
            ("Hamburg", "20095"),
            ("Köln", "50667"),
            ("Leipzig", "04109"),
            ("Münster", "48143"),
        ],
        &["Hafenstraße", "Industrieweg", "Am Kanal", "Bahnhofstraße", "Lindenallee"],
        (
            &["Anke", "Jörg", "Katrin", "Sven", "Ute", "Malte"],
            &["Petersen", "Böhm", "Krüger", "Falk", "Sommer", "Weiß"],
        ),
    ),
    country(
        ("FR", "EUR", "IEU", "+33"),
        &["SARL", "SAS", "SA"],
        &[("Lyon", "69002"), ("Lille", "59000"), ("Nantes", "44000")],
        &["Rue du Port", "Avenue de la Gare", "Rue des Tilleuls"],
        (&["Élodie", "Luc", "Camille", "Hugo"], &["Moreau", "Lefèvre", "Girard", "Blanc"]),
    ),
    country(
        ("NL", "EUR", "IEU", "+31"),
        &["B.V.", "N.V."],
        &[("Rotterdam", "3011 AA"), ("Utrecht", "3511 AB"), ("Eindhoven", "5611 AC")],
        &["Havenweg", "Stationsplein", "Kerkstraat"],
        (&["Sanne", "Daan", "Femke", "Bram"], &["de Vries", "Jansen", "Bakker", "van Dijk"]),
    ),
    country(
        ("IT", "EUR", "IEU", "+39"),
        &["S.r.l.", "S.p.A."],
        &[("Torino", "10121"), ("Bologna", "40121"), ("Verona", "37121")],
        &["Via Roma", "Viale dei Mille", "Via del Porto"],
        (&["Giulia", "Marco", "Chiara", "Paolo"], &["Conti", "Ricci", "Greco", "D'Amico"]),
    ),
    country(
        ("PL", "EUR", "IEU", "+48"),
        &["Sp. z o.o.", "S.A."],
        &[("Poznań", "60-101"), ("Gdańsk", "80-001"), ("Łódź", "90-001")],
        &["ul. Portowa", "ul. Lipowa", "ul. Fabryczna"],
        (&["Agnieszka", "Piotr", "Zofia", "Marek"], &["Nowak", "Wójcik", "Mazur", "Zając"]),
    ),
    country(
        ("GB", "GBP", "I0", "+44"),
        &["Ltd", "plc", "LLP"],
        &[("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR"), ("Dundee", "DD1 3JA")],
        &["Harbour Road", "Station Street", "Mill Lane"],
        (&["Ruth", "Colin", "Aisha", "Owen"], &["Fletcher", "Hughes", "O'Neil", "Marsh"]),
    ),
    country(
        ("US", "USD", "I0", "+1"),
        &["Inc.", "LLC", "Corp."],
        &[("Cleveland", "44101"), ("Portland", "97201"), ("Austin", "73301")],
        &["Lake Avenue", "Commerce Drive", "2nd Street"],
        (&["Dana", "Miguel", "Grace", "Todd"], &["Walker", "Ortiz", "Nguyen", "Reed"]),
    ),
    country(
        ("CH", "CHF", "I0", "+41"),
        &["AG", "Sàrl"],
        &[("Basel", "4051"), ("Winterthur", "8400")],
        &["Rheinweg", "Bundesgasse"],
        (&["Urs", "Noëmi", "Reto"], &["Zbinden", "Favre", "Brunner"]),
    ),
];

/// Out of a hundred suppliers, how many sit in each of [`COUNTRIES`].
pub(super) const SHARES: [u64; 8] = [44, 13, 11, 9, 7, 7, 6, 3];

pub(super) const FAMILIES: [&str; 30] = [
    "Albrecht",
    "Bellmann",
    "Corvin",
    "Dornbusch",
    "Elmhurst",
    "Faber",
    "Grindel",
    "Havel",
    "Ingram",
    "Jorvik",
    "Kestrel",
    "Lorenz",
    "Marwood",
    "Nordhoff",
    "Ostermann",
    "Pellegrin",
    "Quantz",
    "Rosendal",
    "Stellan",
    "Tarnow",
    "Ulmer",
    "Valdek",
    "Wendland",
    "Xanten",
    "Yarrow",
    "Zellner",
    "Brightwater",
    "Castellan",
    "Moorfield",
    "Silberberg",
];

pub(super) const TRADES: [&str; 16] = [
    "Packaging",
    "Fasteners",
    "Office Supply",
    "Electrics",
    "Logistics",
    "Tools",
    "Safety Wear",
    "Chemicals",
    "Metalworks",
    "Paper",
    "Hydraulics",
    "Software",
    "Facility Services",
    "Lighting",
    "Plastics",
    "Timber",
];

/// Code, name, unit, price in cents, whether the reduced tax applies.
pub(super) const ITEMS: [(&str, &str, &str, i64, bool); 24] = [
    ("A00001", "Laser printer, A4", "pcs", 21_990, false),
    ("A00002", "Toner cartridge, black", "pcs", 6_445, false),
    ("A00003", "Copy paper, 80 g, 500 sheets", "box", 489, false),
    ("A00004", "Shipping carton 400×300×200", "pcs", 117, false),
    ("A00005", "Euro pallet", "pal", 1_450, false),
    ("A00006", "Stretch film, 23 µm", "pcs", 899, false),
    ("A00007", "Hex bolt M8×40, zinc-plated", "box", 1_275, false),
    ("A00008", "Washer M8, stainless", "box", 540, false),
    ("A00009", "Safety gloves, size 9", "pcs", 385, false),
    ("A00010", "Safety helmet, white", "pcs", 1_890, false),
    ("A00011", "LED panel 60×60", "pcs", 3_999, false),
    ("A00012", "Cable NYM-J 3×1.5", "m", 73, false),
    ("A00013", "Hydraulic hose 1/2\"", "m", 1_134, false),
    ("A00014", "Grease, multipurpose", "kg", 1_021, false),
    ("A00015", "Cordless drill, 18 V", "pcs", 14_900, false),
    ("A00016", "Drill bit set, HSS", "pcs", 2_755, false),
    ("A00017", "Absorbent granulate", "kg", 212, false),
    ("A00018", "Plywood sheet 18 mm", "pcs", 4_633, false),
    ("A00019", "Label roll 100×150", "pcs", 1_599, false),
    ("A00020", "Technical handbook", "pcs", 5_900, true),
    ("A00021", "Safety journal, yearly", "pcs", 8_400, true),
    ("A00022", "Drinking water, 6×1.5 l", "box", 333, true),
    ("A00023", "Bearing 6204-2RS", "pcs", 617, false),
    ("A00024", "Conveyor belt, rubber", "m", 8_745, false),
];

/// What is done, its account, and its price in cents.
pub(super) const SERVICES: [(&str, &str, i64); 8] = [
    ("Consulting, monthly fee", "640000", 480_000),
    ("Software subscription", "650000", 129_900),
    ("Repair of forklift", "630000", 61_250),
    ("Window cleaning", "630000", 38_000),
    ("Electricity, warehouse 01", "660000", 274_318),
    ("Freight, groupage", "610000", 19_975),
    ("Calibration of scales", "630000", 24_500),
    ("Training, work at heights", "640000", 91_500),
];
