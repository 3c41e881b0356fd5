//! Join pages: which children of a fork have ended, and in what order.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `x#<execution>`, `j#<scope>:<fork>#<level>#<page>` |
//! | `ended` | the children of the page in the order they ended; above level 0, the full pages below |
//! | `sequences` | the number of each one's last record, in the same order |
//! | `expires` | when DynamoDB may delete it |
//!
//! A page has a hundred children, and a page above it a hundred pages, so an end costs one small write at any width, and rarely a
//! second. A child that is in its page already finds its own place again: the same mark gives the same answer.

use crate::error::{Malformed, unavailable};
use crate::item::{Item, n, numbers};
use crate::{Aws, keys};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use baton_engine::{ForkId, Hop, ScopePath, Sequence};
use baton_store::{ExecutionArn, JoinAnswer, JoinMark, StoreError};
use std::collections::BTreeMap;

pub(super) const WHAT: &str = "join";
const ENDED: &str = "ended";
const SEQUENCES: &str = "sequences";
/// How many children a page has, and pages a page above.
const PAGE: u32 = 100;

/// Marks a child's end.
pub(super) async fn join(
    aws: &Aws,
    execution: &ExecutionArn,
    mark: &JoinMark,
) -> Result<JoinAnswer, StoreError> {
    let rank = aws.mark(execution, &Place::of(mark), mark.last).await?;
    let next = next(mark, rank);
    let (mut place, mut rank) = (Place::of(mark), rank);
    loop {
        if !place.is_last(rank) {
            return Ok(JoinAnswer { is_complete: false, next });
        }
        match place.above() {
            None => return Ok(JoinAnswer { is_complete: true, next }),
            Some(above) => place = above,
        }
        rank = aws.mark(execution, &place, Sequence::FIRST).await?;
    }
}

/// The ends before this one, wherever they were, started as many children as they are; this one starts the next. Ranks are
/// counted in each page from where the pages before it end, so no two ends start the same child.
fn next(mark: &JoinMark, rank: u32) -> Option<u32> {
    let before = (mark.child / PAGE).saturating_mul(PAGE);
    mark.concurrency
        .checked_add(before)
        .and_then(|index| index.checked_add(rank))
        .filter(|index| *index < mark.width)
}

/// Where an end is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    fork: ForkId,
    level: u32,
    /// Which child, or which page below.
    index: u32,
    /// How many of them the level has.
    width: u32,
}

impl Place {
    fn of(mark: &JoinMark) -> Self {
        Place { fork: mark.fork.clone(), level: 0, index: mark.child, width: mark.width }
    }

    fn page(&self) -> u32 {
        self.index / PAGE
    }

    /// Whether whoever has this rank in its page completes the page.
    fn is_last(&self, rank: u32) -> bool {
        let before = self.page().saturating_mul(PAGE);
        rank.saturating_add(1) >= self.width.saturating_sub(before).min(PAGE)
    }

    /// Where the full page is marked.
    fn above(&self) -> Option<Self> {
        (self.width > PAGE).then(|| Place {
            fork: self.fork.clone(),
            level: self.level.saturating_add(1),
            index: self.page(),
            width: self.width.div_ceil(PAGE),
        })
    }
}

impl Aws {
    /// Marks one end in its page, unless it is; answers how many had ended there before.
    async fn mark(
        &self,
        execution: &ExecutionArn,
        place: &Place,
        last: Sequence,
    ) -> Result<u32, StoreError> {
        let key = keys::join(execution, &place.fork, place.level, place.page());
        let sent = self
            .dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .update_expression(
                "SET ended = list_append(if_not_exists(ended, :none), :child), \
                 sequences = list_append(if_not_exists(sequences, :none), :last), expires = :expires",
            )
            .condition_expression("NOT contains(ended, :index)")
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":child", AttributeValue::L(vec![n(place.index)]))
            .expression_attribute_values(":last", AttributeValue::L(vec![n(last)]))
            .expression_attribute_values(":index", n(place.index))
            .expression_attribute_values(":expires", self.expires())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let page = match sent {
            Ok(answer) => answer.attributes,
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(held)) => held.item.clone(),
                Some(_) | None => return Err(unavailable(WHAT)(error)),
            },
        };
        let rank = page.as_ref().map_or(Err(Malformed::Attribute(ENDED)), |page| rank(page, place));
        rank.map_err(|error| error.of(WHAT, &key.to_string()))
    }
}

