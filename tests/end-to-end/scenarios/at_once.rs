//! Scenarios that mostly wait for a lease to run out or for the next look at something: all at once, so that the whole
//! takes no longer than the longest.

use super::{backfill, exit_codes, kills};
use std::thread;

#[test]
fn what_takes_its_time() {
    let scenarios: [(&str, fn()); 4] = [
        ("killed again and again", kills::killed_again_and_again_everything_arrives_once),
        (
            "killed while Coupa commits",
            kills::killed_while_coupa_commits_the_document_is_found_and_not_made_twice,
        ),
        ("backfill killed", backfill::killed_in_the_middle_it_goes_on_where_it_stopped),
        (
            "waiting for an approval",
            exit_codes::three_while_a_payment_waits_for_an_approval_and_zero_after_it,
        ),
    ];
    let under_way = scenarios
        .map(|(name, play)| (name, thread::Builder::new().name(name.to_owned()).spawn(play).unwrap()));
    let ended = under_way.map(|(name, thread)| (name, thread.join()));
    let failed: Vec<_> = ended.iter().filter(|(_, end)| end.is_err()).map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "failed, see above: {failed:?}");
}
