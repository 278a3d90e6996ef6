//! Takes leases: on the documents of a wave, and on those that an attempt has to write besides.

use crate::{BatchReport, Pipeline, attempt::Stop, attempt::Work, retry, wave::Folded};
use jiff::Timestamp;
use model::{CorrelationId, DocumentItem, DocumentKey, Lease};
use std::{collections::BTreeSet, sync::atomic::Ordering};
use store::{LeaseReply, LeaseRequest, StoreError};

/// After so many attempts in a row that never reached an end, a document is worked on alone: whatever kills its attempts
/// shall take no others along.
const SUSPECT_AFTER: u32 = 2;

/// The answer to a request for a lease, with what may still arrive in Coupa taken into account.
enum Taken {
    Lease(Lease, Box<DocumentItem>),
    /// Not before then.
    Later(Timestamp),
}

impl Pipeline {
    /// Takes the leases. What somebody else holds goes back into the queue; what has to be worked on alone is given back
    /// and answered as the second part.
    pub(crate) async fn take(
        &self,
        folded: Vec<Folded>,
        report: &mut BatchReport,
    ) -> Result<(Vec<Work>, Vec<Folded>), StoreError> {
        let now = self.clock.now();
        if self.stopping.load(Ordering::Relaxed) {
            for folded in folded {
                report.held += 1;
                self.put_back(&folded.receipts, now).await?;
            }
            return Ok((vec![], vec![]));
        }
        let wanted: Vec<_> =
            folded.iter().map(|one| (one.change.document.clone(), one.change.correlation.clone())).collect();
        let taken = self.lease_all(&wanted).await?;
        let several = folded.len() > 1;
        let (mut works, mut alone, mut release) = (Vec::new(), Vec::new(), Vec::new());
        for (folded, taken) in folded.into_iter().zip(taken) {
            match taken {
                Taken::Lease(lease, item) if several && item.unfinished >= SUSPECT_AFTER => {
                    release.push(lease);
                    alone.push(folded);
                }
                Taken::Lease(lease, item) => works.push(Work {
                    change: folded.change,
                    receipts: folded.receipts,
                    lease,
                    item: *item,
                    others: vec![],
                    started_at: now,
                    stamp: None,
                    calls: 0.into(),
                    sent: vec![].into(),
                    touched: vec![],
                    counted: false,
                    held_back: false,
                }),
                Taken::Later(until) => {
                    report.held += 1;
                    self.put_back(&folded.receipts, self.soon(until)).await?;
                }
            }
        }
        if !release.is_empty() {
            self.state.release(&release).await?;
        }
        Ok((works, alone))
    }

    /// Takes the leases on further documents that the attempt will write, in the order of their keys, all or none.
    pub(crate) async fn join(&self, work: &mut Work, documents: &[DocumentKey]) -> Result<(), Stop> {
        let wanted: BTreeSet<&DocumentKey> = documents.iter().collect();
        let wanted: Vec<_> =
            wanted.into_iter().map(|document| (document.clone(), work.change.correlation.clone())).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let (mut leased, mut held) = (Vec::new(), None);
        for taken in self.lease_all(&wanted).await? {
            match taken {
                Taken::Lease(lease, item) => leased.push((lease, *item)),
                Taken::Later(until) => held = held.max(Some(until)),
            }
        }
        if let Some(until) = held {
            let given_up: Vec<_> = leased.into_iter().map(|(lease, _)| lease).collect();
            self.state.release(&given_up).await?;
            return Err(Stop::Held { until });
        }
        work.others.extend(leased);
        Ok(())
    }

    /// A lease on a document that an earlier write may still reach is no use yet: what Coupa says now proves nothing.
    async fn lease_all(&self, wanted: &[(DocumentKey, CorrelationId)]) -> Result<Vec<Taken>, StoreError> {
        let now = self.clock.now();
        let requests: Vec<LeaseRequest> = wanted
            .iter()
            .map(|(document, correlation)| LeaseRequest {
                document: document.clone(),
                owner: self.owner.clone(),
                now,
                until: now + self.settings.lease(),
                correlation: correlation.clone(),
            })
            .collect();
        let (mut answers, mut release) = (Vec::new(), Vec::new());
        for reply in self.state.take_leases(&requests).await? {
            answers.push(match reply {
                LeaseReply::Held { until } => Taken::Later(until),
                LeaseReply::Taken(lease, item) => {
                    match retry::arrives_until(item.unknown.as_ref(), now, self.settings.reserve()) {
                        None => Taken::Lease(lease, item),
                        Some(until) => {
                            release.push(lease);
                            Taken::Later(until)
                        }
                    }
                }
            });
        }
        if !release.is_empty() {
            self.state.release(&release).await?;
        }
        Ok(answers)
    }

    /// Prolongs leases that a slow step has left too short, and lets go of attempts that have lost theirs.
    pub(crate) async fn keep_leases<T>(
        &self,
        ready: Vec<(Work, T)>,
        report: &mut BatchReport,
    ) -> Vec<(Work, T)> {
        let mut kept = Vec::new();
        for (mut work, image) in ready {
            let short =
                work.lasts_until() < self.clock.now() + self.settings.reserve() + self.renewal_margin();
            if short && self.renew(&mut work).await.is_err() {
                // Somebody else has it now, or the store is away: its message comes again by itself.
                report.held += 1;
                continue;
            }
            kept.push((work, image));
        }
        kept
    }
}
