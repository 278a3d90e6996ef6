//! Suppliers that are new in Coupa: each becomes a business partner once, and gets its code as its number.
//!
//! Two writes, and anything may happen between them. After the first SAP holds the partner, and it is found again: by the
//! code that SAP named, by Coupa's id where SAP keeps it, by a code that is made of that id, or by name and tax id.

use crate::{
    BatchReport, Ended, Pipeline,
    attempt::{Done, Stop, Work, Write},
    both_ways::is_blank,
    prepare::give_up,
    push::single,
    retry::MAX_UNFINISHED,
    sap_write::SapWrite,
    wave::panicked,
};
use coupa::{Call, Query, Tally, WholeSupplier};
use futures::FutureExt as _;
use model::planted::{Bug, bug};
use model::{AuditOutcome, Cause, Code, CoupaId, DocumentKey, Failure, Lane, Link, ObjectKind, SupplierLink};
use sap::{PartnerBy, entities::BusinessPartner};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};
use store::StoreError;

/// What Coupa has of a wave's new suppliers.
struct AroundNew {
    suppliers: BTreeMap<CoupaId, WholeSupplier>,
    /// Those that are active and meet the filter.
    wanted: BTreeSet<CoupaId>,
}

impl Pipeline {
    pub(crate) async fn new_suppliers(
        &self,
        works: Vec<Work>,
        report: &mut BatchReport,
    ) -> Result<(), StoreError> {
        if works.is_empty() {
            return Ok(());
        }
        let ids: Vec<CoupaId> = works.iter().filter_map(|work| work.document().new_supplier_id()).collect();
        let lane = works.iter().map(|work| work.change.lane).min().unwrap_or(Lane::Backfill);
        let tally = Tally::default();
        let call = tally.call(lane);
        let looked = AssertUnwindSafe(self.look_at_new(&ids, &call)).catch_unwind().await;
        report.shared_coupa_calls.push((ObjectKind::Supplier, tally.made()));
        let around = match looked {
            Ok(Ok(around)) => Ok(around),
            Ok(Err(error)) => Err(Stop::from(error)),
            Err(panic) => Err(panicked(panic.as_ref())),
        };
        let attempts = works.into_iter().map(|work| self.new_attempt(work, around.as_ref()));
        self.collect(futures::stream::iter(attempts), report).await
    }

    async fn look_at_new(&self, ids: &[CoupaId], call: &Call<'_>) -> Result<AroundNew, coupa::Error> {
        let suppliers = self.coupa.whole_suppliers(call, ids, &Query::new()).await?;
        let active = |one: &&WholeSupplier| one.status.as_deref() == Some("active");
        let wanted = if self.settings.suppliers.filter.is_empty() {
            suppliers.values().filter(active).map(|one| one.id).collect()
        } else {
            let conditions = self.settings.suppliers.conditions();
            self.coupa.whole_suppliers(call, ids, &conditions).await?.into_keys().collect()
        };
        Ok(AroundNew { suppliers, wanted })
    }

    async fn new_attempt(
        &self,
        mut work: Work,
        around: Result<&AroundNew, &Stop>,
    ) -> Result<Option<Ended>, StoreError> {
        if work.item.unfinished >= MAX_UNFINISHED {
            let failure = give_up(&work);
            return self.end(work, Err(failure.into())).await;
        }
        let result = match around {
            Ok(around) => {
                let attempt = AssertUnwindSafe(self.new_supplier(&mut work, around));
                attempt.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
            }
            Err(stop) => Err(stop.clone()),
        };
        self.end(work, result).await
    }

