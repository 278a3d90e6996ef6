//! Secrets come from the environment or an encrypted file, and from nowhere else.
#![cfg(all(feature = "embedded", unix))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use secrecy::{ExposeSecret, SecretString};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use store::{SecretError, SecretFile, SecretName, Secrets};
use tempfile::{TempDir, tempdir};

const NOTHING_SET: fn(&str) -> Option<String> = |_| None;

fn with_both(dir: &TempDir) -> std::path::PathBuf {
    let path = dir.path().join("b1 coupa.secrets");
    let mut file = SecretFile::create_or_open(&path).unwrap();
    file.set(SecretName::SapPassword, "grüße \"x\"".into()).unwrap();
    file.set(SecretName::CoupaClientSecret, "c0upa-secret".into()).unwrap();
    path
}

fn shown(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn key(path: &Path) -> std::path::PathBuf {
    path.with_extension("secrets.key")
}

#[test]
fn what_was_set_reads_back() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    let secrets = Secrets::load(&path, NOTHING_SET).unwrap();
    assert_eq!(shown(secrets.get(SecretName::SapPassword)), Some("grüße \"x\""));
    assert_eq!(secrets.require(SecretName::CoupaClientSecret).unwrap().expose_secret(), "c0upa-secret");
    let file = SecretFile::open(&path).unwrap().unwrap();
    assert_eq!(file.names(), ["coupa-client-secret", "sap-password"]);
}

#[test]
fn the_later_value_stands_and_the_others_stay() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    SecretFile::create_or_open(&path).unwrap().set(SecretName::SapPassword, "new".into()).unwrap();
    let secrets = Secrets::load(&path, NOTHING_SET).unwrap();
    assert_eq!(shown(secrets.get(SecretName::SapPassword)), Some("new"));
    assert_eq!(shown(secrets.get(SecretName::CoupaClientSecret)), Some("c0upa-secret"));
}

#[test]
fn the_environment_wins_and_an_empty_variable_does_not() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    let secrets = Secrets::load(&path, |name| match name {
        "B1_COUPA_SAP_PASSWORD" => Some("from env".to_owned()),
        "B1_COUPA_COUPA_CLIENT_SECRET" => Some(String::new()),
        _ => None,
    })
    .unwrap();
    assert_eq!(shown(secrets.get(SecretName::SapPassword)), Some("from env"));
    assert_eq!(shown(secrets.get(SecretName::CoupaClientSecret)), Some("c0upa-secret"));
}

#[test]
fn a_file_that_is_not_needed_is_not_touched() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("damaged");
    fs::write(&path, "no age file").unwrap();
    let secrets = Secrets::load(&path, |name| Some(format!("value of {name}"))).unwrap();
    assert_eq!(shown(secrets.get(SecretName::SapPassword)), Some("value of B1_COUPA_SAP_PASSWORD"));
}

#[test]
fn a_missing_secret_says_how_to_set_it() {
    let dir = tempdir().unwrap();
    let secrets = Secrets::load(dir.path().join("none"), NOTHING_SET).unwrap();
    let error = secrets.require(SecretName::CoupaClientSecret).unwrap_err().to_string();
    assert!(error.contains("coupa-client-secret") && error.contains("b1-coupa secrets set"), "{error}");
    assert!(error.contains("B1_COUPA_COUPA_CLIENT_SECRET"), "{error}");
}

#[test]
fn nothing_on_the_disk_shows_a_secret_and_only_the_owner_can_read_it() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap().path();
        assert_eq!(mode(&entry), 0o600, "{entry:?}");
        let content = fs::read(&entry).unwrap();
        assert!(!content.windows(5).any(|window| window == b"c0upa"), "{entry:?}");
        names.push(entry);
    }
    names.sort();
    assert_eq!(names, [path.clone(), key(&path)], "no temporary file is left");
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_remedy() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    for open_to_others in [0o640, 0o604, 0o620] {
        fs::set_permissions(key(&path), fs::Permissions::from_mode(open_to_others)).unwrap();
        let error = Secrets::load(&path, NOTHING_SET).unwrap_err().to_string();
        assert!(error.contains(&format!("chmod 600 '{}'", key(&path).display())), "{error}");
        assert!(matches!(SecretFile::create_or_open(&path), Err(SecretError::KeyOpenToOthers { .. })));
    }
}

#[test]
fn a_missing_key_is_not_made_anew_over_existing_secrets() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    fs::remove_file(key(&path)).unwrap();
    assert!(matches!(SecretFile::create_or_open(&path), Err(SecretError::KeyMissing { .. })));
    assert!(!key(&path).exists());
}

#[test]
fn damage_and_a_foreign_key_are_told_without_content() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    let foreign = tempdir().unwrap();
    fs::copy(key(&with_both(&foreign)), key(&path)).unwrap();
    let error = Secrets::load(&path, NOTHING_SET).unwrap_err();
    assert!(matches!(error, SecretError::Undecipherable { .. }), "{error}");
    fs::write(key(&path), "AGE-SECRET-KEY-1NONSENSE").unwrap();
    let error = Secrets::load(&path, NOTHING_SET).unwrap_err().to_string();
    assert!(!error.contains("NONSENSE"), "{error}");
}

#[test]
fn an_empty_secret_is_refused() {
    let dir = tempdir().unwrap();
    let mut file = SecretFile::create_or_open(dir.path().join("s")).unwrap();
    let refused = file.set(SecretName::SapPassword, String::new().into());
    assert_eq!(refused, Err(SecretError::Empty(SecretName::SapPassword)));
}

#[test]
fn debug_output_shows_names_alone() {
    let dir = tempdir().unwrap();
    let path = with_both(&dir);
    let shown = format!(
        "{:?} {:?}",
        SecretFile::open(&path).unwrap().unwrap(),
        Secrets::load(&path, NOTHING_SET).unwrap()
    );
    assert!(shown.contains("sap-password") && !shown.contains("c0upa-"), "{shown}");
}

#[test]
fn names_read_back() {
    for name in SecretName::ALL {
        assert_eq!(SecretName::parse(name.name()), Some(name));
    }
    assert_eq!(SecretName::parse("SAP-PASSWORD"), None);
}
