//! Secrets are kept, and kept secret.

use crate::{
    books::{document, line},
    process::Ended,
    world::{COUPA_SECRET, SAP_PASSWORD, World},
};
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

fn with_stdin(mut command: Command, text: &str) -> Ended {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn set_from_stdin_they_serve_instead_of_the_environment() {
    let world = World::with_documents(6, 10);
    let set = world.command_without_secrets(&["secrets", "set", "--json"]);
    let kept = with_stdin(set, &format!("{SAP_PASSWORD}\n{COUPA_SECRET}\n")).expect(0).json();
    assert_eq!(kept["kept"], serde_json::json!(["sap-password", "coupa-client-secret"]));
    for file in ["b1-coupa.secrets", "b1-coupa.secrets.key"] {
        let mode = fs::metadata(world.folder().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let list = Ended::of(world.command_without_secrets(&["secrets", "list", "--json"])).expect(0).json();
    assert_eq!(list["secrets"][0]["source"], "file");
    Ended::of(world.command_without_secrets(&["sync", "--once", "--max-wait", "20s", "--json"])).expect(0);
    world.expect_in_step();

    // The environment wins.
    let set = world.command_without_secrets(&["secrets", "set", "sap-password"]);
    with_stdin(set, "another\n").expect(0);
    world.sync().expect(0);
    Ended::of(world.command_without_secrets(&["sync", "--once", "--json"])).expect(1);

    fs::set_permissions(world.folder().join("b1-coupa.secrets.key"), fs::Permissions::from_mode(0o644))
        .unwrap();
    let error = Ended::of(world.command_without_secrets(&["sync", "--once", "--json"])).expect(1).error();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

/// What opens a door: both secrets, SAP's session and what every access token begins with.
fn forbidden(world: &World) -> Vec<String> {
    vec![
        SAP_PASSWORD.to_owned(),
        SAP_PASSWORD.replace(' ', "%20"),
        SAP_PASSWORD.replace(' ', "+"),
        COUPA_SECRET.to_owned(),
        "B1SESSION".to_owned(),
        "eyJ0eXAiOiJKV1Qi".to_owned(),
        format!("{:?}", world.sap.settings().password),
    ]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn no_secret_is_in_any_output_or_file() {
    let world = World::with_documents(7, 20);
    let mut strange = document(&world.sap.supplier_codes()[0], vec![line("A1", 1, "10")]);
    strange.currency = "$$".to_owned();
    world.sap.add_invoice(strange).unwrap();
    let set = world.command_without_secrets(&["secrets", "set"]);
    let mut printed = with_stdin(set, &format!("{SAP_PASSWORD}\n{COUPA_SECRET}\n")).expect(0).text();
    world.sap.expire_sessions_at(4);
    for arguments in [
        &["check"][..],
        &["sync", "--once", "--max-wait", "10s"],
        &["status"],
        &["audit", "list"],
        &["audit", "list", "--json"],
        &["dead-letters", "list", "--json"],
        &["secrets", "list"],
    ] {
        let mut command = world.command(arguments);
        // With the most talkative log.
        printed += &Ended::of({
            command.env("B1_COUPA_LOG", "trace");
            command
        })
        .text();
    }
    let mut command = world.command(&["sync", "--once"]);
    command.env("B1_COUPA_LOG", "trace").env("B1_COUPA_SAP_PASSWORD", "almost right");
    printed += &Ended::of(command).text();
    assert!(printed.contains("trace") || printed.contains("TRACE"), "no log was printed");

    for text in forbidden(&world) {
        assert!(!holds(printed.as_bytes(), &text), "`{text}` was printed: {printed}");
        for entry in fs::read_dir(world.folder()).unwrap() {
            let path = entry.unwrap().path();
            assert!(!holds(&fs::read(&path).unwrap(), &text), "`{text}` stands in {}", path.display());
        }
    }
    assert!(!printed.contains("almost right"));
}
