//! Cursors, and small records by name.

use super::{
    AwsStore,
    body::Body,
    dynamo::{parts_before, unavailable},
    tables::PK,
    value::{from_json, get_number, number, text, to_json},
};
use crate::StoreError;
use aws_sdk_dynamodb::{
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::{ReturnConsumedCapacity, ReturnValue},
};
use model::Cursor;
use serde_json::Value;

pub(super) const REVISION: &str = "revision";

impl AwsStore {
    pub(super) async fn read_cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        let pk = format!("cursor/{name}");
        let Some((item, body)) = self.dynamo.get_with_body(&pk).await? else {
            return Ok((Cursor::default(), 0));
        };
        let cursor = body.map(|json| from_json(&pk, &json)).transpose()?.unwrap_or_default();
        Ok((cursor, get_number(&item, REVISION)?.unwrap_or_default()))
    }

    pub(super) async fn write_cursor(
        &self,
        name: &str,
        cursor: &Cursor,
        revision: u64,
    ) -> Result<u64, StoreError> {
        let pk = format!("cursor/{name}");
        let body = Body::new(to_json(cursor)?, &(revision + 1).to_string());
        let put = self.dynamo.put(&pk).item(REVISION, number(revision + 1));
        let put = if_revision(put, revision);
        if self.put_with_body(&pk, put, &body).await? {
            Ok(revision + 1)
        } else {
            Err(StoreError::Conflict(format!("the cursor {name}")))
        }
    }

    pub(super) async fn read_record(&self, name: &str) -> Result<Option<Value>, StoreError> {
        let pk = format!("record/{name}");
        let found = self.dynamo.get_with_body(&pk).await?;
        found.and_then(|(_, body)| body).map(|json| from_json(&pk, &json)).transpose()
    }

    pub(super) async fn write_record(&self, name: &str, value: Option<&Value>) -> Result<(), StoreError> {
        let pk = format!("record/{name}");
        let Some(value) = value else {
            self.dynamo.meter.wrote(1);
            let delete = self
                .dynamo
                .client
                .delete_item()
                .table_name(&self.dynamo.names.state)
                .key(PK, text(&pk))
                .return_values(ReturnValue::AllOld);
            let output = self.dynamo.patiently(|| delete.clone().send()).await;
            let old = output.map_err(|error| unavailable(&error))?.attributes;
            if let Some(parts) = parts_before(old.as_ref(), None) {
                self.dynamo.remove_parts(&pk, &parts).await;
            }
            return Ok(());
        };
        // Each writing of a record has parts of its own.
        let body = Body::new(to_json(value)?, &format!("{:016x}", self.dynamo.random.next_u64()));
        self.put_with_body(&pk, self.dynamo.put(&pk), &body).await.map(drop)
    }

    pub(super) async fn exchange_record(
        &self,
        name: &str,
        seen: Option<&Value>,
        value: &Value,
    ) -> Result<bool, StoreError> {
        let pk = format!("record/{name}");
        let put = self.dynamo.put(&pk);
        let put = match seen {
            None => put.condition_expression(format!("attribute_not_exists({PK})")),
            Some(seen) => {
                let seen = Body::new(to_json(seen)?, "");
                put.condition_expression("#body = :seen")
                    .expression_attribute_names("#body", seen.name)
                    .expression_attribute_values(":seen", seen.value)
            }
        };
        self.put_with_body(&pk, put, &Body::new(to_json(value)?, "")).await
    }

    /// `false` if the put's condition does not hold.
    async fn put_with_body(
        &self,
        pk: &str,
        put: PutItemFluentBuilder,
        body: &Body,
    ) -> Result<bool, StoreError> {
        self.dynamo.put_parts(pk, body).await?;
        let put = put.item(body.name, body.value.clone()).return_values(ReturnValue::AllOld);
        self.dynamo.meter.wrote(1);
        let output = match self.dynamo.patiently(|| put.clone().send()).await {
            Ok(output) => output,
            Err(error) => {
                return match error.as_service_error() {
                    // Parts that were written for nothing have the name of this revision and this content, and so may
                    // be another's, too, whose answer was lost: they stay.
                    Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                    _ => Err(unavailable(&error)),
                };
            }
        };
        self.dynamo.meter.consumed(output.consumed_capacity());
        if let Some(old) = parts_before(output.attributes(), body.named_parts().as_ref()) {
            self.dynamo.remove_parts(pk, &old).await;
        }
        Ok(true)
    }
}

impl super::dynamo::Dynamo {
    pub(super) fn put(&self, pk: &str) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(&self.names.state)
            .item(PK, text(pk))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

/// Lets a put through only while the item has this revision; 0 where there is none yet.
pub(super) fn if_revision(put: PutItemFluentBuilder, revision: u64) -> PutItemFluentBuilder {
    if revision == 0 {
        return put.condition_expression(format!("attribute_not_exists({PK})"));
    }
    put.condition_expression(format!("{REVISION} = :revision"))
        .expression_attribute_values(":revision", number(revision))
}
