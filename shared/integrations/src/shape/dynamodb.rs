//! DynamoDB.

use super::{Member, Shape, TEXT, optional};

/// What an action answers.
pub(super) fn answer(action: &str) -> Option<&'static [Member]> {
    match action {
        "getItem" => Some(GET_ITEM),
        "putItem" | "updateItem" | "deleteItem" => Some(WRITE_ITEM),
        _ => None,
    }
}

const GET_ITEM: &[Member] =
    &[optional("Item", ATTRIBUTES), optional("ConsumedCapacity", CONSUMED_CAPACITY)];

const WRITE_ITEM: &[Member] = &[
    optional("Attributes", ATTRIBUTES),
    optional("ConsumedCapacity", CONSUMED_CAPACITY),
    optional("ItemCollectionMetrics", ITEM_COLLECTION_METRICS),
];

const ATTRIBUTES: Shape = Shape::Map(&ATTRIBUTE);

static ATTRIBUTE: Shape = Shape::Structure(&[
    optional("S", TEXT),
    optional("N", TEXT),
    optional("B", Shape::Blob(0)),
    optional("SS", Shape::List(&TEXT)),
    optional("NS", Shape::List(&TEXT)),
    optional("BS", Shape::List(&Shape::Blob(0))),
    optional("M", Shape::Map(&ATTRIBUTE)),
    optional("L", Shape::List(&ATTRIBUTE)),
    optional("NULL", Shape::Boolean),
    optional("BOOL", Shape::Boolean),
]);

const CONSUMED_CAPACITY: Shape = Shape::Structure(&[
    optional("TableName", Shape::Text(1, 1_024)),
    optional("CapacityUnits", Shape::Number),
    optional("ReadCapacityUnits", Shape::Number),
    optional("WriteCapacityUnits", Shape::Number),
    optional("Table", CAPACITY),
    optional("LocalSecondaryIndexes", Shape::Map(&CAPACITY)),
    optional("GlobalSecondaryIndexes", Shape::Map(&CAPACITY)),
]);

const CAPACITY: Shape = Shape::Structure(&[
    optional("CapacityUnits", Shape::Number),
    optional("ReadCapacityUnits", Shape::Number),
    optional("WriteCapacityUnits", Shape::Number),
]);

const ITEM_COLLECTION_METRICS: Shape = Shape::Structure(&[
    optional("ItemCollectionKey", ATTRIBUTES),
    optional("SizeEstimateRangeGB", Shape::List(&Shape::Number)),
]);
