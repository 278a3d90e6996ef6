//! What a person must mend is told, once.

use crate::{
    process::{Ended, Running},
    sinks::{HttpSink, MAIL_PASSWORD, MAIL_USER, Mail, Posted, Security, SmtpSink, certificate, free_port},
    world::{World, wait_at_most, wait_until},
};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use simulators::sap::DocumentKind;
use std::{path::PathBuf, process::Command, time::Duration};

const KEY: &str = "a key for notifications";

/// A world with people to be told by mail, webhook or both, at these ports.
pub(super) struct Told {
    pub(super) world: World,
    /// The file of the one certificate that is trusted, where it isn't the machine that says.
    certificate: Option<PathBuf>,
}

impl Told {
    pub(super) fn new(mail: Option<u16>, webhook: Option<u16>) -> Self {
        let mut world = World::new();
        let mail = mail.map_or_else(String::new, |port| {
            format!(
                "email_to = [\"Ops <ops@acme.example>\", \"cfo@acme.example\"]\nemail_from = \"b1@acme.example\"\n\
                 smtp_host = \"localhost\"\nsmtp_port = {port}\nsmtp_user = \"{MAIL_USER}\"\n"
            )
        });
        let webhook = webhook
            .map_or_else(String::new, |port| format!("webhook_url = \"http://127.0.0.1:{port}/hooks/b1\"\n"));
        world.configure("[sync]", &format!("[notifications]\n{mail}{webhook}\n[sync]"));
        world.supplier("V1");
        Self { world, certificate: None }
    }

    /// Trusts this certificate besides nothing else.
    fn trusting(mut self, pem: &str) -> Self {
        let file = self.world.folder().join("mail.pem");
        std::fs::write(&file, pem).unwrap();
        self.certificate = Some(file);
        self
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(args);
        command.env("B1_COUPA_SMTP_PASSWORD", MAIL_PASSWORD).env("B1_COUPA_NOTIFICATION_KEY", KEY);
        command.env("B1_COUPA_LOG", "debug");
        if let Some(file) = &self.certificate {
            command.env("SSL_CERT_FILE", file);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        quiet(Ended::of(self.command(args)))
    }

    pub(super) fn sync(&self) -> Ended {
        self.run(&["sync", "--once", "--max-wait", "6s", "--json"])
    }

    /// So many invoices that fail for one cause.
    fn failing(&self, count: usize) {
        for _ in 0..count {
            self.world.in_strange_currency(DocumentKind::Invoice, "V1");
        }
    }
}

/// Says no secret, whatever it says.
#[track_caller]
fn quiet(ended: Ended) -> Ended {
    let encoded = base64(format!("\0{MAIL_USER}\0{MAIL_PASSWORD}"));
    for secret in [MAIL_PASSWORD, KEY, &base64(MAIL_PASSWORD.to_owned()), &encoded, "hooks/b1"] {
        assert!(!ended.text().contains(secret), "{secret}: {ended:?}");
    }
    ended
}

fn base64(text: String) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn signature(key: &str, posted: &Posted) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let signed = format!("{}.{}", posted.headers["x-b1-coupa-timestamp"], posted.body);
    let bytes = mac.chain_update(signed).finalize().into_bytes();
    format!("v1={bytes:x}")
}

pub(super) fn digest(posted: &Posted) -> Value {
    serde_json::from_str(&posted.body).unwrap()
}

/// The subject, in one line again.
fn subject(mail: &Mail) -> String {
    let unfolded = mail.text.replace("\n ", " ");
    let line = unfolded.lines().find_map(|line| line.strip_prefix("Subject: "));
    line.unwrap_or_else(|| panic!("no subject: {}", mail.text)).to_owned()
}

