//! Suppliers that go both ways: both sides are read as they are now, compared with what they last agreed on, and brought
//! together. What we wrote ourselves is what they agreed on, so it comes back without an echo.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    push::{Mark, may_adopt, nothing_ignored},
    read::not_in_sap,
    sap_write::SapWrite,
    supplier::refused,
    surroundings::Surroundings,
    wave::Image,
};
use coupa::{Call, Query, WholeSupplier};
use mapping::{Fields, Reconciled, SupplierImage};
use model::{Agreed, AuditOutcome, Code, CoupaId, Failure, Link, ObjectKind, Sent, SupplierLink};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody else may be quicker so often before we give way for a while.
const MAX_CHANGED: usize = 4;

/// Of what SAP shows, what goes both ways: the rest of the image goes to Coupa alone.
const BOTH_WAYS: [&str; 5] = ["name", "status", "tax-id", "payment-term", "primary-address"];

/// A supplier as SAP shows it.
#[derive(Debug)]
pub(crate) struct Pair {
    pub image: SupplierImage,
    pub fields: Fields,
}

/// What Coupa has of a wave's pairs, and what SAP says of those that aren't linked.
#[derive(Default)]
pub(crate) struct AroundPairs {
    linked: BTreeMap<CoupaId, WholeSupplier>,
    by_number: BTreeMap<String, Vec<WholeSupplier>>,
    /// `CardCode` to the id that SAP keeps of Coupa's supplier.
    marked: BTreeMap<String, CoupaId>,
    /// Numbers of suppliers that should be in SAP.
    expected: BTreeSet<String>,
}

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
    pub(crate) async fn look_around_pairs(
        &self,
        ready: &[(Work, Image)],
        call: &Call<'_>,
    ) -> Result<AroundPairs, Failure> {
        let mut around = AroundPairs::default();
        let (mut ids, mut numbers, mut orphans) = (vec![], vec![], vec![]);
        for (work, image) in ready {
            match (image, &work.item.link) {
                (Image::Pair(_), Some(Link::Supplier(link))) => ids.push(link.coupa_id),
                (Image::Pair(pair), _) => numbers.push(pair.image.number.clone()),
                (Image::Orphan, _) => orphans.push(work.document().key.to_string()),
                _ => {}
            }
        }
        let failed = |error: coupa::Error| error.failure();
        if !numbers.is_empty() {
            around.by_number = self.coupa.find_whole_suppliers(call, &numbers).await.map_err(failed)?;
            around.marked = self.marked(&numbers).await.map_err(|error| error.failure())?;
            ids.extend(around.marked.values());
        }
        if !ids.is_empty() {
            around.linked =
                self.coupa.whole_suppliers(call, &ids, &Query::new()).await.map_err(failed)?;
        }
        if !orphans.is_empty() {
            let conditions = self.settings.suppliers.conditions();
            around.expected =
                self.coupa.numbers_meeting(call, &orphans, &conditions).await.map_err(failed)?;
        }
        Ok(around)
    }

    /// Which of Coupa's suppliers a business partner was made for, where SAP keeps it.
    async fn marked(&self, codes: &[String]) -> Result<BTreeMap<String, CoupaId>, sap::Error> {
        if !self.settings.suppliers.create_in_sap {
            return Ok(BTreeMap::new());
        }
        let Some(member) = self.mark_member().await? else { return Ok(BTreeMap::new()) };
        let marks = self.sap.own_member(member, codes).await?;
        Ok(marks.into_iter().filter_map(|(code, id)| Some((code, CoupaId(id.trim().parse().ok()?)))).collect())
    }

    /// A number of Coupa's that SAP doesn't know: an error where it should.
    pub(crate) fn orphan(&self, work: &mut Work, around: &Surroundings) -> Result<Done, Stop> {
        let number = work.document().key.to_string();
        if around.pairs.expected.contains(&number) {
            work.item.number = Some(number.clone());
            let message = format!("Coupa's supplier with the number `{number}` is no supplier in SAP");
            return Err(Failure::new(Code::SupplierNotInSap, message).into());
        }
        Ok(Done::new(AuditOutcome::NotApplicable, "it is not in SAP"))
    }

    pub(crate) async fn sync_supplier(
        &self,
        work: &mut Work,
        pair: &Pair,
        around: &Surroundings,
    ) -> Result<Done, Stop> {
        let number = &pair.image.number;
        work.item.number = Some(number.clone());
        if let Some(Link::Supplier(link)) = work.item.link.clone() {
            let Some(whole) = around.pairs.linked.get(&link.coupa_id) else {
                let message = format!("supplier {number} is no longer in Coupa, where it was {}", link.coupa_id);
                return Err(Failure::new(Code::CoupaGone, message).into());
            };
            return self.bring_together(work, pair, whole, link).await;
        }
        let by_number = around.pairs.by_number.get(number).and_then(|found| found.first());
        let marked = around.pairs.marked.get(number).and_then(|id| around.pairs.linked.get(id));
        match by_number.or(marked) {
            Some(whole) => self.adopt_pair(work, pair, whole, marked.is_some()).await,
            None => self.create_pair(work, pair).await,
        }
    }

    async fn adopt_pair(
        &self,
        work: &mut Work,
        pair: &Pair,
        whole: &WholeSupplier,
        marked: bool,
    ) -> Result<Done, Stop> {
        let mark = if work.unknown() || marked { Mark::Ours } else { Mark::None };
        let what = format!("supplier `{}` (Coupa supplier {})", pair.image.number, whole.id);
        may_adopt(&mark, self.mapping.adopt(ObjectKind::Supplier), work.document(), &what)?;
        let link = SupplierLink::new(whole.id);
        work.item.link = Some(Link::Supplier(link.clone()));
        self.bring_together(work, pair, whole, link).await
    }

    async fn create_pair(&self, work: &mut Work, pair: &Pair) -> Result<Done, Stop> {
        let image = &pair.image;
        let mut body = image.fields.clone();
        body.extend(image.at_creation.clone());
        match self.write::<WholeSupplier>(work, Write::Create(&body)).await {
            Ok(created) => {
                let mut link = SupplierLink::new(created.id);
                let complete = nothing_ignored(&body, &created.references());
                if complete.is_ok() {
                    link.sent.clone_from(&image.fields);
                    link.agreed = agreed(&pair.fields, &mapping::coupa_fields(&created, &image.number));
                }
                work.item.link = Some(Link::Supplier(link));
                complete?;
                Ok(Done::new(AuditOutcome::Created, format!("supplier {} created in Coupa", image.number)))
            }
            Err(error) if error.taken() => {
                // Somebody created it since we asked, or the name is another supplier's.
                let call = work.read_call();
                let again = self.coupa.find_whole_suppliers(&call, &[image.number.clone()]).await?;
                match again.into_values().flatten().next() {
                    Some(whole) => self.adopt_pair(work, pair, &whole, false).await,
                    None => Err(self.name_taken(work, error, image).await?),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The name may be that of the very supplier for which the partner is just being made: its number is still to come.
    async fn name_taken(&self, work: &Work, error: coupa::Error, image: &SupplierImage) -> Result<Stop, Stop> {
        if self.settings.suppliers.create_in_sap {
            let query = Query::new().equals("name", &image.name);
            let found = self.coupa.page::<WholeSupplier>(&work.read_call(), &query, None).await?;
            if let Some(other) = found.iter().find(|other| is_blank(other.number.as_deref())) {
                let message = format!(
                    "supplier {} has the name of Coupa's supplier {}, which has no number yet",
                    image.number, other.id
                );
                return Ok(Failure::new(Code::Waiting, message).into());
            }
        }
        Ok(refused(error, image))
    }

    async fn bring_together(
        &self,
        work: &mut Work,
        pair: &Pair,
        whole: &WholeSupplier,
        mut link: SupplierLink,
    ) -> Result<Done, Stop> {
        let number = &pair.image.number;
        if let Some(other) = whole.number.as_deref().filter(|other| !is_blank(Some(other)) && other != number) {
            let message =
                format!("supplier {number} is Coupa's supplier {}, which now has the number `{other}`", whole.id);
            return Err(Failure::new(Code::SupplierNumberDiffers, message).into());
        }
        let coupa = mapping::coupa_fields(whole, number);
        let mut decided = mapping::reconcile(&link.agreed, &pair.fields, &coupa, self.mapping.ownership());
        let mut story = Story::default();
        if decided.to_sap.is_empty() {
            link.agreed.clone_from(&decided.agreed);
        } else if let Some(letter) = ignored_before(work, &decided) {
            return Err(letter.into());
        } else {
            decided = self.bring_to_sap(work, number, &coupa, &mut link, &mut story).await?;
        }
        story.decided(&decided);
        work.item.link = Some(Link::Supplier(link.clone()));
        self.bring_to_coupa(work, pair, whole, &decided, link, &mut story).await?;
        story.end(number)
    }

    /// PATCHes what SAP lacks, on the condition that SAP is as it was read; otherwise reads again and decides anew.
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
        let last = if work.unknown() { Sent::new() } else { one_way(&link.sent) };
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

fn agreed(sap: &Fields, coupa: &Fields) -> BTreeMap<String, Agreed> {
    let names: BTreeSet<&String> = sap.keys().chain(coupa.keys()).collect();
    let of = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    let pair = |name: &String| (name.clone(), Agreed { sap: of(sap, name), coupa: of(coupa, name) });
    names.into_iter().map(pair).collect()
}

/// What goes to Coupa alone.
fn one_way(fields: &Sent) -> Sent {
    let alone = fields.iter().filter(|(name, _)| !BOTH_WAYS.contains(&name.as_str()));
    alone.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(crate) fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}
