//! State machines and their revisions.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` of a machine | `m#<machine>`, `m` |
//! | `pk`, `sk` of a revision | `m#<machine>`, `r#<revision>` |
//! | `pk`, `sk` of a name | `n`, `<machine's name>` |
//! | `doc` | the machine or the revision, as [`baton_store::records`] writes it |
//! | `revision` | the machine's current revision |
//! | `arn` | of a name: the machine's ARN |
//!
//! A name is written after its machine, by every creation that finds the machine there as well, and removed before it. So a name may
//! stand for nothing, which whoever reads the names leaves out, but no machine stays without one. Revisions stay for the executions that
//! run them.

use crate::Aws;
use crate::blob::Folder;
use crate::document::{DOC, attribute, document};
use crate::error::{Malformed, no_such_page, unavailable};
use crate::item::{Item, s, text, text_if_any};
use crate::keys::{self, Key, NAMES, SK};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as OnFailure;
use baton_store::{Machine, MachineArn, Machines, Page, Revision, RevisionId, StoreError};

const WHAT: &str = "state machine";
const REVISION: &str = "revision";
const ARN: &str = "arn";
/// The most machines of a page.
const ITEMS_MAX: u32 = 1000;

impl Machines for Aws {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        self.put_revision(machine).await?;
        let existing = self.put_machine(machine).await?;
        let mut name = keys::name(&machine.arn).attributes();
        name.insert(ARN.to_owned(), s(machine.arn.as_str()));
        self.put(name).await?;
        if existing.as_ref().is_some_and(|existing| existing.revision.id != machine.revision.id) {
            // The revision of a machine that was not made. Its id is this request's alone.
            self.delete_item(&keys::revision(&machine.arn, &machine.revision.id)).await?;
        }
        Ok(existing)
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        let key = keys::machine(arn);
        match self.get(WHAT, &key).await? {
            Some(item) => self.read_machine(&key, &item).await.map(Some),
            None => Ok(None),
        }
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        let key = keys::revision(machine, id);
        let Some(item) = self.get(WHAT, &key).await? else { return Ok(None) };
        let doc = document(&item, DOC).map_err(|error| error.of(WHAT, &key.to_string()))?;
        self.blobs.decode(Folder::Definitions, &key, doc).await.map(Some)
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        self.put_revision(machine).await?;
        let item = self.machine_item(machine).await?;
        let sent = self
            .dynamo
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_exists(sk) AND #revision = :expected")
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_values(":expected", s(&*expected.0))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(true) };
        let Some(PutItemError::ConditionalCheckFailedException(held)) = error.as_service_error()
        else {
            return Err(unavailable(WHAT)(error));
        };
        // The revision's id is this update's alone: if it is there, only the answer was lost.
        let held = held.item().map(|item| text_if_any(item, REVISION));
        let current = held.transpose().map_err(|error| error.of(WHAT, machine.arn.as_str()))?;
        Ok(machine.revision.id != *expected && current.flatten() == Some(&*machine.revision.id.0))
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.delete_item(&keys::name(arn)).await?;
        self.delete_item(&keys::machine(arn)).await
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        if from.is_some_and(str::is_empty) {
            return Err(no_such_page(""));
        }
        let start = from.map(|sk| Key { pk: NAMES.to_owned(), sk: sk.to_owned() }.attributes());
        let items_max = items_max.clamp(1, ITEMS_MAX);
        let answer = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(NAMES))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(items_max).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        let names = answer.items.unwrap_or_default();
        let keys = names.iter().map(machine_key).collect::<Result<Vec<_>, _>>()?;
        let items = self.get_all(WHAT, keys.clone()).await?;
        let mut machines = Vec::with_capacity(keys.len());
        for key in &keys {
            if let Some(item) = items.get(key) {
                machines.push(self.read_machine(key, item).await?);
            }
        }
        machines.retain(|machine: &Machine| machine.arn.as_str().starts_with(place));
        let last = answer.last_evaluated_key.unwrap_or_default();
        let next = text_if_any(&last, SK).map_err(|error| error.of(WHAT, NAMES))?;
        Ok(Page { items: machines, next: next.map(str::to_owned) })
    }
}

/// The key of the machine that a name stands for.
fn machine_key(name: &Item) -> Result<Key, StoreError> {
    let arn = text(name, ARN).map_err(|error| error.of(WHAT, NAMES))?;
    Ok(keys::machine(&MachineArn::trusted(arn.into())))
}

impl Aws {
    /// Writes a machine if there is none; else gives the one there is.
    async fn put_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        let item = self.machine_item(machine).await?;
        let sent = self
            .dynamo
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(sk)")
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(None) };
        let Some(PutItemError::ConditionalCheckFailedException(held)) = error.as_service_error()
        else {
            return Err(unavailable(WHAT)(error));
        };
        let key = keys::machine(&machine.arn);
        let held =
            held.item().ok_or_else(|| Malformed::Attribute(DOC).of(WHAT, &key.to_string()))?;
        self.read_machine(&key, held).await.map(Some)
    }

    async fn machine_item(&self, machine: &Machine) -> Result<Item, StoreError> {
        let doc = self.blobs.encode(Folder::Definitions, machine).await?;
        let mut item = keys::machine(&machine.arn).attributes();
        item.insert(DOC.to_owned(), attribute(doc));
        item.insert(REVISION.to_owned(), s(&*machine.revision.id.0));
        Ok(item)
    }

    async fn put_revision(&self, machine: &Machine) -> Result<(), StoreError> {
        let doc = self.blobs.encode(Folder::Definitions, &machine.revision).await?;
        let mut item = keys::revision(&machine.arn, &machine.revision.id).attributes();
        item.insert(DOC.to_owned(), attribute(doc));
        self.put(item).await
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let request = self.dynamo.put_item().table_name(&*self.table).set_item(Some(item));
        request.send().await.map_err(unavailable(WHAT))?;
        Ok(())
    }

    async fn delete_item(&self, key: &Key) -> Result<(), StoreError> {
        let request = self.dynamo.delete_item().table_name(&*self.table);
        let request = request.set_key(Some(key.attributes()));
        request.send().await.map_err(unavailable(WHAT))?;
        Ok(())
    }

    async fn read_machine(&self, key: &Key, item: &Item) -> Result<Machine, StoreError> {
        let doc = document(item, DOC).map_err(|error| error.of(WHAT, &key.to_string()))?;
        self.blobs.decode(Folder::Definitions, key, doc).await
    }
}
