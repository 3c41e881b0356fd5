//! DynamoDB: one table, as its protocol has it.

use super::expression::{self, Scope};
use super::item::{Item, Value, bytes};
use super::record::Request;
use baton_cost::units::{read_units, write_units};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// DynamoDB answers at most so much of a query.
const PAGE_BYTES: usize = 1 << 20;
/// And of a BatchGetItem.
const BATCH_BYTES: usize = 16 << 20;
/// The largest item.
const ITEM_BYTES_MAX: usize = 400 * 1024;

#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<(String, String), Item>,
}

/// A refusal: its code, and the item that is there.
pub struct Refusal(pub &'static str, pub Option<Item>);

type Answer = Result<Value, Refusal>;

impl Table {
    pub fn answer(&mut self, operation: &str, body: &Value, request: &mut Request) -> Answer {
        let name = body["TableName"].as_str().unwrap_or_default();
        match operation {
            "PutItem" => self.write(body, request, |_| Some(object(&body["Item"]))),
            "UpdateItem" => {
                let expression =
                    body["UpdateExpression"].as_str().expect("an expression").to_owned();
                let (names, values) = (
                    object(&body["ExpressionAttributeNames"]),
                    object(&body["ExpressionAttributeValues"]),
                );
                let key = object(&body["Key"]);
                self.write(body, request, move |before| {
                    let before = before.cloned().unwrap_or(key);
                    Some(expression::update(
                        &expression,
                        &Scope { names: &names, values: &values },
                        &before,
                    ))
                })
            }
            "DeleteItem" => self.write(body, request, |_| None),
            "GetItem" => Ok(self.get(body, request)),
            "BatchGetItem" => Ok(self.batch_get(body, request)),
            "BatchWriteItem" => Ok(self.batch_write(body, request)),
            "Query" => Ok(self.query(body, request)),
            other => panic!("DynamoDB's {other} of {name}"),
        }
    }

    /// All rows whose partition key begins so.
    pub fn rows(&self, prefix: &str) -> Vec<Item> {
        self.rows
            .iter()
            .filter(|((pk, _), _)| pk.starts_with(prefix))
            .map(|(_, item)| item.clone())
            .collect()
    }

    /// Takes a row away.
    pub fn remove(&mut self, item: &Item) {
        self.rows.remove(&key(item));
    }

    /// Writes a row.
    pub fn put(&mut self, item: Item) {
        self.rows.insert(key(&item), item);
    }

    fn write(
        &mut self,
        body: &Value,
        request: &mut Request,
        after: impl FnOnce(Option<&Item>) -> Option<Item>,
    ) -> Answer {
        let row = if body["Item"].is_object() { &body["Item"] } else { &body["Key"] };
        let key = key(row.as_object().expect("a key"));
        request.key = key.0.clone();
        let before = self.rows.get(&key).cloned();
        let before_bytes = before.as_ref().map_or(0, bytes);
        if let Some(condition) = body["ConditionExpression"].as_str() {
            let (names, values) = (
                object(&body["ExpressionAttributeNames"]),
                object(&body["ExpressionAttributeValues"]),
            );
            let scope = Scope { names: &names, values: &values };
            if !expression::holds(condition, &scope, before.as_ref().unwrap_or(&Item::new())) {
                request.count_write(before_bytes, write_units(before_bytes));
                let is_wanted = body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
                return Err(Refusal(
                    "ConditionalCheckFailedException",
                    before.filter(|_| is_wanted),
                ));
            }
        }
        let after = after(before.as_ref());
        let after_bytes = after.as_ref().map_or(0, bytes);
        assert!(after_bytes <= ITEM_BYTES_MAX, "an item of {after_bytes} bytes");
        let most = before_bytes.max(after_bytes);
        request.count_write(most, write_units(most));
        let answer = match (&after, body["ReturnValues"].as_str()) {
            (Some(after), Some("ALL_NEW")) => json!({ "Attributes": after }),
            _ => json!({}),
        };
        match after {
            Some(after) => self.rows.insert(key, after),
            None => self.rows.remove(&key),
        };
        Ok(answer)
    }

    fn get(&self, body: &Value, request: &mut Request) -> Value {
        let key = key(body["Key"].as_object().expect("a key"));
        request.key = key.0.clone();
        let item = self.rows.get(&key);
        let size = item.map_or(0, bytes);
        request.count_read(size, read_units(size, is_consistent(body)));
        item.map_or_else(|| json!({}), |item| json!({ "Item": item }))
    }

    fn batch_get(&self, body: &Value, request: &mut Request) -> Value {
        let (name, wanted) = only(&body["RequestItems"]);
        let (mut found, mut left, mut total) = (Vec::new(), Vec::new(), 0);
        let keys = wanted["Keys"].as_array().expect("keys");
        assert!(keys.len() <= 100, "{} keys", keys.len());
        let distinct: BTreeSet<String> = keys.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), keys.len(), "a key is there twice");
        for wanted_key in keys {
            let key = key(wanted_key.as_object().expect("a key"));
            request.key = key.0.clone();
            let item = self.rows.get(&key);
            let size = item.map_or(0, bytes);
            if total + size > BATCH_BYTES {
                left.push(wanted_key.clone());
                continue;
            }
            total += size;
            request.count_read(size, read_units(size, is_consistent(wanted)));
            found.extend(item.cloned());
        }
        let unprocessed = match left.is_empty() {
            true => json!({}),
            false => json!({ name: {"Keys": left, "ConsistentRead": wanted["ConsistentRead"]} }),
        };
        json!({"Responses": {name: found}, "UnprocessedKeys": unprocessed})
    }

    fn batch_write(&mut self, body: &Value, request: &mut Request) -> Value {
        let (_, writes) = only(&body["RequestItems"]);
        let writes = writes.as_array().expect("writes");
        assert!(writes.len() <= 25, "{} writes", writes.len());
        for write in writes {
            if let Some(put) = write["PutRequest"]["Item"].as_object() {
                request.key = key(put).0;
                request.count_write(bytes(put), write_units(bytes(put)));
                self.rows.insert(key(put), put.clone());
            } else {
                let key = key(write["DeleteRequest"]["Key"].as_object().expect("a key"));
                request.key = key.0.clone();
                let size = self.rows.remove(&key).as_ref().map_or(0, bytes);
                request.count_write(size, write_units(size));
            }
        }
        json!({"UnprocessedItems": {}})
    }

    fn query(&self, body: &Value, request: &mut Request) -> Value {
        let (names, values) =
            (object(&body["ExpressionAttributeNames"]), object(&body["ExpressionAttributeValues"]));
        let pk = values[":pk"]["S"].as_str().expect("a partition").to_owned();
        request.key.clone_from(&pk);
        let scope = Scope { names: &names, values: &values };
        let condition = body["KeyConditionExpression"].as_str().expect("a condition");
        let is_backward = body["ScanIndexForward"] == false;
        let start = body["ExclusiveStartKey"].as_object().map(key);
        let partition = (
            Bound::Included((pk.clone(), String::new())),
            Bound::Excluded((format!("{pk}\0"), String::new())),
        );
        let rows = self.rows.range(partition);
        let mut rows: Vec<_> =
            rows.filter(|(_, item)| expression::holds(condition, &scope, item)).collect();
        if is_backward {
            rows.reverse();
        }
        if let Some(start) = start {
            rows.retain(|(key, _)| if is_backward { **key < start } else { **key > start });
        }
        let limit =
            body["Limit"].as_u64().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
        let (mut items, mut size) = (Vec::new(), 0);
        let mut last = None;
        for (key, item) in rows {
            if items.len() >= limit || size >= PAGE_BYTES {
                break;
            }
            size += bytes(item);
            items.push(item.clone());
            last = Some(key.clone());
        }
        request.count_read(size, read_units(size, is_consistent(body)));
        let is_more = items.len() >= limit || size >= PAGE_BYTES;
        let mut answer = json!({"Count": items.len(), "Items": items});
        if let (true, Some((pk, sk))) = (is_more, last) {
            answer["LastEvaluatedKey"] = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        }
        answer
    }
}

fn is_consistent(body: &Value) -> bool {
    body["ConsistentRead"] == true
}

fn key(item: &Item) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    (part("pk"), part("sk"))
}

fn object(value: &Value) -> Item {
    value.as_object().cloned().unwrap_or_default()
}

fn only(tables: &Value) -> (&String, &Value) {
    tables.as_object().and_then(|tables| tables.iter().next()).expect("a table")
}
