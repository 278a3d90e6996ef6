use super::*;
use model::ObjectKind;

const MINIMAL: &str = r#"
[sap]
service_layer_url = "https://sap.example.local:50000"
company_db = "SBODEMOUS"
user = "coupa_sync"
[coupa]
url = "https://acme.coupahost.com"
client_id = "abc"
ship_to_user = "buyer@acme.example"
chart_of_accounts = "Main COA"
[sync]
start_date = "2026-01-01"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("etc/b1-coupa.toml"))
}

/// The minimal file with a line replaced by others.
fn with(line_start: &str, new: &str) -> Result<Config, ConfigError> {
    let line = MINIMAL.lines().find(|line| line.starts_with(line_start)).unwrap();
    parse(&MINIMAL.replace(line, new))
}

fn wrong(line_start: &str, new: &str) -> ConfigError {
    let error = with(line_start, new).unwrap_err();
    assert_eq!(error.file, Path::new("etc/b1-coupa.toml"));
    assert!(!error.help.is_empty(), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
    error
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.sap.odata_version, OdataVersion::V2);
    assert_eq!((config.sap.page_size, config.sap.max_parallel_requests), (100, 4));
    assert!(config.sap.ca_file.is_none() && config.sap.spki_sha256.is_empty());
    assert_eq!(config.coupa.api_version.as_deref(), Some("44"));
    assert_eq!(config.coupa.requests_per_second.to_string(), "20");
    assert_eq!((config.coupa.request_timeout_seconds, config.coupa.max_arrival_delay_seconds), (30, 60));
    assert_eq!(config.sync.objects, ObjectKind::ALL);
    assert_eq!(config.sync.poll_interval.to_string(), "5m");
    assert_eq!(config.sync.payment_rescan.to_string(), "90d");
    assert_eq!(config.sync.waiting_limit.to_string(), "30d");
    assert_eq!(config.store.path, Path::new("etc/b1-coupa.db"));
    assert!(config.mapping.file.is_none() && !config.coupa.bypass_approvals);
}

#[test]
fn every_key_can_be_written() {
    let config = parse(
        r#"
        [sap]
        service_layer_url = "https://sap.example.local:50000"
        company_db = "SBODEMOUS"
        user = "coupa_sync"
        connect_to = "10.99.0.2"
        ca_file = "service-layer.pem"
        odata_version = "v1"
        page_size = 20
        max_parallel_requests = 2
        [coupa]
        url = "https://acme.coupahost.com"
        client_id = "abc"
        api_version = ""
        requests_per_second = 0.5
        request_timeout_seconds = 10
        max_arrival_delay_seconds = 0
        ship_to_user = "buyer@acme.example"
        ship_to_address = "MAIN"
        chart_of_accounts = "Main COA"
        reopen_reason = "LATE"
        bypass_approvals = true
        [sync]
        objects = ["payments", "suppliers"]
        start_date = 2026-01-01
        poll_interval = "90s"
        payment_rescan = "30d"
        waiting_limit = "7d"
        workers = 4
        [store]
        path = "/var/lib/b1-coupa/b1-coupa.db"
        [mapping]
        file = "maps/mapping.toml"
        [reconcile]
        nightly = "off"
        folder = "/var/lib/b1-coupa/certificates"
        [audit]
        personal = ["primary-contact"]
        [guardrail]
        enabled = false
        changes = 50
        share_percent = 5
        cancellations = 10
        "#,
    )
    .unwrap();
    assert_eq!((config.reconcile.nightly, config.guardrail.changes), (None, 50));
    assert_eq!(config.sap.ca_file.as_deref(), Some(Path::new("etc/service-layer.pem")));
    assert_eq!(config.sap.odata_version, OdataVersion::V1);
    assert_eq!(config.coupa.api_version, None);
    assert_eq!(config.coupa.requests_per_second.to_string(), "0.5");
    assert_eq!(config.sync.objects, [ObjectKind::Supplier, ObjectKind::Payment]);
    assert_eq!(config.sync.start_date.to_string(), "2026-01-01");
    assert_eq!(config.store.path, Path::new("/var/lib/b1-coupa/b1-coupa.db"));
    assert_eq!(config.mapping.file.as_deref(), Some(Path::new("etc/maps/mapping.toml")));
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    for (section, line, key, near) in [
        ("user", "pagesize = 5", "pagesize", "Did you mean `page_size`?"),
        ("user", "companydb = \"x\"", "companydb", "Did you mean `company_db`?"),
        ("start_date", "poll-interval = \"5m\"", "poll-interval", "Did you mean `poll_interval`?"),
        ("client_id", "request_per_second = 2", "request_per_second", "Did you mean `requests_per_second`?"),
        ("user", "client_id = \"x\"", "client_id", "`client_id` belongs under [coupa]."),
        ("user", "poll_intervall = \"5m\"", "poll_intervall", "Did you mean `poll_interval` under [sync]?"),
        ("user", "xyz = 1", "xyz", "Known keys of [sap]: service_layer_url, connect_to, company_db"),
    ] {
        let old = MINIMAL.lines().find(|line| line.starts_with(section)).unwrap();
        let error = wrong(section, &format!("{old}\n{line}"));
        let line = MINIMAL.lines().position(|line| line == old).unwrap() + 2;
        assert_eq!(error.line, Some(line), "{error}");
        assert!(error.message.contains(&format!("unknown key `{key}`")), "{error}");
        assert!(error.help.starts_with(near), "{}", error.help);
    }
}

