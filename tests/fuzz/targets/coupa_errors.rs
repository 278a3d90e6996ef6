//! Coupa's error bodies. Whatever they hold is told in words that fit a log, and a body that says something is never told as nothing.
#![no_main]

use coupa::{Error, read_problems};
use libfuzzer_sys::fuzz_target;

/// What `coupa` promises: so many complaints, each with an attribute and a text of so many bytes at most.
const MOST_PROBLEMS: usize = 50;
const MOST_ATTRIBUTE: usize = 200;
const MOST_TEXT: usize = 1_000;

fuzz_target!(|body: &[u8]| {
    let problems = read_problems(body);
    assert!(problems.len() <= MOST_PROBLEMS);
    assert_eq!(problems.is_empty(), String::from_utf8_lossy(body).trim().is_empty());
    for problem in &problems {
        assert!(problem.attribute.len() <= MOST_ATTRIBUTE, "{problem:?}");
        assert!(!problem.text.trim().is_empty() && problem.text.len() <= MOST_TEXT, "{problem:?}");
    }
    let failure = Error::Invalid(problems).failure();
    assert!(!failure.message.is_empty());
    assert!(failure.message.len() <= MOST_PROBLEMS * (MOST_ATTRIBUTE + MOST_TEXT + "; : ".len()));
});
