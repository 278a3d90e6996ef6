//! Charts of accounts: combinations of segments, whose code is computed.

use super::problem::Problem;
use super::record::{Field, Record};
use super::schema::Kind;
use super::state::State;
use serde_json::{Map, Value};

/// The names of the segments, first to last.
pub(crate) const SEGMENTS: [&str; 20] = [
    "segment-1",
    "segment-2",
    "segment-3",
    "segment-4",
    "segment-5",
    "segment-6",
    "segment-7",
    "segment-8",
    "segment-9",
    "segment-10",
    "segment-11",
    "segment-12",
    "segment-13",
    "segment-14",
    "segment-15",
    "segment-16",
    "segment-17",
    "segment-18",
    "segment-19",
    "segment-20",
];

impl State {
    /// The account that a reference names, made on demand where the chart is dynamic and segments were sent.
    pub(crate) fn resolve_account(&mut self, keys: &Map<String, Value>, chart: Option<u64>) -> Option<u64> {
        if keys.contains_key("id") {
            return self.find_by_keys(Kind::Account, keys);
        }
        let chart = self.chart_of(keys, chart)?;
        let code = code_of(keys).or_else(|| keys.get("code").and_then(Value::as_str).map(str::to_owned))?;
        let held = self.indices.account.get(&(chart, code.as_str().into())).copied();
        if let Some(id) = held {
            let usable = |account: &Record| account.get("active") != Some(&Field::Flag(false));
            return self.find(Kind::Account, id).is_some_and(usable).then_some(id);
        }
        if !self.settings.dynamic_accounts || code_of(keys).is_none() {
            return None;
        }
        Some(self.add_account(chart, keys, &code))
    }

    fn chart_of(&self, keys: &Map<String, Value>, chart: Option<u64>) -> Option<u64> {
        match keys.get("account-type").or_else(|| keys.get("account_type")) {
            Some(Value::Object(chart)) => {
                self.find_by_keys(Kind::AccountType, &super::references::hyphenated(chart.clone()))
            }
            Some(_) => None,
            None => chart.or_else(|| self.all(Kind::AccountType).next().map(Record::id)),
        }
    }

    fn add_account(&mut self, chart: u64, keys: &Map<String, Value>, code: &str) -> u64 {
        let mut account = self.fresh(Kind::Account);
        account.set("account-type", Field::Ref(Kind::AccountType, chart));
        account.set("active", Field::Flag(true));
        for segment in SEGMENTS {
            if let Some(value) = keys.get(segment).and_then(Value::as_str) {
                account.set_text(segment, value);
            }
        }
        account.set_text("code", code);
        account.set_text("name", keys.get("name").and_then(Value::as_str).unwrap_or(code));
        self.indices.account.insert((chart, code.into()), account.id());
        self.keep(Kind::Account, account)
    }

    /// `POST` or `PUT /api/accounts`: the code is computed from the segments, whatever was sent.
    pub(crate) fn save_account(&mut self, id: Option<u64>, body: Value) -> Result<u64, Problem> {
        let draft = self.draft(Kind::Account, body)?;
        let mut account = match id {
            Some(id) => self.find(Kind::Account, id).cloned().ok_or_else(Problem::not_found)?,
            None => self.fresh(Kind::Account),
        };
        let before = index_key(&account);
        self.fill(&mut account, draft, None)?;
        let mut messages = super::input::missing(&account, &["account-type"]);
        if account.is_blank("segment-1") {
            messages.push("Segment 1 - Account can't be blank".to_owned());
        }
        Problem::from_messages("account", messages)?;
        let segments: Vec<&str> = SEGMENTS.iter().filter_map(|segment| account.text(segment)).collect();
        let code = segments.join("-");
        account.set_text("code", &code);
        if account.is_blank("name") {
            account.set_text("name", &code);
        }
        let key = index_key(&account);
        if self.indices.account.get(&key).is_some_and(|holder| *holder != account.id()) {
            self.journal.duplicate("account", &code);
            return Err(Problem::refused("account", "Code has already been taken"));
        }
        self.indices.account.remove(&before);
        self.indices.account.insert(key, account.id());
        Ok(self.keep_changed(Kind::Account, account))
    }
}

fn index_key(account: &Record) -> (u64, Box<str>) {
    (account.reference("account-type").unwrap_or_default(), account.text_or_empty("code").into())
}

/// The code that the segments make, if there are any.
fn code_of(keys: &Map<String, Value>) -> Option<String> {
    let segments: Vec<&str> =
        SEGMENTS.iter().filter_map(|segment| keys.get(*segment).and_then(Value::as_str)).collect();
    (!segments.is_empty()).then(|| segments.join("-"))
}