#[test]
fn unknown_sections_and_loose_keys_are_errors() {
    let error = parse(&format!("{MINIMAL}[stores]\npath = \"x\"\n")).unwrap_err();
    assert!(error.message.contains("[stores]") && error.help.contains("[store]"), "{error}");
    let error = parse(&format!("{MINIMAL}[aws]\n")).unwrap_err();
    assert!(error.help.contains("[sap], [coupa]"), "{}", error.help);
    let error = parse(&format!("page_size = 5\n{MINIMAL}")).unwrap_err();
    assert_eq!(error.line, Some(1));
    assert!(error.help.contains("under [sap]"), "{}", error.help);
    let error = parse(&format!("store = \"x.db\"\n{MINIMAL}")).unwrap_err();
    assert!(error.message.contains("is a section"), "{error}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for (section, line, which) in [
        ("user", "password = \"geheim\"", "sap-password"),
        ("client_id", "client_secret = \"geheim\"", "coupa-client-secret"),
        ("client_id", "client-secret = \"geheim\"", "coupa-client-secret"),
        ("user", "sap_password = \"geheim\"", "sap-password"),
    ] {
        let error = wrong(section, &format!("{line}\n{section} = \"x\""));
        assert!(error.help.contains(&format!("b1-coupa secrets set {which}")), "{}", error.help);
        assert!(!format!("{error}{}", error.help).contains("geheim"), "{error}");
    }
}