#[test]
fn many_documents_with_one_cause_are_one_message_by_each_way_and_the_next_sync_says_nothing() {
    let (mail_port, web_port) = (free_port(), free_port());
    let (pem, tls) = certificate();
    let told = Told::new(Some(mail_port), Some(web_port)).trusting(&pem);
    if told.world.stack.is_some() {
        return;
    }
    let (mail, web) = (SmtpSink::start(mail_port, Security::StartTls(tls)), HttpSink::start(web_port, 204));
    told.failing(25);
    // Nothing but the table on stdout.
    assert_eq!(told.sync().expect(2).total("failed"), 25);

    let (mails, posted) = (mail.mails(), web.posted());
    assert_eq!((mails.len(), posted.len()), (1, 1), "{mails:?} {posted:?}");
    assert_eq!(mails[0].to, ["ops@acme.example", "cfo@acme.example"]);
    assert!(mails[0].in_tls && mails[0].logged_in, "{mails:?}");
    let line = "b1-coupa SBODEMO_ACME: 25 documents failed (BC-0303)";
    assert_eq!(subject(&mails[0]), line);
    for words in ["Auto-Submitted: auto-generated", "[currencies]", "and 20 more", "dead-letters redrive"] {
        assert!(mails[0].text.contains(words), "{words}: {}", mails[0].text);
    }

    let (body, headers) = (digest(&posted[0]), &posted[0].headers);
    assert_eq!(posted[0].path, "/hooks/b1");
    assert_eq!(headers["x-b1-coupa-signature"], signature(KEY, &posted[0]));
    assert_ne!(headers["x-b1-coupa-signature"], signature("another key", &posted[0]));
    assert_eq!((&body["kind"], &body["subject"], &body["new"]), (&json!("digest"), &json!(line), &json!(25)));
    assert_eq!(body["codes"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!((&body["codes"][0]["code"], &body["codes"][0]["count"]), (&json!("BC-0303"), &json!(25)));
    assert_eq!(body["codes"][0]["examples"].as_array().unwrap().len(), 5);

    told.sync().expect(0);
    assert_eq!((mail.mails().len(), web.posted().len()), (1, 1));
    let status = told.run(&["status", "--json"]).expect(0).json();
    let notified = &status["notified"];
    assert!(notified["email"].is_string() && notified["webhook"].is_string(), "{status}");
    let text = told.run(&["status"]).expect(0).stdout;
    assert!(text.contains("Notified      by email"), "{text}");
}

#[test]
fn further_documents_wait_for_the_pause_and_another_cause_does_not() {
    let web_port = free_port();
    let mut told = Told::new(None, Some(web_port));
    if told.world.stack.is_some() {
        return;
    }
    let web = HttpSink::start(web_port, 200);
    told.failing(1);
    told.sync().expect(2);
    told.failing(2);
    told.sync().expect(2);
    assert_eq!(web.posted().len(), 1);

    // What failed is missing in Coupa: that is a cause of its own, and takes along what waits.
    told.run(&["reconcile", "--json"]).expect(2);
    told.sync();
    let posted = web.posted();
    assert_eq!(posted.len(), 2);
    let body = digest(&posted[1]);
    assert_eq!((&body["drift"]["differences"], &body["new"]), (&json!(3), &json!(2)), "{body}");
    assert!(body["drift"]["certificate"].as_str().unwrap().contains("balance-"), "{body}");

    told.failing(1);
    told.sync().expect(2);
    assert_eq!(web.posted().len(), 2);
    told.world.set("notifications", "pause = \"1s\"");
    wait_at_most(Duration::from_millis(1_100), || false);
    told.failing(1);
    told.sync().expect(2);
    let body = digest(&web.posted()[2]);
    assert_eq!((&body["codes"][0]["count"], &body["codes"][0]["new"]), (&json!(5), &json!(2)), "{body}");
}

#[test]
fn who_is_down_costs_nothing_and_is_told_by_the_next_sync_and_nobody_hears_it_twice() {
    let (mail_port, web_port) = (free_port(), free_port());
    let (pem, tls) = certificate();
    let told = Told::new(Some(mail_port), Some(web_port)).trusting(&pem);
    if told.world.stack.is_some() {
        return;
    }
    told.failing(3);
    told.world.supplier("V2");
    let web = HttpSink::start(web_port, 200);
    let synced = told.sync().expect(2);
    assert!(told.world.coupa.supplier_by_number("V2").is_some());
    assert!(synced.stderr.contains("could not be told") && synced.stderr.contains("localhost"), "{synced:?}");
    assert_eq!(web.posted().len(), 1);

    let mail = SmtpSink::start(mail_port, Security::StartTls(tls));
    told.sync().expect(0);
    assert_eq!((mail.mails().len(), web.posted().len()), (1, 1));
    assert!(subject(&mail.mails()[0]).contains("3 documents failed"));
    told.sync().expect(0);
    assert_eq!((mail.mails().len(), web.posted().len()), (1, 1));
}

#[test]
fn a_refused_log_in_is_told_although_the_sync_breaks_off() {
    let web_port = free_port();
    let told = Told::new(None, Some(web_port));
    if told.world.stack.is_some() {
        return;
    }
    let web = HttpSink::start(web_port, 200);
    let mut command = told.command(&["sync", "--once"]);
    quiet(Ended::of({
        command.env("B1_COUPA_SAP_PASSWORD", "wrong");
        command
    }))
    .expect(1);
    let posted = web.posted();
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert_eq!(digest(&posted[0])["standstill"]["code"], json!("BC-0102"));
}

#[test]
fn a_running_process_tells_by_itself_and_what_was_told_outlives_it() {
    let web_port = free_port();
    let mut told = Told::new(None, Some(web_port));
    if told.world.stack.is_some() {
        return;
    }
    let web = HttpSink::start(web_port, 200);
    told.failing(4);
    // A pipe that nobody reads holds little.
    told.world.configure("poll_interval = \"1s\"", "poll_interval = \"1h\"");
    let mut command = told.command(&["run"]);
    command.env("B1_COUPA_LOG", "warn");
    let mut running = Running::start(command);
    wait_until("it has been told", || !web.posted().is_empty());
    // What was told a moment ago is still to be written down.
    running.signal("TERM");
    running.end_within(Duration::from_secs(20)).expect(0);
    assert_eq!(digest(&web.posted()[0])["new"], json!(4));
    told.sync().expect(0);
    assert_eq!(web.posted().len(), 1);
}

/// The one line of `check` about this way, as state, text and help.
fn line(told: &Told, way: &str, code: i32) -> (String, String, String) {
    let check = told.run(&["check", "--json"]).expect(code).json();
    let lines = check["checks"].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == format!("notifications by {way}"));
    let line = line.unwrap_or_else(|| panic!("no line about {way}: {check:#}"));
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("text"), text("help"))
}

