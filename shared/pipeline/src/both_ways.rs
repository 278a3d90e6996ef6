//! Suppliers that go both ways: both sides are read as they are now, compared with what they last agreed on, and brought
//! together. What we wrote ourselves is what they agreed on, so it comes back without an echo.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    push::{Mark, may_adopt, nothing_ignored},
    supplier::refused,
    surroundings::Surroundings,
    wave::Image,
};
use coupa::{Call, Query, WholeSupplier};
use mapping::{Fields, SupplierImage};
use model::{Agreed, AuditOutcome, Code, CoupaId, Failure, Link, ObjectKind, Sent, SupplierLink};
use std::collections::{BTreeMap, BTreeSet};

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
                (Image::Pair(pair), Some(Link::Supplier(link))) => {
                    ids.push(link.coupa_id);
                    if work.afresh() {
                        numbers.push(pair.image.number.clone());
                    }
                }
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
            around.linked = self.coupa.whole_suppliers(call, &ids, &Query::new()).await.map_err(failed)?;
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
        Ok(marks
            .into_iter()
            .filter_map(|(code, id)| Some((code, CoupaId(id.trim().parse().ok()?))))
            .collect())
    }

    /// A number of Coupa's that SAP doesn't know: an error where it should.
    pub(crate) fn orphan(work: &mut Work, around: &Surroundings) -> Result<Done, Stop> {
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
            match around.pairs.linked.get(&link.coupa_id) {
                Some(whole) => return self.bring_together(work, pair, whole, link).await,
                None if work.afresh() => work.item.link = None,
                None => {
                    let message =
                        format!("supplier {number} is no longer in Coupa, where it was {}", link.coupa_id);
                    return Err(Failure::new(Code::CoupaGone, message).into());
                }
            }
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
                let again =
                    self.coupa.find_whole_suppliers(&call, std::slice::from_ref(&image.number)).await?;
                match again.into_values().flatten().next() {
                    Some(whole) => self.adopt_pair(work, pair, &whole, false).await,
                    None => Err(self.name_taken(work, error, image).await?),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The name may be that of the very supplier for which the partner is just being made: its number is still to come.
    async fn name_taken(
        &self,
        work: &Work,
        error: coupa::Error,
        image: &SupplierImage,
    ) -> Result<Stop, Stop> {
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
}

fn agreed(sap: &Fields, coupa: &Fields) -> BTreeMap<String, Agreed> {
    let names: BTreeSet<&String> = sap.keys().chain(coupa.keys()).collect();
    let of = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    let pair = |name: &String| (name.clone(), Agreed { sap: of(sap, name), coupa: of(coupa, name) });
    names.into_iter().map(pair).collect()
}

/// What goes to Coupa alone.
pub(crate) fn one_way(fields: &Sent) -> Sent {
    let alone = fields.iter().filter(|(name, _)| !BOTH_WAYS.contains(&name.as_str()));
    alone.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(crate) fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}