#[test]
fn a_wrong_value_says_what_where_and_what_to_do() {
    for (line, new, what, help) in [
        ("user", "user = \"x\"\npage_size = \"many\"", "`page_size`", "Write it as"),
        ("user", "user = \"x\"\npage_size = 0", "`page_size`: 0 is out of range", "from 1 to 1000"),
        ("user", "user = \"x\"\npage_size = -5", "`page_size`: -5 is out of range", "from 1 to 1000"),
        ("user", "user = \"x\"\nodata_version = \"v3\"", "`odata_version`: `v3`", "\"v2\""),
        ("user", "user = \"x\"\nspki_sha256 = [\"abc\"]", "`spki_sha256`: `abc`", "44 letters"),
        ("user", "user = \"x\"\nspki_sha256 = []", "`spki_sha256`: 0 public keys", "Pin one"),
        ("user", "user = \"\"", "`user`: it is empty", "Fill it in"),
        ("company_db", "company_db = \"a/b\"", "`company_db`: `a/b`", "SBODEMOUS"),
        ("service_layer_url", "service_layer_url = \"http://10.0.0.5\"", "plain http", "https://"),
        (
            "client_id",
            "client_id = \"x\"\nrequests_per_second = 0",
            "`requests_per_second`: 0 is",
            "20 or 0.5",
        ),
        ("client_id", "client_id = \"x\"\nrequests_per_second = -1.5", "-1.5 is", "20 or 0.5"),
        ("client_id", "client_id = \"x\"\nrequests_per_second = nan", "NaN is", "20 or 0.5"),
        ("client_id", "client_id = \"x\"\nrequests_per_second = \"20\"", "a string is", "20 or 0.5"),
        ("client_id", "client_id = \"x\"\napi_version = \"R39\"", "`api_version`: `R39`", "\"44\""),
        ("start_date", "start_date = \"01.01.2026\"", "`start_date`: `01.01.2026`", "\"2026-01-01\""),
        ("start_date", "start_date = \"2026-02-30\"", "`start_date`: `2026-02-30`", "\"2026-01-01\""),
        ("start_date", "start_date = 2026", "`start_date`: `a integer`", "\"2026-01-01\""),
        ("start_date", "start_date = \"2026-01-01\"\npoll_interval = 5", "`poll_interval`: `5`", "\"5m\""),
        ("start_date", "start_date = \"2026-01-01\"\nobjects = []", "`objects`: no object", "suppliers"),
        ("start_date", "start_date = \"2026-01-01\"\nobjects = [\"invoice_s\"]", "`invoice_s`", "`invoices`"),
        (
            "start_date",
            "start_date = \"2026-01-01\"\nworkers = 0",
            "`workers`: 0 is out of range",
            "1 to 256",
        ),
    ] {
        let error = wrong(line, new);
        assert!(error.message.contains(what), "{new}: {error}");
        assert!(error.help.contains(help), "{new}: {}", error.help);
        let key_line =
            new.lines().count() - 1 + MINIMAL.lines().position(|old| old.starts_with(line)).unwrap() + 1;
        assert_eq!(error.line, Some(key_line), "{new}: {error}");
    }
}

#[test]
fn two_ways_of_trust_are_one_too_many() {
    let pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let error = wrong("user", &format!("user = \"x\"\nca_file = \"ca.pem\"\nspki_sha256 = [\"{pin}\"]"));
    assert_eq!(error.line, Some(7), "{error}");
    let config = with("user", &format!("user = \"x\"\nspki_sha256 = [\"{pin}\", \"{pin}\"]")).unwrap();
    assert_eq!(config.sap.spki_sha256, [pin.parse().unwrap(), format!("sha256//{pin}").parse().unwrap()]);
    assert!(with("user", &format!("user = \"x\"\nspki_sha256 = [\"{pin}\", \"{pin}\", \"{pin}\"]")).is_err());
}

#[test]
fn what_is_missing_is_named() {
    let error = wrong("company_db", "");
    assert_eq!(error.message, "[sap] lacks the key `company_db`");
    let error = wrong("start_date", "");
    assert_eq!(error.message, "[sync] lacks the key `start_date`");
    let error =
        parse("[sap]\nservice_layer_url = \"https://x\"\ncompany_db = \"A\"\nuser = \"u\"\n").unwrap_err();
    assert_eq!((error.message.as_str(), error.line), ("the section [coupa] is missing", None));
    let error = parse("").unwrap_err();
    assert_eq!(error.message, "the section [sap] is missing");
}

#[test]
fn broken_toml_says_where() {
    let error = parse("[sap]\nuser = \n").unwrap_err();
    assert_eq!(error.line, Some(2), "{error}");
    let error = parse("[sap]\nuser = \"a\"\nuser = \"b\"\n").unwrap_err();
    assert_eq!(error.line, Some(3), "{error}");
}

