use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::time::Duration;

/// What the product needs, at the least, to do its work. `core.invoice.delete` is what Coupa asks for `void`.
pub const SCOPES: [&str; 10] = [
    "core.common.read",
    "core.accounting.read",
    "core.supplier.read",
    "core.supplier.write",
    "core.purchase_order.read",
    "core.purchase_order.write",
    "core.invoice.read",
    "core.invoice.create",
    "core.invoice.write",
    "core.invoice.delete",
];

/// Asked for besides [`SCOPES`] where the config lets invoices pass without approval.
pub const BYPASS_SCOPE: &str = "core.invoice.approval.bypass";

/// Asked for besides [`SCOPES`] where failures are told as integration errors.
pub const ALERT_SCOPES: [&str; 2] = ["core.integration.read", "core.integration.write"];

/// Which tenant, as which OAuth client, how fast.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://acme.coupahost.com`, without a path.
    pub url: String,
    /// Of the OAuth client.
    pub client_id: String,
    /// What the token is asked for.
    pub scopes: Vec<String>,
    /// Sent as `X-Coupa-API-Version` on every call; empty leaves it out.
    pub api_version: String,
    /// The budget.
    pub requests_per_second: Rate,
    /// How much of the budget is drawn at once.
    pub budget_block: BudgetBlock,
    /// For one exchange, from the first byte sent to the last byte read.
    pub request_timeout: Duration,
    /// A reply may be this long.
    pub max_body_bytes: usize,
}

/// How much of the budget one draw takes, and what that is worth depends on where the budget's record is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BudgetBlock {
    /// For processes on one machine, which have one clock and whose draws cost next to nothing: as many slots as there are
    /// requests waiting, at most eight or 0.2 s of the rate.
    #[default]
    Small,
    /// For workers on many machines, whose clocks are up to 500 ms apart and for whom each draw costs a write of a shared
    /// table: as many slots as there are requests waiting, or as the last block says are needed, at most a second of the
    /// rate. While nobody else wants any, a live request draws eight, so that what follows it finds some left.
    Large,
}

/// How many requests a second the budget allows: any positive number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Decimal);

impl Rate {
    /// `None` unless `requests_per_second` is positive.
    pub fn per_second(requests_per_second: Decimal) -> Option<Self> {
        (requests_per_second > Decimal::ZERO).then_some(Self(requests_per_second))
    }

    /// As configured.
    pub const fn requests_per_second(self) -> Decimal {
        self.0
    }

    /// From one request to the next: at least a nanosecond, at most thirty days.
    pub fn interval_ns(self) -> i64 {
        const MOST: i64 = 30 * 24 * 3600 * 1_000_000_000;
        let nanoseconds = Decimal::from(1_000_000_000).checked_div(self.0).map(|exact| exact.round());
        nanoseconds.and_then(|whole| whole.to_i64()).unwrap_or(MOST).clamp(1, MOST)
    }
}