    async fn new_supplier(&self, work: &mut Work, around: &AroundNew) -> Result<Done, Stop> {
        self.out_of_time()?;
        let not_applicable = |why: &str| Ok(Done::new(AuditOutcome::NotApplicable, why));
        let id = work.document().new_supplier_id();
        let Some(whole) = id.and_then(|id| around.suppliers.get(&id)) else {
            return not_applicable("it is no longer in Coupa");
        };
        if let Some(number) = whole.number.clone().filter(|number| !is_blank(Some(number))) {
            self.hand_over(work, &number);
            let message = format!("Coupa's supplier {} has the number {number}", whole.id);
            return Ok(Done::new(AuditOutcome::Unchanged, message));
        }
        if !self.settings.suppliers.create_in_sap {
            return not_applicable("suppliers that are new in Coupa are not created in SAP");
        }
        let (code, made) = match self.partner_of(work, whole).await? {
            Some(code) => (code, "found"),
            None if !around.wanted.contains(&whole.id) => {
                return not_applicable("it is not active, or doesn't meet the filter for new suppliers");
            }
            None => (self.create_partner(work, whole).await?, "created"),
        };
        let body = single("number", code.as_str());
        let reply: WholeSupplier = self.write(work, Write::Update(whole.id, &body)).await?;
        if reply.number.as_deref() != Some(code.as_str()) {
            let message = format!("Coupa's supplier {} did not take `{code}` as its number", whole.id);
            return Err(Failure::new(Code::CoupaRefused, message).into());
        }
        self.hand_over(work, &code);
        let name = whole.name.as_deref().unwrap_or_default();
        let message =
            format!("business partner {code} {made} in SAP for Coupa's supplier {} `{name}`", whole.id);
        Ok(Done::new(AuditOutcome::Created, message))
    }

    /// From here on it is the document of its number.
    fn hand_over(&self, work: &mut Work, number: &str) {
        work.item.number = Some(number.to_owned());
        work.item.link = None;
        let document = DocumentKey::supplier(&self.settings.company, number);
        work.touched.push(self.change(document, Cause::Coupa, work.change.lane));
    }

    /// The business partner that an earlier attempt made for this supplier, if there is one. In doubt a person decides.
    async fn partner_of(&self, work: &Work, whole: &WholeSupplier) -> Result<Option<String>, Stop> {
        if bug(Bug::PartnerMadeAgain) {
            return Ok(None);
        }
        let posted = match &work.item.link {
            Some(Link::Supplier(link)) => link.posted.clone(),
            _ => None,
        };
        if let Some(code) = posted.as_deref().filter(|code| !code.is_empty())
            && self.sap.whole_partner(code).await?.is_some()
        {
            return Ok(Some(code.to_owned()));
        }
        if let Some(code) = self.by_rule(whole).await? {
            return Ok(Some(code));
        }
        let mark = self.mark_member().await?;
        if let Some(member) = mark {
            let id = whole.id.to_string();
            let found = self.sap.partners_by(PartnerBy::Own(member, &id)).await?;
            match found.as_slice() {
                [] => {}
                [one] => return Ok(Some(one.card_code.clone())),
                several => return Err(unclear(whole, &several.iter().collect::<Vec<_>>())),
            }
        }
        let marked = mark.is_some() || self.settings.suppliers.new_partner.card_code.is_some();
        let may_be_ours = !marked && (work.unknown() || posted.is_some());
        if let Some(code) = self.lookalike(work, whole, may_be_ours).await? {
            return Ok(Some(code));
        }
        if posted.is_some() && !matches!(work.change.cause, Cause::Replay | Cause::Person) {
            return Err(draft(whole));
        }
        Ok(None)
    }

    async fn by_rule(&self, whole: &WholeSupplier) -> Result<Option<String>, Stop> {
        let Some(code) = self.settings.suppliers.new_partner.code(whole.id)? else { return Ok(None) };
        let Some(found) = self.sap.whole_partner(&code).await? else { return Ok(None) };
        let same = |one: &str, other: &str| one.trim() == other.trim();
        let name = whole.name.as_deref().unwrap_or_default();
        if found.partner.is_supplier() && same(&found.partner.card_name, name) {
            return Ok(Some(code));
        }
        Err(unclear(whole, &[&found.partner]))
    }

