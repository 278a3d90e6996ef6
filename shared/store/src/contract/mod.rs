//! What the traits promise, as tests. Every adapter runs all of them:
//!
//! ```ignore
//! struct OnDisk { /* a fresh place, a clock */ }
//! impl store::contract::Place for OnDisk { /* its clock */ }
//! impl store::contract::Harness for OnDisk { /* a handle on that place */ }
//! store::contract_stores!(OnDisk::new());
//! ```
//!
//! `contract_queue!` and `contract_cells!` do the same for queues and for what workers share. The expression is evaluated once for each test: a test never sees another's data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these are tests; they say what they expect by failing"
)]

pub mod audit;
pub mod budget;
pub mod cells;
pub mod cursors;
#[cfg(feature = "aws")]
pub mod emulator;
#[cfg(feature = "aws")]
pub mod expiring;
pub mod fixtures;
pub mod large;
pub mod leases;
pub mod outcomes;
pub mod parked;
pub mod queue;

use crate::{AuditTrail, Queue, StateStore};
use async_trait::async_trait;
use coupa::BudgetLedger;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, SharedSecret};
use std::sync::{Arc, Mutex};

/// Everything that an edition keeps, but for the queue.
pub trait Stores: StateStore + AuditTrail + BudgetLedger {}

impl<S: StateStore + AuditTrail + BudgetLedger> Stores for S {}

/// One empty place to keep something.
#[async_trait]
pub trait Place: Sync {
    /// The time that the place lives by. Tests wait in whole seconds, few of them.
    fn clock(&self) -> &dyn Clock;

    /// The present moment.
    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Lets seconds pass.
    async fn pass(&self, seconds: u32) {
        self.clock().sleep(std::time::Duration::from_secs(u64::from(seconds))).await;
    }
}

/// Handles on the stores of one place.
#[async_trait]
pub trait Harness: Place {
    /// The adapter under test.
    type Store: Stores;

    /// Another handle on the same place each time, as independent as two processes wherever the adapter can.
    async fn handle(&self) -> Self::Store;
}

/// Handles on the queue of one place.
#[async_trait]
pub trait QueueHarness: Place {
    /// The adapter under test.
    type Queue: Queue;

    /// The queue folds an equal change into one that nobody has received yet.
    const FOLDS: bool = true;
    /// The queue hands out live before backfill and by rank, and counts and times what is in it exactly.
    const ORDERS: bool = true;

    /// Another handle on the same queue each time, as independent as two processes wherever the adapter can.
    async fn queue(&self) -> Self::Queue;
}

/// Handles on the shared secrets of one place.
#[async_trait]
pub trait CellHarness: Place {
    /// Another handle on the cell of this name each time.
    async fn cell(&self, name: &str) -> Arc<dyn SharedSecret>;
}

/// A clock that moves only when somebody sleeps.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Timestamp>);

impl Default for VirtualClock {
    fn default() -> Self {
        // With a fraction, so that an adapter that cuts it off is found out.
        Self(Mutex::new(Timestamp::new(1_790_000_000, 123_456_789).unwrap()))
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, pause: std::time::Duration) {
        let pause = SignedDuration::try_from(pause).unwrap();
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(pause).unwrap();
    }
}