#[test]
fn check_tries_both_ways_and_tells_nobody_anything() {
    let (mail_port, web_port) = (free_port(), free_port());
    let (pem, tls) = certificate();
    let told = Told::new(Some(mail_port), Some(web_port)).trusting(&pem);
    if told.world.stack.is_some() {
        return;
    }
    let (state, _, help) = line(&told, "email", 1);
    assert!(state == "bad" && help.contains("smtp_host"), "{help}");
    let (state, _, help) = line(&told, "webhook", 1);
    assert!(state == "bad" && help.contains("notification-key"), "{help}");

    let (mail, web) = (SmtpSink::start(mail_port, Security::StartTls(tls)), HttpSink::start(web_port, 200));
    assert_eq!(line(&told, "email", 0).0, "good");
    assert_eq!(line(&told, "webhook", 0).0, "good");
    assert!(mail.mails().is_empty() && mail.commands().contains(&"tls AUTH".to_owned()));
    let posted = web.posted();
    assert!(posted.iter().all(|one| digest(one)["kind"] == "check"), "{posted:?}");
    assert_eq!(posted[0].headers["x-b1-coupa-signature"], signature(KEY, &posted[0]));
}

#[test]
fn what_is_wrong_with_a_way_is_said_with_what_to_do_and_without_the_password() {
    let (mail_port, web_port) = (free_port(), free_port());
    let (pem, tls) = certificate();
    let mut told = Told::new(Some(mail_port), Some(web_port)).trusting(&pem);
    if told.world.stack.is_some() {
        return;
    }
    let (mail, _web) = (SmtpSink::start(mail_port, Security::StartTls(tls)), HttpSink::start(web_port, 401));
    let (state, text, _) = line(&told, "webhook", 1);
    assert!(state == "bad" && text.contains("answered 401"), "{text}");

    // A server that does not know the user repeats what it was told.
    told.world.configure(&format!("smtp_user = \"{MAIL_USER}\""), "smtp_user = \"somebody\"");
    let refused = quiet_about(&told, "somebody");
    assert!(refused.contains("535") && refused.contains("smtp-password"), "{refused}");

    // Nobody whom we do not trust is logged in at, nor who offers no TLS.
    let stranger = told.trusting(&certificate().0);
    let heard = mail.commands().len();
    assert_eq!(line(&stranger, "email", 1).0, "bad");
    assert!(
        !mail.commands()[heard..].iter().any(|command| command.ends_with("AUTH")),
        "{:?}",
        mail.commands()
    );
    let plain_port = free_port();
    let plain = SmtpSink::start(plain_port, Security::None);
    let mut told = stranger;
    told.world.configure(&format!("smtp_port = {mail_port}"), &format!("smtp_port = {plain_port}"));
    let (state, text, _) = line(&told, "email", 1);
    assert!(state == "bad" && text.contains("STARTTLS"), "{text}");
    assert!(!plain.commands().contains(&"AUTH".to_owned()), "{:?}", plain.commands());

    let mut command = told.command(&["check", "--json"]);
    command.env_remove("B1_COUPA_NOTIFICATION_KEY");
    let text = Ended::of(command).expect(1).stdout;
    assert!(text.contains("secrets set notification-key"), "{text}");
}

#[test]
fn mail_goes_by_tls_from_the_first_byte_and_in_plain_to_this_machine_where_the_config_says_so() {
    let (pem, tls) = certificate();
    for (security, sink) in [("tls", Security::Tls(tls)), ("none", Security::None)] {
        let mail_port = free_port();
        let mut told = Told::new(Some(mail_port), None).trusting(&pem);
        if told.world.stack.is_some() {
            return;
        }
        told.world.set("notifications", &format!("smtp_security = \"{security}\""));
        let mail = SmtpSink::start(mail_port, sink);
        told.failing(1);
        told.sync().expect(2);
        let mails = mail.mails();
        assert_eq!(mails.len(), 1, "{security}");
        assert!(mails[0].in_tls == (security == "tls") && mails[0].logged_in, "{mails:?}");
    }
}

/// Text and help about mail, without the password of this user in any spelling.
fn quiet_about(told: &Told, user: &str) -> String {
    let (state, text, help) = line(told, "email", 1);
    assert_eq!(state, "bad");
    assert!(!text.contains(&base64(format!("\0{user}\0{MAIL_PASSWORD}"))), "{text}");
    format!("{text} {help}")
}
