//! People at work in Coupa: what they change in suppliers there, and those that they add.

use crate::random::Random;
use serde_json::{Value, json};
use simulators::coupa::{Kind, Simulator};

/// What the names begin with of those that were added in Coupa.
pub const BORN: &str = "Born in Coupa";
/// What their tax ids begin with.
pub const NEWCOMERS_TAX_ID: &str = "FR";

/// The people.
pub struct CoupaPeople {
    coupa: Simulator,
    random: Random,
    /// Whether they add suppliers of their own.
    adds: bool,
    counted: u32,
}

impl CoupaPeople {
    /// Nobody has done anything yet.
    pub fn new(coupa: Simulator, seed: u64, adds: bool) -> Self {
        Self { coupa, random: Random::of(seed, "people in Coupa"), adds, counted: 0 }
    }

    /// Somebody does something. Answers what, unless Coupa would not have it.
    pub fn act(&mut self) -> Option<String> {
        if self.adds && self.random.percent(35) {
            return self.add();
        }
        let numbered = self.coupa.suppliers().into_iter().filter(|one| !one.number.is_empty());
        let ids: Vec<u64> = numbered.map(|one| one.id).collect();
        self.change(*self.random.pick(&ids)?)
    }

    /// Somebody changes the supplier with that number, if it is there.
    pub fn change_number(&mut self, number: &str) -> Option<String> {
        self.change(self.coupa.supplier_by_number(number)?.id)
    }

    /// Somebody gives that supplier another name; answers which.
    pub fn rename(&mut self, id: u64) -> Option<String> {
        self.counted += 1;
        let name = format!("Renamed in Coupa {}", self.counted);
        self.coupa.edit_supplier(id, json!({ "name": name })).ok()?;
        Some(name)
    }

    fn change(&mut self, id: u64) -> Option<String> {
        if self.random.percent(40) {
            let name = self.rename(id)?;
            return Some(format!("supplier {id} is called {name}"));
        }
        self.counted += 1;
        let email = format!("desk{}@own.example", self.counted);
        self.coupa.edit_supplier(id, json!({"primary-contact": {"email": email}})).ok()?;
        Some(format!("supplier {id} is written to at {email}"))
    }

    fn add(&mut self) -> Option<String> {
        self.counted += 1;
        let name = format!("{BORN} {}", self.counted);
        let id = self.coupa.enter(Kind::Supplier, newcomer(&name, self.counted)).ok()?;
        Some(format!("supplier {id} is added as {name}"))
    }
}

fn newcomer(name: &str, number: u32) -> Value {
    json!({
        "name": name, "status": "active", "tax-id": format!("{NEWCOMERS_TAX_ID}{number:09}"),
        "primary-contact": {"email": format!("joe{number}@own.example"), "name-given": "Joe", "name-family": "Own"},
        "primary-address": {"street1": "Weg 1", "city": "Kiel", "postal-code": "24103", "country": {"code": "DE"}},
    })
}
