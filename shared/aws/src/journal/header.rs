//! Headers: the facts of an execution, and how it stands.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `x#<execution>`, `h` |
//! | `doc` | the facts, as [`baton_store::records`] writes them; never changed |
//! | `state` | the status' name |
//! | `standing` | the status with its output or error, once it has ended |
//! | `closed` | the closed forks |
//! | `redriven` | how often it was redriven, once it was |
//! | `redrives` | when, and by which requests |
//! | `expires` | when DynamoDB may delete it |

use super::list::Entry;
use crate::Aws;
use crate::blob::Folder;
use crate::document::{DOC, attribute, document};
use crate::error::{Malformed, unavailable};
use crate::item::{Item, n, s, text_if_any, texts};
use crate::keys::{self, EXPIRES, Key};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use baton_engine::ForkId;
use baton_store::{
    Created, ExecutionArn, Header, Redrive, Status, StatusName, StoreError, records,
};
use std::collections::BTreeSet;
use std::sync::Arc;

const WHAT: &str = "execution";
const STATE: &str = "state";
const STANDING: &str = "standing";
const CLOSED: &str = "closed";
const REDRIVES: &str = "redrives";

impl Aws {
    pub(super) async fn create_header(&self, header: &Header) -> Result<Created, StoreError> {
        let key = keys::header(&header.arn());
        let doc = self.blobs.encode(Folder::Payloads, header).await?;
        let mut item = key.attributes();
        item.insert(DOC.to_owned(), attribute(doc.clone()));
        item.insert(STATE.to_owned(), s(StatusName::Running.as_str()));
        item.insert(EXPIRES.to_owned(), self.expires());
        let sent = self
            .dynamo
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(sk)")
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(Created::New) };
        let Some(PutItemError::ConditionalCheckFailedException(held)) = error.as_service_error()
        else {
            return Err(unavailable(WHAT)(error));
        };
        let held =
            held.item().ok_or_else(|| Malformed::Attribute(DOC).of(WHAT, &key.to_string()))?;
        Ok(Created::Exists(Box::new(self.read_header(&key, held).await?)))
    }

    pub(super) async fn load_header(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<Arc<Header>>, StoreError> {
        let key = keys::header(execution);
        match self.get(WHAT, &key).await? {
            Some(item) => Ok(Some(Arc::new(self.read_header(&key, &item).await?))),
            None => Ok(None),
        }
    }

    /// The headers of those that exist and are as listed, in the same order.
    pub(super) async fn headers(&self, entries: &[Entry]) -> Result<Vec<Arc<Header>>, StoreError> {
        let key = |entry: &Entry| keys::header(&entry.execution);
        let wanted: BTreeSet<Key> = entries.iter().map(key).collect();
        let items = self.get_all(WHAT, wanted.into_iter().collect()).await?;
        let mut headers = Vec::with_capacity(items.len());
        for entry in entries {
            let key = key(entry);
            let Some(item) = items.get(&key) else { continue };
            let header = self.read_header(&key, item).await?;
            if entry.is_of(&header) {
                headers.push(Arc::new(header));
            }
        }
        Ok(headers)
    }

    pub(super) async fn close_fork(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<(), StoreError> {
        self.dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(keys::header(execution).attributes()))
            .update_expression("ADD closed :fork")
            .condition_expression("attribute_exists(sk)")
            .expression_attribute_values(
                ":fork",
                AttributeValue::Ss(vec![records::fork_text(fork)]),
            )
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        Ok(())
    }

    /// Sets the status if it is running and was redriven so often; answers the header as it then is.
    pub(super) async fn end_header(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<Header, StoreError> {
        let key = keys::header(execution);
        let standing = self.blobs.encode(Folder::Payloads, status).await?;
        let (is_same, redrives) = redriven(redrives);
        let sent = self
            .dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #state = :name, standing = :standing, expires = :expires")
            .condition_expression(format!("#state = :running AND {is_same}"))
            .set_expression_attribute_values(redrives)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":name", s(status.name().as_str()))
            .expression_attribute_values(":running", s(StatusName::Running.as_str()))
            .expression_attribute_values(":standing", attribute(standing))
            .expression_attribute_values(":expires", self.expires_ended())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let item = match sent {
            Ok(answer) => answer.attributes,
            Err(error) => match error.as_service_error() {
                // It has ended already, maybe by this very request, whose answer was lost.
                Some(UpdateItemError::ConditionalCheckFailedException(held)) => held.item.clone(),
                Some(_) | None => return Err(unavailable(WHAT)(error)),
            },
        };
        let item = item.ok_or_else(|| Malformed::Attribute(DOC).of(WHAT, &key.to_string()))?;
        self.read_header(&key, &item).await
    }

    /// Takes a redrive in if it is the next of an execution that has ended; answers how that stood before. Nothing is answered if
    /// it was taken in before.
    pub(super) async fn reopen_header(
        &self,
        execution: &ExecutionArn,
        redrive: &Redrive,
    ) -> Result<Option<Header>, StoreError> {
        let key = keys::header(execution);
        let header = self.load_header(execution).await?;
        let header = header.ok_or_else(|| Malformed::Attribute(DOC).of(WHAT, &key.to_string()))?;
        let before = redrive.count.saturating_sub(1);
        if !header.status.is_ended() || header.execution.redrives.count != before {
            return Ok(None);
        }
        let mut after = Header::clone(&header);
        after.take_redrive(redrive);
        let text = records::redrives_text(&after).unwrap_or_default();
        let (is_next, before) = redriven(before);
        let update = "SET #state = :running, redriven = :count, redrives = :redrives, expires = :expires REMOVE standing";
        let left = redrive.left.as_ref().map(records::fork_text);
        let mut request = self
            .dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .update_expression(match left {
                None => update.to_owned(),
                Some(_) => format!("{update} ADD closed :left"),
            })
            .condition_expression(format!("#state <> :running AND {is_next}"))
            .expression_attribute_names("#state", STATE)
            .set_expression_attribute_values(before)
            .expression_attribute_values(":running", s(StatusName::Running.as_str()))
            .expression_attribute_values(":count", n(redrive.count))
            .expression_attribute_values(":redrives", s(text))
            .expression_attribute_values(":expires", self.expires());
        if let Some(left) = left {
            request = request.expression_attribute_values(":left", AttributeValue::Ss(vec![left]));
        }
        match request.send().await {
            Ok(_) => Ok(Some(Header::clone(&header))),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                Some(_) | None => Err(unavailable(WHAT)(error)),
            },
        }
    }

    pub(super) async fn read_header(&self, key: &Key, item: &Item) -> Result<Header, StoreError> {
        let read = |error: Malformed| error.of(WHAT, &key.to_string());
        let facts = document(item, DOC).map_err(read)?;
        let mut header: Header = self.blobs.decode(Folder::Payloads, key, facts).await?;
        if item.contains_key(STANDING) {
            let standing = document(item, STANDING).map_err(read)?;
            header.status = self.blobs.decode(Folder::Payloads, key, standing).await?;
        }
        header.closed = texts(item, CLOSED)
            .map_err(read)?
            .iter()
            .map(|fork| records::fork_from_text(fork))
            .collect::<Result<_, _>>()
            .map_err(|error| read(Malformed::unreadable(CLOSED, error)))?;
        if let Some(redrives) = text_if_any(item, REDRIVES).map_err(read)? {
            records::take_redrives(&mut header, redrives)
                .map_err(|error| read(Malformed::unreadable(REDRIVES, error)))?;
        }
        Ok(header)
    }
}

/// The condition that an execution was redriven so often, and its values.
fn redriven(count: u32) -> (&'static str, Option<Values>) {
    match count {
        0 => ("attribute_not_exists(redriven)", None),
        count => ("redriven = :redriven", Some(Values::from([(":redriven".to_owned(), n(count))]))),
    }
}

/// Values of an expression.
type Values = Item;
