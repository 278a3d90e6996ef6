//! The certificate that the Service Layer shows: what stands in it, what speaks against it, and what to do.

use super::Checks;
use crate::config::Config;
use jiff::{SignedDuration, Timestamp};
use wire::{CertificateSeen, Problem};

const NAME: &str = "Service Layer certificate";
/// So long before its end, renewing a certificate is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What is shown where the config says that the Service Layer is. Plain http shows none, and so does nobody.
pub(super) async fn look(config: &Config) -> Option<CertificateSeen> {
    let sap = &config.sap;
    if sap.service_layer_url.scheme() == "http" {
        return None;
    }
    wire::probe_certificate(&sap.service_layer_url, sap.connect_to).await.ok()
}

/// The connection came about, so the certificate is trusted by its pin or by its issuer.
pub(super) fn accepted(seen: Option<&CertificateSeen>, config: &Config, now: Timestamp, checks: &mut Checks) {
    let Some(seen) = seen else { return };
    if config.sap.spki_sha256.contains(&seen.spki_pin) {
        checks.good(
            NAME,
            format!("{}; its key is a pinned one, so nothing else about it counts", describe(seen)),
        );
        return;
    }
    let ends = seen.details.as_ref().map(|details| details.not_after);
    if ends.is_some_and(|ends| ends.duration_since(now) < SOON) {
        checks.note(NAME, format!("{}; it runs out soon", describe(seen)), "Have it renewed before that.");
        return;
    }
    checks.good(NAME, describe(seen));
}

/// No connection came about. Perhaps because of the certificate: shows it, and the pin to compare with the server's own.
pub(super) fn refused(seen: Option<&CertificateSeen>, config: &Config, now: Timestamp, checks: &mut Checks) {
    let Some(seen) = seen else { return };
    let problems = seen.problems(config.sap.service_layer_url.host(), now);
    let against = if problems.is_empty() {
        "nothing in it speaks against it, so it is who issued it that isn't trusted".to_owned()
    } else {
        problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
    };
    let help = if problems.contains(&Problem::KeyNotHeld) {
        "Don't trust it: find out who answers there.".to_owned()
    } else {
        advice(seen, config)
    };
    checks.note(NAME, format!("{}. What speaks against it: {against}", describe(seen)), &help);
}

fn advice(seen: &CertificateSeen, config: &Config) -> String {
    let line = format!("spki_sha256 = [\"{}\"]", seen.spki_pin);
    if config.sap.spki_sha256.is_empty() {
        format!(
            "Compare the key pin with that of the certificate file on the server, on the server itself. Only if they are the \
             same, put `{line}` under [sap]; or put the authority that issued the certificate into `ca_file`."
        )
    } else {
        format!(
            "The key is not a pinned one: the certificate was renewed with a new key, or somebody else answers. Compare the \
             key pin with that of the certificate file on the server, on the server itself. Only if they are the same, put \
             `{line}` under [sap]."
        )
    }
}

fn describe(seen: &CertificateSeen) -> String {
    let prints = format!("key pin {}, SHA-256 {}", seen.spki_pin, seen.fingerprint_sha256);
    let Some(details) = &seen.details else { return prints };
    let names = if details.names.is_empty() { "none".to_owned() } else { details.names.join(", ") };
    let issuer = if details.issuer == details.subject { "itself" } else { &details.issuer };
    let ca = if details.is_ca { "CA:TRUE" } else { "CA:FALSE" };
    format!(
        "subject {}, issued by {issuer}, good from {} until {}, {ca}, names: {names}; {prints}",
        details.subject, details.not_before, details.not_after
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{
        check::State,
        testing::{configured, noon},
    };
    use wire::CertificateDetails;

    fn seen() -> CertificateSeen {
        CertificateSeen {
            spki_pin: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap(),
            fingerprint_sha256: "AB:CD".to_owned(),
            holds_key: true,
            intermediates: 0,
            details: Some(CertificateDetails {
                subject: "CN=sap".to_owned(),
                issuer: "CN=sap".to_owned(),
                not_before: "2020-01-01T00:00:00Z".parse().unwrap(),
                not_after: "2026-12-01T00:00:00Z".parse().unwrap(),
                is_ca: true,
                names: vec![],
            }),
        }
    }

    fn config() -> Config {
        let folder = configured();
        Config::load(&folder.path().join("b1-coupa.toml")).unwrap()
    }

    fn one(work: impl FnOnce(&mut Checks)) -> (State, String, String) {
        let mut checks = Checks::default();
        work(&mut checks);
        let line = checks.0.pop().unwrap();
        (line.state, line.text, line.help.unwrap_or_default())
    }

    #[test]
    fn what_was_met_is_told_with_all_that_is_wrong_and_the_pin() {
        let (state, text, help) = one(|checks| refused(Some(&seen()), &config(), noon(), checks));
        assert_eq!(state, State::Note);
        for words in [
            "CN=sap",
            "issued by itself",
            "2026-12-01",
            "CA:TRUE",
            "names: none",
            "AB:CD",
            "signed by itself",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let line = "spki_sha256 = [\"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]";
        assert!(help.contains(line) && help.contains("on the server itself"), "{help}");
    }

    #[test]
    fn a_stolen_certificate_is_no_candidate_for_a_pin() {
        let stolen = CertificateSeen { holds_key: false, ..seen() };
        let (_, text, help) = one(|checks| refused(Some(&stolen), &config(), noon(), checks));
        assert!(text.contains("somebody else's") && !help.contains("spki_sha256"), "{help}");
    }

    #[test]
    fn another_key_than_the_pinned_one_is_a_warning() {
        let mut config = config();
        config.sap.spki_sha256 = vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().unwrap()];
        let (_, _, help) = one(|checks| refused(Some(&seen()), &config, noon(), checks));
        assert!(help.contains("somebody else answers"), "{help}");
    }

    #[test]
    fn one_that_runs_out_soon_is_told_unless_its_key_is_pinned() {
        let mut config = config();
        let (state, text, _) = one(|checks| accepted(Some(&seen()), &config, noon(), checks));
        assert!(state == State::Note && text.contains("runs out soon"), "{text}");
        config.sap.spki_sha256 = vec![seen().spki_pin];
        let (state, text, _) = one(|checks| accepted(Some(&seen()), &config, noon(), checks));
        assert!(state == State::Good && text.contains("pinned"), "{text}");
    }
}
