use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("b1-coupa").chain(line.split_whitespace()))
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_table_is_there() {
    for line in [
        "check",
        "sync --once",
        "sync --once --max-wait 180s",
        "run",
        "backfill --object invoices --since 2026-01-01",
        "backfill --object purchase_orders --since 2026-01-01",
        "status",
        "audit show invoice 100237",
        "audit show credit-notes CN-7",
        "audit list",
        "audit list --failed --since 2026-01-01",
        "dead-letters list",
        "dead-letters redrive",
        "dead-letters redrive --code BC-0206 --kind invoice",
        "init",
        "secrets set",
        "secrets set sap-password",
        "secrets list",
        "completions bash",
        "man",
    ] {
        for globals in ["", " --json", " --config other.toml"] {
            let line = format!("{line}{globals}");
            let cli = parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(cli.json, globals == " --json");
        }
    }
}

#[test]
fn the_defaults_are_those_of_the_manual() {
    let cli = parse("sync --once").unwrap();
    assert_eq!(cli.config.to_str(), Some("b1-coupa.toml"));
    let Command::Sync(sync) = cli.command else { panic!("{cli:?}") };
    assert_eq!(sync.max_wait.seconds(), 180);
}

#[test]
fn wrong_values_say_what_to_write() {
    for (line, help) in [
        ("sync --once --max-wait soon", "5m"),
        ("backfill --object invoce --since 2026-01-01", "Did you mean `invoices`?"),
        ("backfill --object invoices --since 1.1.2026", "2026-01-01"),
        ("dead-letters redrive --code 17", "BC-0206"),
        ("secrets set token", "sap-password, coupa-client-secret"),
        ("sync", "--once"),
        ("snyc --once", "sync"),
        ("audit list --limit 0", "0 is not in"),
    ] {
        let error = parse(line).unwrap_err().to_string();
        assert!(error.contains(help), "{line}: {error}");
    }
}

/// Every command and every option explains itself.
#[test]
fn everything_has_a_help_text() {
    fn walk(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        assert!(command.get_about().is_some(), "{path} has no help text");
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "version") {
            assert!(argument.get_help().is_some(), "{path} {} has no help text", argument.get_id());
        }
        command.get_subcommands().for_each(|command| walk(command, &path));
    }
    walk(&Cli::command(), "");
}
