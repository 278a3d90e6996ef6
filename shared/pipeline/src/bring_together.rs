//! Brings the two sides of a supplier together: decides field by field, writes to SAP, then to Coupa, and keeps what they agree
//! on.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    both_ways::{Pair, is_blank, one_way},
    push::nothing_ignored,
    read::not_in_sap,
    sap_write::SapWrite,
    supplier::refused,
};
use coupa::WholeSupplier;
use mapping::{Fields, Reconciled};
use model::planted::{Bug, bug};
use model::{Agreed, AuditOutcome, Code, Failure, Link, Sent, SupplierLink};
use serde_json::Value;

/// Somebody else may be quicker so often before we give way for a while.
const MAX_CHANGED: usize = 4;

/// What was written where, for the audit trail.
#[derive(Default)]
struct Story {
    to_sap: Vec<String>,
    to_coupa: Vec<String>,
    conflicts: Vec<String>,
    left: Vec<String>,
    ignored: Vec<String>,
}

impl Pipeline {
    pub(crate) async fn bring_together(
        &self,
        work: &mut Work,
        pair: &Pair,
        whole: &WholeSupplier,
        mut link: SupplierLink,
    ) -> Result<Done, Stop> {
        let number = &pair.image.number;
        if let Some(other) = whole.number.as_deref().filter(|other| !is_blank(Some(other)) && other != number)
        {
            let message = format!(
                "supplier {number} is Coupa's supplier {}, which now has the number `{other}`",
                whole.id
            );
            return Err(Failure::new(Code::SupplierNumberDiffers, message).into());
        }
        if bug(Bug::AgreedForgotten) {
            link.agreed.clear();
        }
        let coupa = mapping::coupa_fields(whole, number);
        let mut decided = mapping::reconcile(&link.agreed, &pair.fields, &coupa, self.mapping.ownership());
        let mut story = Story::default();
        let mut refused = None;
        if decided.to_sap.is_empty() {
            link.agreed.clone_from(&decided.agreed);
        } else if let Some(letter) = ignored_before(work, &decided) {
            return Err(letter.into());
        } else {
            match self.bring_to_sap(work, number, &coupa, &mut link, &mut story).await {
                Ok(anew) => decided = anew,
                // What SAP doesn't take from Coupa keeps nothing of SAP's from Coupa.
                Err(Stop::Failed(failure)) if !failure.class().heals() => {
                    link.agreed.clone_from(&decided.agreed);
                    refused = Some(failure);
                }
                Err(stop) => return Err(stop),
            }
        }
        story.decided(&decided);
        work.item.link = Some(Link::Supplier(link.clone()));
        self.bring_to_coupa(work, pair, whole, &decided, link, &mut story).await?;
        refused.map_or_else(|| story.end(number), |failure| Err(failure.into()))
    }

