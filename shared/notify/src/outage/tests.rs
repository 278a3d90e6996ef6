use super::*;
use store::EmbeddedStore;

fn at(minutes: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn store() -> EmbeddedStore {
    EmbeddedStore::open_in_memory().unwrap()
}

async fn noted(store: &EmbeddedStore) -> Option<(i64, i64)> {
    let outage = Outage::read(store, System::Coupa).await.unwrap()?;
    let minutes = |moment: Timestamp| moment.duration_since(at(0)).as_mins();
    Some((minutes(outage.since), minutes(outage.last)))
}

const RETRY: (AuditOutcome, Option<Code>) = (AuditOutcome::Retry, Some(Code::CoupaUnreachable));
const CREATED: (AuditOutcome, Option<Code>) = (AuditOutcome::Created, None);

#[tokio::test]
async fn an_outage_lasts_from_the_first_failure_to_the_next_success() {
    let (store, watch) = (store(), Watch::over(System::Coupa));
    for minute in [0, 1, 4, 14] {
        watch.attempts(&store, [RETRY, RETRY], at(minute)).await;
        assert_eq!(noted(&store).await, Some((0, minute)));
        assert!(!Outage::read(&store, System::Coupa).await.unwrap().unwrap().is_long(), "{minute}");
    }
    watch.attempts(&store, [RETRY], at(15)).await;
    assert!(Outage::read(&store, System::Coupa).await.unwrap().unwrap().is_long());
    watch.attempts(&store, [RETRY, CREATED, RETRY], at(16)).await;
    assert_eq!(noted(&store).await, None);
    watch.attempts(&store, [RETRY], at(90)).await;
    assert_eq!(noted(&store).await, Some((90, 90)), "the next is another");
}

#[tokio::test]
async fn what_heals_by_waiting_or_by_a_person_is_no_outage() {
    let (store, coupa, sap) = (store(), Watch::over(System::Coupa), Watch::over(System::Sap));
    for code in [Code::CoupaRateLimited, Code::Waiting, Code::CoupaRefused, Code::SapUnreachable] {
        coupa.attempts(&store, [(AuditOutcome::Retry, Some(code))], at(0)).await;
        assert_eq!(noted(&store).await, None, "{code}");
    }
    sap.fails(&store, Code::SapLoginRefused, at(0)).await;
    assert_eq!(Outage::read(&store, System::Sap).await.unwrap(), None, "it has a record of its own");
    sap.fails(&store, Code::SapUnreachable, at(0)).await;
    assert!(Outage::read(&store, System::Sap).await.unwrap().is_some());
    for code in [Code::CoupaTokenRefused, Code::CoupaScopeMissing, Code::CoupaOutcomeUnknown] {
        coupa.fails(&store, code, at(0)).await;
        assert_eq!(noted(&store).await, Some((0, 0)), "{code}");
    }
}

#[tokio::test]
async fn all_processes_share_it_and_a_healthy_one_ends_it() {
    let (store, failing, healthy) = (store(), Watch::over(System::Coupa), Watch::over(System::Coupa));
    healthy.works(&store, at(0)).await;
    failing.fails(&store, Code::CoupaUnreachable, at(1)).await;
    Watch::over(System::Coupa).fails(&store, Code::CoupaUnreachable, at(3)).await;
    assert_eq!(noted(&store).await, Some((1, 3)), "another process goes on where this one began");
    healthy.works(&store, at(4)).await;
    assert!(noted(&store).await.is_some(), "it looks now and then alone");
    healthy.works(&store, at(5)).await;
    assert_eq!(noted(&store).await, None);
    // A process that was started anew looks at once, and so does one that has failed itself.
    failing.fails(&store, Code::CoupaUnreachable, at(6)).await;
    failing.works(&store, at(7)).await;
    assert_eq!(noted(&store).await, None);
}

#[tokio::test]
async fn a_failure_long_after_the_last_is_another_outage() {
    let (store, watch) = (store(), Watch::over(System::Coupa));
    watch.fails(&store, Code::CoupaUnreachable, at(0)).await;
    watch.fails(&store, Code::CoupaUnreachable, at(23 * 60)).await;
    assert_eq!(noted(&store).await, Some((0, 23 * 60)));
    watch.fails(&store, Code::CoupaUnreachable, at(48 * 60)).await;
    assert_eq!(noted(&store).await, Some((48 * 60, 48 * 60)));
}