/// Runs one test on a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// Makes a `#[test]` of each test of the stores, in modules of their own. Takes an expression that makes a fresh
/// [`Harness`].
#[macro_export]
macro_rules! contract_stores {
    ($harness:expr) => {
        $crate::contract_tests! { $harness;
            leases:
                a_document_never_seen_gives_an_empty_item
                a_held_lease_is_refused_to_everybody
                a_lease_is_not_given_twice_in_one_request
                a_lease_is_free_the_moment_it_runs_out
                answers_come_in_order_and_each_on_its_own
                the_fence_grows_with_every_lease
                a_renewed_lease_lasts_longer
                a_lease_that_ran_out_but_is_the_newest_can_be_renewed
                a_lease_taken_over_cannot_be_renewed
                a_lease_given_up_cannot_be_renewed
                an_attempt_found_open_is_unknown_and_counted
                the_latest_open_attempt_is_the_unknown_one
                a_released_lease_leaves_no_trace
                release_keeps_an_earlier_unknown
                release_does_nothing_to_a_later_lease
                of_two_takers_one_wins
                two_takers_share_a_batch_without_overlap;
            outcomes:
                an_item_reads_back_whole
                the_link_of_a_payment_reads_back
                finish_gives_up_the_lease
                finish_erases_the_open_attempt
                an_unknown_outcome_stays_unknown
                finish_writes_documents_and_audit_together
                one_fenced_document_stops_the_whole_finish
                a_late_finish_leaves_the_new_holder_alone
                finish_on_a_lease_that_ran_out_succeeds_while_nobody_took_it
                a_second_finish_is_fenced_and_writes_nothing
                an_end_repeated_word_for_word_counts_once
                many_finishes_at_once_all_hold
                of_two_finishes_one_wins
                items_come_in_the_order_of_the_keys
                keys_are_exact
                dead_letters_come_oldest_first
                a_mended_document_is_no_dead_letter;
            parked:
                due_changes_come_oldest_first_up_to_the_limit
                what_is_not_due_stays_parked
                those_waiting_for_a_document_are_found
                an_unparked_change_is_off_every_list
                what_was_parked_anew_is_not_unparked
                a_finish_without_parking_takes_it_off
                unparking_leaves_the_rest_of_the_item_alone;
            cursors:
                a_cursor_begins_at_revision_zero
                a_saved_cursor_reads_back
                a_cursor_moves_only_from_the_revision_read
                cursors_do_not_touch_each_other
                of_two_pollers_one_moves_the_cursor
                a_record_reads_back_until_removed
                a_record_is_replaced_only_where_it_is_as_seen
                of_two_that_replace_a_record_one_does;
            audit:
                attempts_on_a_document_come_oldest_first
                an_entry_reads_back_whole
                a_document_is_found_by_each_of_its_numbers
                a_document_is_found_by_the_number_in_its_audit_entry
                a_document_is_found_by_a_number_it_used_to_have
                kinds_do_not_mix_in_find
                the_list_keeps_the_newest_and_shows_the_oldest_first
                the_list_begins_at_since
                the_list_of_failures_holds_failures_alone;
            budget:
                a_budget_begins_unused
                a_budget_moves_only_from_the_revision_read
                of_two_drawers_one_wins;
            large:
                an_order_of_very_many_lines_reads_back
                a_large_item_can_shrink_and_grow
                a_late_end_of_a_large_item_leaves_the_other_alone
                an_audit_entry_of_any_size_reads_back
                a_cursor_after_a_mass_change_reads_back
                a_large_record_reads_back_until_removed
                a_payment_of_very_many_invoices_ends_whole
                a_late_end_of_very_many_documents_writes_nothing
                very_many_items_are_read_at_once;
        }
    };
}

/// The same for the queue, from a [`QueueHarness`].
#[macro_export]
macro_rules! contract_queue {
    ($harness:expr) => {
        $crate::contract_tests! { $harness;
            queue:
                a_change_is_received_as_it_was_sent
                a_received_change_is_out_of_sight_until_its_visibility_runs_out
                an_acked_change_never_comes_back
                many_are_acked_at_once
                a_receipt_does_nothing_once_the_change_was_received_again
                a_receipt_does_nothing_to_a_later_message
                a_change_put_back_is_seen_again_at_its_time
                a_receipt_does_nothing_once_the_change_was_put_back_and_received_again
                equal_changes_fold_until_one_is_received
                a_folded_change_takes_the_more_urgent_lane
                a_folded_change_keeps_the_more_urgent_lane
                a_folded_change_keeps_whatever_date
                a_change_of_another_step_is_not_folded
                a_change_sent_while_its_equal_is_worked_on_survives_the_ack
                a_change_sent_after_its_equal_was_put_back_is_seen_at_once
                live_comes_before_backfill
                dependencies_come_first_and_closes_last
                no_more_than_max_are_received
                depth_counts_by_lane_and_in_flight
                the_next_due_moment_is_known
                two_receivers_never_share_a_change
                a_copy_of_a_dead_letter_is_no_work;
        }
    };
}

/// The same for shared secrets, from a [`CellHarness`].
#[macro_export]
macro_rules! contract_cells {
    ($harness:expr) => {
        $crate::contract_tests! { $harness;
            cells:
                a_cell_begins_empty
                a_cell_changes_only_from_the_revision_read
                of_two_who_change_a_cell_one_wins
                cells_do_not_touch_each_other;
        }
    };
}

/// The inner half of the macros above.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($harness:expr; $($part:ident: $($test:ident)*;)*) => {
        $(mod $part {
            #[allow(unused_imports, reason = "the harness may be named without them")]
            use super::*;

            $(#[test]
            fn $test() {
                $crate::contract::run(async { $crate::contract::$part::$test(&$harness).await });
            })*
        })*
    };
}
