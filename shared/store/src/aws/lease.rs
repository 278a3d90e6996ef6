//! Leases on documents.

use super::{
    AwsStore,
    document::{FENCE, LEASE_OWNER, LEASE_TOKEN, LEASE_UNTIL, OPEN_ATTEMPT, UNFINISHED, UNKNOWN},
    dynamo::{side_by_side, unavailable},
    tables::PK,
    value::{Item, get_number, get_text, get_time, nanos, number, text, to_json},
};
use crate::{LeaseReply, LeaseRequest, StoreError};
use aws_sdk_dynamodb::{
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;
use model::{DocumentKey, Fence, Lease, OpenAttempt};

/// How often others may be quicker before we leave the document to them.
const LOOKS: usize = 5;

/// A lease that ran out with its attempt open.
struct RanOut {
    fence: u64,
    until: Timestamp,
    open_attempt: Option<String>,
    unfinished: u32,
}

impl AwsStore {
    pub(super) async fn take_all(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        let replies = side_by_side(requests.iter().map(|request| self.take(request)).collect()).await;
        if replies.iter().all(Result::is_ok) {
            return replies.into_iter().collect();
        }
        // Nobody learns of those that were taken. Left alone, each would be found open and cost an attempt.
        let taken = replies.iter().filter_map(|reply| match reply {
            Ok(LeaseReply::Taken(lease, _)) => Some(lease.clone()),
            Ok(LeaseReply::Held { .. }) | Err(_) => None,
        });
        if let Err(error) = self.give_up(&taken.collect::<Vec<_>>()).await {
            tracing::warn!(reason = %error, "leases that nobody uses run out by themselves");
        }
        replies.into_iter().collect()
    }

    async fn take(&self, request: &LeaseRequest) -> Result<LeaseReply, StoreError> {
        let token = format!("{:016x}", self.dynamo.random.next_u64());
        let mut ran_out = None;
        for _ in 0..LOOKS {
            let update = self.taking(request, &token, ran_out.as_ref())?;
            self.dynamo.meter.wrote(1);
            let error = match self.dynamo.patiently(|| update.clone().send()).await {
                Ok(output) => {
                    self.dynamo.meter.consumed(output.consumed_capacity());
                    return self.taken(request, &output.attributes.unwrap_or_default()).await;
                }
                Err(error) => error,
            };
            let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
            else {
                return Err(unavailable(&error));
            };
            let found = failed.item().cloned().unwrap_or_default();
            if get_text(&found, LEASE_TOKEN) == Some(&token) {
                return self.taken(request, &found).await;
            }
            ran_out = match get_time(&found, LEASE_UNTIL)? {
                Some(until) if until > request.now => return Ok(LeaseReply::Held { until }),
                Some(until) => Some(RanOut::new(&found, until)?),
                None => None,
            };
        }
        Err(StoreError::Unavailable(format!("{} changes hands too quickly", request.document)))
    }

    /// The one write that takes a lease. Undisturbed it asks only that nobody has it; otherwise it is conditional on what was
    /// found, and moves the attempt that was found open to where an attempt of unknown outcome stands.
    fn taking(
        &self,
        request: &LeaseRequest,
        token: &str,
        ran_out: Option<&RanOut>,
    ) -> Result<UpdateItemFluentBuilder, StoreError> {
        let open_attempt = OpenAttempt {
            started_at: request.now,
            owner: request.owner.clone(),
            correlation: request.correlation.clone(),
        };
        let mut set = format!(
            "SET {LEASE_OWNER} = :owner, {LEASE_UNTIL} = :until, {LEASE_TOKEN} = :token, {OPEN_ATTEMPT} = :open"
        );
        let mut update = self
            .on_document(&request.document)
            .expression_attribute_values(":owner", text(request.owner.0.clone()))
            .expression_attribute_values(":until", nanos(request.until))
            .expression_attribute_values(":token", text(token))
            .expression_attribute_values(":open", text(to_json(&open_attempt)?))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Some(ran_out) = ran_out else {
            return Ok(update
                .update_expression(format!("{set} ADD {FENCE} :one"))
                .condition_expression(format!("attribute_not_exists({LEASE_UNTIL})")));
        };
        if let Some(open_attempt) = &ran_out.open_attempt {
            set = format!("{set}, #unknown = :unknown, {UNFINISHED} = :unfinished");
            update = update
                .expression_attribute_names("#unknown", UNKNOWN)
                .expression_attribute_values(":unknown", text(open_attempt))
                .expression_attribute_values(":unfinished", number(ran_out.unfinished.saturating_add(1)));
        }
        // The moment, too: a lease can be renewed, which leaves its fence.
        Ok(update
            .expression_attribute_values(":fence", number(ran_out.fence))
            .expression_attribute_values(":found", nanos(ran_out.until))
            .update_expression(format!("{set} ADD {FENCE} :one"))
            .condition_expression(format!("{FENCE} = :fence AND {LEASE_UNTIL} = :found")))
    }

    async fn taken(&self, request: &LeaseRequest, item: &Item) -> Result<LeaseReply, StoreError> {
        let pk = request.document.to_string();
        let fence = get_number(item, FENCE)?.map(Fence);
        let lease = Lease {
            document: request.document.clone(),
            owner: request.owner.clone(),
            fence: fence.ok_or_else(|| StoreError::Corrupt(format!("{pk} has no fence")))?,
            until: request.until,
        };
        Ok(LeaseReply::Taken(lease, Box::new(self.dynamo.decode(&pk, item).await?)))
    }

    pub(super) async fn prolong(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        let update = self
            .under(lease)
            .update_expression(format!("SET {LEASE_UNTIL} = :until"))
            .expression_attribute_values(":until", nanos(until));
        if self.send_under(update).await? {
            Ok(Lease { until, ..lease.clone() })
        } else {
            Err(StoreError::Fenced(lease.document.clone()))
        }
    }

    pub(super) async fn give_up(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let remove = format!("REMOVE {LEASE_OWNER}, {LEASE_UNTIL}, {LEASE_TOKEN}, {OPEN_ATTEMPT}");
        let release = |lease| self.send_under(self.under(lease).update_expression(&remove));
        side_by_side(leases.iter().map(release).collect())
            .await
            .into_iter()
            .try_for_each(|done| done.map(drop))
    }

    /// An update that goes through only while the lease is the newest and was not given up.
    fn under(&self, lease: &Lease) -> UpdateItemFluentBuilder {
        self.on_document(&lease.document)
            .condition_expression(format!("{FENCE} = :fence AND attribute_exists({LEASE_UNTIL})"))
            .expression_attribute_values(":fence", number(lease.fence.0))
    }

    pub(super) fn on_document(&self, document: &DocumentKey) -> UpdateItemFluentBuilder {
        self.dynamo
            .client
            .update_item()
            .table_name(&self.dynamo.names.state)
            .key(PK, text(document.to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// `false` if the update's condition does not hold.
    pub(super) async fn send_under(&self, update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
        self.dynamo.meter.wrote(1);
        match self.dynamo.patiently(|| update.clone().send()).await {
            Ok(output) => {
                self.dynamo.meter.consumed(output.consumed_capacity());
                Ok(true)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }
}

impl RanOut {
    fn new(found: &Item, until: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            fence: get_number(found, FENCE)?.unwrap_or_default(),
            until,
            open_attempt: get_text(found, OPEN_ATTEMPT).map(str::to_owned),
            unfinished: get_number(found, UNFINISHED)?.unwrap_or_default(),
        })
    }
}