    /// Partners with this name or tax id. One that has both is taken for ours only if we may have made one: it may as well
    /// have been there all along.
    async fn lookalike(
        &self,
        work: &Work,
        whole: &WholeSupplier,
        may_be_ours: bool,
    ) -> Result<Option<String>, Stop> {
        let name = whole.name.as_deref().unwrap_or_default().trim();
        let tax_id = whole.tax_id.as_deref().unwrap_or_default().trim();
        let mut alike = BTreeMap::new();
        for (by, value) in [(PartnerBy::Name(name), name), (PartnerBy::TaxId(tax_id), tax_id)] {
            if !value.is_empty() {
                let found = self.sap.partners_by(by).await?;
                alike.extend(found.into_iter().map(|partner| (partner.card_code.clone(), partner)));
            }
        }
        let alike: Vec<&BusinessPartner> = alike.values().collect();
        let [one] = alike.as_slice() else {
            return if alike.is_empty() { Ok(None) } else { Err(unclear(whole, &alike)) };
        };
        let exact = one.card_name.trim() == name && one.federal_tax_id.trim() == tax_id && !tax_id.is_empty();
        if !exact || !may_be_ours {
            return Err(unclear(whole, &alike));
        }
        let code = one.card_code.clone();
        let taken = self.coupa.find_suppliers(&work.read_call(), std::slice::from_ref(&code)).await?;
        if taken.is_empty() { Ok(Some(code)) } else { Err(unclear(whole, &alike)) }
    }

    async fn create_partner(&self, work: &mut Work, whole: &WholeSupplier) -> Result<String, Stop> {
        let terms = self.payment_terms().await?;
        let mark = self.mark_member().await?;
        let fields = mapping::coupa_fields(whole, "");
        let rules = &self.settings.suppliers.new_partner;
        let body = mapping::new_partner(&self.context(&terms), whole.id, &fields, rules, mark)?;
        let code = match self.write_in_sap(work, SapWrite::Create(&body)).await {
            Ok(code) => code,
            Err(error) if is_no_match(&error) => {
                posted(work, whole, "");
                let given: Vec<&str> = body.keys().map(String::as_str).collect();
                let message = format!(
                    "{error}: either an approval procedure has made it a draft, or SAP lacks what one of these refers to: {}",
                    given.join(", ")
                );
                return Err(Failure::new(Code::SapMaybeDraft, message).into());
            }
            Err(error) => return Err(error.into()),
        };
        posted(work, whole, &code);
        match self.sap.whole_partner(&code).await? {
            Some(_) => Ok(code),
            None => Err(draft(whole)),
        }
    }
}

/// Kept with the item however the attempt ends: the partner is not posted again.
fn posted(work: &mut Work, whole: &WholeSupplier, code: &str) {
    let link = SupplierLink { posted: Some(code.to_owned()), ..SupplierLink::new(whole.id) };
    work.item.link = Some(Link::Supplier(link));
}

/// SAP says so of a reference that it doesn't know, and some versions of a partner that became a draft.
fn is_no_match(error: &sap::Error) -> bool {
    match error {
        sap::Error::NotFound { .. } => true,
        sap::Error::Refused { code, .. } => code == "-2028",
        _ => false,
    }
}

fn draft(whole: &WholeSupplier) -> Stop {
    let message =
        format!("the business partner for Coupa's supplier {} is not approved in SAP yet", whole.id);
    Failure::new(Code::SapDraft, message).into()
}

fn unclear(whole: &WholeSupplier, alike: &[&BusinessPartner]) -> Stop {
    let list: Vec<String> = alike
        .iter()
        .map(|one| format!("{} `{}` (tax id `{}`)", one.card_code, one.card_name, one.federal_tax_id))
        .collect();
    let message = format!(
        "Coupa's supplier {} `{}` (tax id `{}`) could be SAP's {}",
        whole.id,
        whole.name.as_deref().unwrap_or_default(),
        whole.tax_id.as_deref().unwrap_or_default(),
        list.join(", ")
    );
    Failure::new(Code::SupplierUnclear, message).into()
}