fn rank(page: &Item, place: &Place) -> Result<u32, Malformed> {
    let ended: Vec<u32> = numbers(page, ENDED)?;
    let position = ended.iter().position(|index| *index == place.index);
    position.and_then(|rank| u32::try_from(rank).ok()).ok_or(Malformed::Attribute(ENDED))
}

/// The numbers of all children's last records.
pub(super) async fn ends(
    aws: &Aws,
    execution: &ExecutionArn,
    fork: &ForkId,
    width: u32,
) -> Result<BTreeMap<u32, Sequence>, StoreError> {
    let pages = (0..width.div_ceil(PAGE)).map(|page| keys::join(execution, fork, 0, page));
    let mut ends = BTreeMap::new();
    for page in aws.get_all(WHAT, pages.collect()).await?.values() {
        let read = || -> Result<Vec<(u32, u32)>, Malformed> {
            Ok(numbers(page, ENDED)?.into_iter().zip(numbers(page, SEQUENCES)?).collect())
        };
        let read = read().map_err(|error| error.of(WHAT, &fork.to_string()))?;
        ends.extend(read.into_iter().map(|(child, last)| (child, Sequence(last))));
    }
    Ok(ends)
}

/// A child's scope.
pub(super) fn child_scope(fork: &ForkId, child: u32) -> ScopePath {
    fork.scope.child(Hop { fork: fork.fork, child })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn mark(child: u32, width: u32, concurrency: u32) -> JoinMark {
        let fork = ForkId { scope: ScopePath::top(), fork: Sequence(3) };
        JoinMark { fork, child, last: Sequence(1), width, concurrency }
    }

    /// Ends the children that run, in an order that `pick` decides, and notes who was started and when the join was complete.
    fn check(width: u32, concurrency: u32, pick: fn(&BTreeSet<u32>) -> u32) {
        let mut pages: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        let mut mark_in = |place: &Place| {
            let page = pages.entry((place.level, place.page())).or_default();
            page.push(place.index);
            u32::try_from(page.len() - 1).unwrap()
        };
        let mut running: BTreeSet<u32> = (0..width.min(concurrency)).collect();
        let mut started = running.clone();
        let mut completed = 0;
        for ended in 1..=width {
            let child = pick(&running);
            running.remove(&child);
            let mark = mark(child, width, concurrency);
            let mut place = Place::of(&mark);
            let mut rank = mark_in(&place);
            if let Some(next) = next(&mark, rank) {
                assert!(started.insert(next), "{next} is started twice");
                running.insert(next);
            }
            while place.is_last(rank) {
                let Some(above) = place.above() else {
                    assert_eq!(ended, width, "complete before the last end");
                    completed += 1;
                    break;
                };
                place = above;
                rank = mark_in(&place);
            }
        }
        assert_eq!((started.len(), completed), (width as usize, 1));
    }

    #[test]
    fn every_child_is_started_once_and_the_join_fires_once() {
        let orders: [fn(&BTreeSet<u32>) -> u32; 3] = [
            |running| *running.first().unwrap(),
            |running| *running.last().unwrap(),
            |running| *running.iter().nth(running.len() / 2).unwrap(),
        ];
        for pick in orders {
            for (width, concurrency) in [
                (1, 1),
                (2, 1),
                (100, 100),
                (101, 1),
                (250, 7),
                (250, 120),
                (1000, 40),
                (10_001, 333),
            ] {
                check(width, concurrency, pick);
            }
        }
    }
}