    /// Writes what SAP lacks, on the condition that SAP is as it was read; otherwise reads again and decides anew.
    async fn bring_to_sap(
        &self,
        work: &mut Work,
        number: &str,
        coupa: &Fields,
        link: &mut SupplierLink,
        story: &mut Story,
    ) -> Result<Reconciled, Stop> {
        let terms = self.payment_terms().await?;
        let context = self.context(&terms);
        let mut last = None;
        for _ in 0..MAX_CHANGED {
            let read = self.sap.whole_partner(number).await?.ok_or_else(|| not_in_sap(work))?;
            let fields = mapping::sap_fields(&context, &read.partner)?;
            let decided = mapping::reconcile(&link.agreed, &fields, coupa, self.mapping.ownership());
            if decided.to_sap.is_empty() {
                work.stamp = read.partner.stamp().or(work.stamp);
                link.agreed.clone_from(&decided.agreed);
                return Ok(decided);
            }
            let body = mapping::to_sap(&context, &read.partner, &decided.to_sap)?;
            let write = SapWrite::Patch { code: number, body: &body, etag: read.etag.as_ref() };
            match self.write_in_sap(work, write).await {
                Ok(_) => {}
                Err(error @ sap::Error::Changed(_)) => {
                    last = Some(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            // SAP ignores what it doesn't let change, and says nothing.
            let after = self.sap.whole_partner(number).await?.ok_or_else(|| not_in_sap(work))?;
            let shown = mapping::sap_fields(&context, &after.partner)?;
            work.stamp = after.partner.stamp().or(work.stamp);
            settle_sap(link, &decided, &Seen { before: &fields, after: &shown, coupa }, story);
            work.item.link = Some(Link::Supplier(link.clone()));
            return Ok(decided);
        }
        Err(last.map_or_else(|| Failure::new(Code::SapChanged, number), |error| error.failure()).into())
    }

    async fn bring_to_coupa(
        &self,
        work: &mut Work,
        pair: &Pair,
        whole: &WholeSupplier,
        decided: &Reconciled,
        mut link: SupplierLink,
        story: &mut Story,
    ) -> Result<(), Stop> {
        let number = &pair.image.number;
        let mut body = mapping::to_coupa(&decided.to_coupa, whole, number);
        // What an unfinished attempt changed isn't known, and writing the same twice does no harm.
        let last = if work.unknown() || work.afresh() { Sent::new() } else { one_way(&link.sent) };
        body.extend(mapping::difference(&last, &one_way(&pair.image.fields)));
        if is_blank(whole.number.as_deref()) {
            body.insert("number".to_owned(), Value::from(number.as_str()));
        } else {
            body.remove("number");
        }
        if !body.is_empty() {
            let reply = self.write(work, Write::Update(whole.id, &body)).await;
            let reply: WholeSupplier = reply.map_err(|error| refused(error, &pair.image))?;
            nothing_ignored(&body, &reply.references())?;
            let shown = mapping::coupa_fields(&reply, number);
            for (name, value) in &decided.to_coupa {
                let coupa = shown.get(name).cloned().unwrap_or_default();
                link.agreed.insert(name.clone(), Agreed { sap: value.clone(), coupa });
            }
            story.to_coupa = body.keys().cloned().collect();
        }
        link.sent.clone_from(&pair.image.fields);
        work.item.link = Some(Link::Supplier(link));
        Ok(())
    }
}

/// What SAP ignored before, and nobody has changed since. Sent again it would only move SAP's stamp, for the next poll to see.
fn ignored_before(work: &Work, decided: &Reconciled) -> Option<Failure> {
    let letter = work.item.dead_letter.as_ref().filter(|letter| letter.code == Code::SapIgnored)?;
    let told = |(name, value): (&String, &Value)| letter.message.contains(&sent_as(name, value));
    let same = !work.is_news() && decided.to_sap.iter().all(told);
    same.then(|| Failure::new(letter.code, letter.message.clone()))
}

fn sent_as(name: &str, value: &Value) -> String {
    format!("{name} was sent as {value}, ")
}

/// SAP before and after a write, and Coupa.
struct Seen<'a> {
    before: &'a Fields,
    after: &'a Fields,
    coupa: &'a Fields,
}

/// What both agree on after SAP has taken what was decided.
fn settle_sap(link: &mut SupplierLink, decided: &Reconciled, seen: &Seen<'_>, story: &mut Story) {
    let of = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    link.agreed.clone_from(&decided.agreed);
    for (name, value) in &decided.to_sap {
        let (was, is) = (of(seen.before, name), of(seen.after, name));
        if is == was && is != *value {
            story.ignored.push(format!("{}SAP shows {is}", sent_as(name, value)));
            continue;
        }
        // If somebody was quick to change it again, that shows as SAP's change the next time.
        link.agreed.insert(name.clone(), Agreed { sap: value.clone(), coupa: of(seen.coupa, name) });
    }
    for name in seen.after.keys().filter(|name| !decided.to_sap.contains_key(*name)) {
        let (was, is) = (of(seen.before, name), of(seen.after, name));
        let moved = was != is && decided.to_sap.keys().any(|written| mapping::moves_with(written, name));
        if moved && !decided.to_coupa.contains_key(name) {
            link.agreed.insert(name.clone(), Agreed { sap: is, coupa: of(seen.coupa, name) });
        }
    }
}

impl Story {
    fn decided(&mut self, decided: &Reconciled) {
        self.to_sap = decided.to_sap.keys().cloned().collect();
        self.left.clone_from(&decided.left);
        let both = decided.conflicts.iter().filter(|one| !one.sap.is_null() || !one.coupa.is_null());
        let told = |one: &mapping::Conflict| {
            let mapping::Conflict { field, sap, coupa, winner } = one;
            format!("{field} differed: SAP {sap}, Coupa {coupa}: {winner}'s holds")
        };
        self.conflicts = both.map(told).collect();
    }

    fn end(self, number: &str) -> Result<Done, Stop> {
        let mut parts = vec![];
        for (what, fields) in [("updated in SAP", &self.to_sap), ("updated in Coupa", &self.to_coupa)] {
            if !fields.is_empty() {
                parts.push(format!("{what}: {}", fields.join(", ")));
            }
        }
        let changed = !parts.is_empty();
        parts.extend(self.conflicts);
        if !self.left.is_empty() {
            parts.push(format!("the other side can't show: {}", self.left.join(", ")));
        }
        if !self.ignored.is_empty() {
            parts.extend(self.ignored);
            let message = format!("supplier {number}: {}", parts.join("; "));
            return Err(Failure::new(Code::SapIgnored, message).into());
        }
        if changed {
            return Ok(Done::new(AuditOutcome::Updated, format!("supplier {number} {}", parts.join("; "))));
        }
        parts.insert(0, "both sides agree".to_owned());
        Ok(Done::new(AuditOutcome::Unchanged, parts.join("; ")))
    }
}
