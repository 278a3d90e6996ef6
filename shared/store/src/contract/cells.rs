//! Secrets that workers share.

use super::CellHarness;
use secrecy::{ExposeSecret, SecretString};

fn exposed(value: &(Option<SecretString>, u64)) -> Option<&str> {
    value.0.as_ref().map(ExposeSecret::expose_secret)
}

/// At revision 0.
pub async fn a_cell_begins_empty<H: CellHarness>(h: &H) {
    let found = h.cell("sap-session").await.load().await.unwrap();
    assert_eq!((exposed(&found), found.1), (None, 0));
}

/// And everybody sees it.
pub async fn a_cell_changes_only_from_the_revision_read<H: CellHarness>(h: &H) {
    let (one, other) = (h.cell("sap-session").await, h.cell("sap-session").await);
    let value = |text: &str| SecretString::from(text);
    assert!(!one.save(&value("early"), 1).await.unwrap(), "there is none yet");
    assert!(one.save(&value("„first“"), 0).await.unwrap());
    let found = other.load().await.unwrap();
    assert_eq!(exposed(&found), Some("„first“"));
    assert!(!other.save(&value("late"), 0).await.unwrap());
    assert!(other.save(&value("second"), found.1).await.unwrap());
    assert!(!one.save(&value("late"), found.1).await.unwrap());
    assert_eq!(exposed(&one.load().await.unwrap()), Some("second"));
}

/// The other one learns that it was too late: two log-ins at once would be one too many.
pub async fn of_two_who_change_a_cell_one_wins<H: CellHarness>(h: &H) {
    let (one, other) = (h.cell("sap-session").await, h.cell("sap-session").await);
    for _ in 0..10 {
        let (_, revision) = one.load().await.unwrap();
        let (ours, theirs) = (SecretString::from("ours"), SecretString::from("theirs"));
        let (left, right) = futures::join!(one.save(&ours, revision), other.save(&theirs, revision));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(left != right, "{left} {right}");
        let found = one.load().await.unwrap();
        assert_eq!(exposed(&found), Some(if left { "ours" } else { "theirs" }));
    }
}

/// A session is no token.
pub async fn cells_do_not_touch_each_other<H: CellHarness>(h: &H) {
    let (session, token) = (h.cell("sap-session").await, h.cell("coupa-token").await);
    assert!(session.save(&SecretString::from("session"), 0).await.unwrap());
    assert!(token.save(&SecretString::from("token"), 0).await.unwrap());
    assert_eq!(exposed(&session.load().await.unwrap()), Some("session"));
    assert_eq!(exposed(&token.load().await.unwrap()), Some("token"));
}