#[test]
fn a_missing_file_points_to_init() {
    let error = Config::load(Path::new("/nonexistent/b1-coupa.toml")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/b1-coupa.toml"), "{error}");
    assert!(error.help.contains("b1-coupa init"), "{}", error.help);
}

#[test]
fn the_template_reads_back_and_shows_the_true_defaults() {
    let plain = parse(&template(2026)).unwrap();
    let all: String = template(2026)
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest.contains(" = ")
                    && !rest.starts_with("connect_to")
                    && !rest.starts_with("ca_file")
                    && !rest.starts_with("spki_sha256")
                    && !rest.starts_with("series")
                    && !rest.starts_with("card_code")
                    && !rest.starts_with("keep_payloads")
                    && !["email_to", "email_from", "smtp_host", "webhook_url"]
                        .iter()
                        .any(|key| rest.starts_with(key))
                    && !["listen", "certificate_file", "key_file", "url"]
                        .iter()
                        .any(|key| rest.starts_with(key)) =>
            {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let mut spelled_out = parse(&all).unwrap();
    assert_eq!(spelled_out.mapping.file.take().as_deref(), Some(Path::new("etc/mapping.toml")));
    assert_eq!(format!("{plain:?}"), format!("{spelled_out:?}"));
    assert_eq!(plain.sync.start_date.to_string(), "2026-01-01");
    for (section, keys) in keys::sections() {
        assert!(all.contains(&format!("[{section}]")));
        for key in keys {
            assert!(
                template(2026).contains(&format!("\n{key} = "))
                    || template(2026).contains(&format!("\n# {key} = ")),
                "{key}"
            );
        }
    }
}

#[test]
fn suppliers_go_both_ways_and_are_created_in_sap_only_by_leave() {
    let plain = parse(MINIMAL).unwrap().suppliers;
    assert!(plain.from_coupa && !plain.create_in_sap && plain.create_filter.is_empty());
    assert_eq!(plain.coupa_id_field.as_deref(), Some("U_CoupaId"));
    let section = r#"
        [suppliers]
        create_in_sap = true
        create_filter = ["commodity[name]=Office", "custom_fields[erp]=SAP"]
        card_code = "C{id}"
        coupa_id_field = ""
        new_partner = { GroupCode = 101, BPPaymentMethods = [{ PaymentMethodCode = "OUT-SEPA" }] }
    "#;
    let suppliers = parse(&format!("{MINIMAL}{section}")).unwrap().suppliers;
    assert_eq!(suppliers.create_filter[0], ("commodity[name]".to_owned(), "Office".to_owned()));
    assert_eq!((suppliers.coupa_id_field, suppliers.new_partner.len()), (None, 2));
    for wrong in [
        "from_coupa = false\ncreate_in_sap = true",
        "card_code = \"C\"",
        "create_filter = [\"Office\"]",
        "coupa_id_field = \"CoupaId\"",
    ] {
        let error = parse(&format!("{MINIMAL}\n[suppliers]\n{wrong}\n")).unwrap_err();
        assert!(!error.help.is_empty(), "{wrong}: {error}");
    }
}

#[test]
fn a_detour_needs_a_name_and_https() {
    let config = with("user", "user = \"coupa_sync\"\nconnect_to = \"10.99.0.2\"").unwrap();
    assert_eq!(config.sap.connect_to.unwrap().to_string(), "10.99.0.2");
    let error = wrong("user", "user = \"coupa_sync\"\nconnect_to = \"10.99.0.2:50000\"");
    assert!(error.to_string().contains("no address") && error.help.contains("port"), "{error}");
    for url in ["https://10.0.0.5:50000", "https://[::1]:50000", "http://localhost:50000"] {
        let lines = format!("service_layer_url = \"{url}\"\nconnect_to = \"10.99.0.2\"");
        assert!(wrong("service_layer_url", &lines).to_string().contains("a name"), "{url}");
    }
}

#[test]
fn a_webhook_is_signed_unless_the_config_says_otherwise() {
    let webhook = |lines: &str| parse(&format!("{MINIMAL}[webhook]\n{lines}\n")).map(|config| config.webhook);
    assert_eq!(parse(MINIMAL).unwrap().webhook.algorithm, WebhookAlgorithm::HmacSha256);
    for (text, algorithm) in [
        ("HMACSha256", WebhookAlgorithm::HmacSha256),
        ("hmacsha384", WebhookAlgorithm::HmacSha384),
        ("HMACSHA512", WebhookAlgorithm::HmacSha512),
        ("Bearer", WebhookAlgorithm::Bearer),
    ] {
        assert_eq!(webhook(&format!("algorithm = \"{text}\"")).unwrap().algorithm, algorithm, "{text}");
    }
    let basic = webhook("algorithm = \"Basic\"\nuser = \"sap\"").unwrap();
    assert_eq!((basic.algorithm, basic.user.as_deref()), (WebhookAlgorithm::Basic, Some("sap")));
    for lines in ["algorithm = \"MD5\"", "algorithm = \"Basic\"", "user = \"sap\""] {
        assert!(webhook(lines).unwrap_err().line.is_some(), "{lines}");
    }
}

#[test]
fn who_is_told_needs_all_that_it_takes_to_tell_them() {
    const MAIL: &str = "email_to = [\"Ops <ops@acme.example>\"]\nemail_from = \"b1@acme.example\"";
    let section = |lines: &str| {
        parse(&format!("{MINIMAL}[notifications]\n{lines}\n")).map(|config| config.notifications)
    };
    let plain = parse(MINIMAL).unwrap().notifications;
    assert!(plain.email_to.is_empty() && plain.webhook_url.is_none());
    assert_eq!((plain.smtp_port, plain.smtp_security), (587, SmtpSecurity::StartTls));
    assert_eq!(plain.pause.to_string(), "1h");
    let mail =
        section(&format!("{MAIL}\nsmtp_host = \"mail.acme.example\"\nsmtp_security = \"TLS\"")).unwrap();
    assert_eq!((mail.email_to.len(), mail.smtp_security), (1, SmtpSecurity::Tls));
    section(&format!("{MAIL}\nsmtp_host = \"127.0.0.1\"\nsmtp_security = \"none\"")).unwrap();
    section("webhook_url = \"http://127.0.0.1:8080/x\"\npause = \"15m\"").unwrap();
    for (lines, what) in [
        (MAIL, "`email_to` under [notifications] needs `smtp_host`"),
        ("email_to = [\"a@b\"]\nsmtp_host = \"mail\"", "needs `email_from`"),
        ("smtp_host = \"mail\"", "nobody is named"),
        ("smtp_user = \"x\"", "needs `smtp_host`"),
        ("email_to = [\"ops\"]", "`ops` is no mail address"),
        ("email_to = [\"ops @acme.example\"]", "is no mail address"),
        ("smtp_security = \"ssl\"", "`ssl`"),
        ("smtp_port = 0", "out of range"),
        ("webhook_url = \"http://hooks.acme.example\"", "plain http"),
        ("webhook_url = \"https://u:geheim@hooks.acme.example\"", "user or password"),
        ("pause = 5", "no length of time"),
        ("smtp_password = \"geheim\"", "is a secret"),
        ("webhook_secret = \"geheim\"", "is a secret"),
        ("email = \"x\"", "unknown key `email`"),
    ] {
        let error = section(lines).unwrap_err();
        assert!(error.message.contains(what) && error.line.is_some(), "{lines}: {error}");
        assert!(!error.help.is_empty() && !format!("{error}{}", error.help).contains("geheim"), "{error}");
    }
    let error = section(&format!("{MAIL}\nsmtp_host = \"mail\"\nsmtp_security = \"none\"")).unwrap_err();
    assert!(error.message.contains("in plain") && error.help.contains("starttls"), "{error}");
    let error = section("smtp_password = \"geheim\"").unwrap_err();
    assert!(error.help.contains("secrets set smtp-password"), "{}", error.help);
}
