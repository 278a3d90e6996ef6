//! Holds `docs/coverage.md` against the tests that it names.

use std::{fs, path::PathBuf};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let table = fs::read_to_string(repository().join("docs/coverage.md")).unwrap();
    // The text above the first table says what the short names stand for: "`history/` is `shared/…/`".
    let head: Vec<&str> = quoted(table.split("\n## ").next().unwrap()).collect();
    let folder = |short: &str| {
        let at = head.iter().position(|name| *name == short)?;
        head.get(at + 1).copied()
    };
    let mut named = 0;
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut text = String::new();
        for name in quoted(cell) {
            if name.split_once('.').is_some_and(|(_, ending)| ending == "rs") {
                let (short, rest) = name.split_at(name.find('/').unwrap() + 1);
                let path = folder(short).map_or_else(|| name.to_owned(), |folder| format!("{folder}{rest}"));
                text = fs::read_to_string(repository().join(&path)).unwrap_or_default();
                assert!(!text.is_empty(), "{path} is not there: {line}");
            } else {
                assert!(text.contains(&format!("fn {name}(")), "there is no test `{name}`: {line}");
                named += 1;
            }
        }
    }
    assert!(named > 100, "only {named} tests were found in the table");
}
