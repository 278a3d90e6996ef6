//! Holds `docs/errors/` against the catalogue of codes.

use model::Code;
use std::{collections::BTreeSet, fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors")
}

#[test]
fn each_code_has_a_page_that_says_what_why_and_what_to_do() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    for code in Code::ALL {
        let page = fs::read_to_string(folder().join(format!("{code}.md"))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {code}: {}\n", code.title())), "{code}: the title differs");
        assert!(page.contains(&format!("Class: `{}`.", code.class().name())), "{code}: the class differs");
        assert!(page.contains(code.fix()), "{code}: the page lacks what the program says to do");
        for section in ["## What happened", "## Why", "## What to do"] {
            let text = page.split(section).nth(1).unwrap_or_default();
            let text = text.split("\n## ").next().unwrap_or_default();
            assert!(text.trim().len() > 40, "{code}: `{section}` says too little");
        }
        assert!(
            index.contains(&format!("[{code}]({code}.md) | {} |", code.title())),
            "{code}: not in the index"
        );
    }
}

#[test]
fn no_page_lacks_a_code() {
    let known: BTreeSet<String> = Code::ALL.iter().map(|code| format!("{code}.md")).collect();
    for file in fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || known.contains(&name), "docs/errors/{name} belongs to no code");
    }
}
