//! Waiting for what other processes do.

use model::Clock;
use simulators::clock::SystemClock;
use std::time::Duration;

/// Waits until something is so, but no longer than this. Whether it is.
pub(crate) fn at_most(longest: Duration, step: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let begun = SystemClock.now();
    loop {
        if is_so() {
            return true;
        }
        if SystemClock.now().duration_since(begun).unsigned_abs() > longest {
            return false;
        }
        std::thread::sleep(step);
    }
}
