//! Timers: cues that are due later than SQS can delay a message.
//!
//! A timer is a row in the bucket of the minute that it is due in:
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `t#<minute>#<shard>`, `<due>#<execution>#<scope>#<sequence>#<signal>` |
//! | `due` | milliseconds since 1970 |
//! | `cue` | the message, as the queue gets it |
//! | `expires` | weeks after it is due, should it ever be left over |
//!
//! [`Aws::sweep`] turns the rows of the next minutes into delayed cues and deletes them. Each row is due a quarter of an hour
//! after it was written at least, and is swept ten minutes before it is due, so that the sweep does not pass a minute that rows still
//! come into. How far it has come is kept under `t#swept`: a sweep that was missed is made up for by the next.
//!
//! # Invariants
//!
//! * No cue is early: the message is delayed up to the row's own time.
//! * A row is deleted after its cue was accepted. A crash in between repeats the cue, which does no harm.

use crate::error::{Malformed, refused, unavailable};
use crate::item::{Item, item, n, number, number_if_any, s, text};
use crate::keys::{self, EXPIRES, Key, PK, SK};
use crate::limits::{
    BATCH_ROUNDS_MAX, SWEEP_AGAIN_MINUTES, SWEEP_AHEAD_SECS, SWEEP_FIRST_MINUTES, TIMER_SHARDS,
    WRITE_ITEMS_MAX,
};
use crate::queue::{Letter, delay_secs};
use crate::{Aws, document};
use aws_sdk_dynamodb::types::{DeleteRequest, ReturnValue, WriteRequest};
use baton_engine::{Due, Signal};
use baton_store::{Outgoing, StoreError};
use jiff::Timestamp;
use tokio::task::JoinSet;

const WHAT: &str = "timers";
const CUE: &str = "cue";
const DUE: &str = "due";
const MINUTE: &str = "minute";
const LEFT_OVER_SECS: i64 = 14 * 86_400;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many timers became cues.
    pub timers: usize,
    /// Whether it came to its end; otherwise it is to be called again.
    pub is_complete: bool,
}

/// Writes a timer. The same timer twice is one.
pub(crate) async fn put(aws: &Aws, outgoing: &Outgoing, due: Timestamp) -> Result<(), StoreError> {
    let key = key(outgoing, due);
    let mut row = key.attributes();
    row.extend(item([
        (CUE, s(document::text(outgoing))),
        (DUE, n(due.as_millisecond())),
        (EXPIRES, n(due.as_second().saturating_add(LEFT_OVER_SECS))),
    ]));
    let request = aws.dynamo.put_item().table_name(&*aws.table).set_item(Some(row));
    request.send().await.map_err(unavailable(WHAT))?;
    Ok(())
}

fn key(outgoing: &Outgoing, due: Timestamp) -> Key {
    let Outgoing { execution, cue, .. } = outgoing;
    let minute = due.as_second().div_euclid(60);
    let cue = format!("{execution}#{}#{}#{:?}", cue.scope, cue.sequence, cue.signal);
    keys::timer(minute, keys::timer_shard(execution), due.as_millisecond(), &cue)
}

impl Aws {
    /// Sends the cues of all timers that are due within the next minutes of `now`. It goes on minute by minute, and begins none once
    /// `is_late` holds.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the next sweep begins where this one stopped.
    pub async fn sweep(
        &self,
        now: Timestamp,
        is_late: impl Fn() -> bool,
    ) -> Result<Swept, StoreError> {
        let last = now.as_second().saturating_add(SWEEP_AHEAD_SECS).div_euclid(60);
        let swept = self.swept().await?;
        let first = match swept {
            Some(minute) => minute.saturating_add(1).min(last).saturating_sub(SWEEP_AGAIN_MINUTES),
            None => last.saturating_sub(SWEEP_FIRST_MINUTES),
        };
        let mut timers = 0_usize;
        for minute in first..=last {
            if is_late() {
                return Ok(Swept { timers, is_complete: false });
            }
            timers = timers.saturating_add(self.sweep_minute(minute, now).await?);
            if swept.is_none_or(|swept| minute > swept) {
                self.note_swept(minute).await?;
            }
        }
        Ok(Swept { timers, is_complete: true })
    }

    /// All shards of a minute at the same time.
    async fn sweep_minute(&self, minute: i64, now: Timestamp) -> Result<usize, StoreError> {
        let mut shards = JoinSet::new();
        for shard in 0..TIMER_SHARDS {
            let (aws, pk) = (self.clone(), keys::timers(minute, shard));
            shards.spawn(async move { aws.sweep_shard(&pk, now).await });
        }
        let mut timers = 0_usize;
        while let Some(shard) = shards.join_next().await {
            let swept = shard.map_err(|error| refused(WHAT, error.to_string()))??;
            timers = timers.saturating_add(swept);
        }
        Ok(timers)
    }

    /// Page by page. What was swept is deleted, so each page is the first.
    async fn sweep_shard(&self, pk: &str, now: Timestamp) -> Result<usize, StoreError> {
        let mut timers = 0_usize;
        loop {
            let rows = self.timers(pk).await?;
            if rows.is_empty() {
                return Ok(timers);
            }
            self.send_due(&rows, now).await?;
            self.delete(&rows).await?;
            timers = timers.saturating_add(rows.len());
        }
    }

    async fn timers(&self, pk: &str) -> Result<Vec<Item>, StoreError> {
        let answer = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(pk))
            .limit(100)
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        Ok(answer.items.unwrap_or_default())
    }

    async fn send_due(&self, rows: &[Item], now: Timestamp) -> Result<(), StoreError> {
        let (mut cues, mut tasks) = (Vec::new(), Vec::new());
        for row in rows {
            match letter(row, now) {
                Ok((signal, letter)) if signal.is_call() => tasks.push(letter),
                Ok((_, letter)) => cues.push(letter),
                // Left in the table it would stop every sweep; the log keeps what is known of it.
                Err(error) => {
                    tracing::error!(?row, %error, "a timer cannot be read and is dropped")
                }
            }
        }
        let (cues, tasks) = tokio::join!(self.cue_queue.send(cues), self.task_queue.send(tasks));
        cues.and(tasks)
    }

    async fn delete(&self, rows: &[Item]) -> Result<(), StoreError> {
        for rows in rows.chunks(WRITE_ITEMS_MAX) {
            let mut requests = rows.iter().map(deletion).collect::<Result<Vec<_>, _>>()?;
            let mut rounds = 0_u32;
            while !requests.is_empty() {
                if rounds >= BATCH_ROUNDS_MAX {
                    return Err(refused(WHAT, "the table deletes no faster"));
                }
                rounds = rounds.saturating_add(1);
                let request = self.dynamo.batch_write_item().request_items(&*self.table, requests);
                let answer = request.send().await.map_err(unavailable(WHAT))?;
                requests = answer
                    .unprocessed_items
                    .and_then(|mut left| left.remove(&*self.table))
                    .unwrap_or_default();
            }
        }
        Ok(())
    }

    async fn swept(&self) -> Result<Option<i64>, StoreError> {
        let key = keys::swept();
        let item = self.get(WHAT, &key).await?.unwrap_or_default();
        number_if_any(&item, MINUTE).map_err(|error| error.of(WHAT, &key.to_string()))
    }

    async fn note_swept(&self, minute: i64) -> Result<(), StoreError> {
        self.dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(keys::swept().attributes()))
            .update_expression("SET #m = :m")
            .expression_attribute_names("#m", MINUTE)
            .expression_attribute_values(":m", n(minute))
            .return_values(ReturnValue::None)
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        Ok(())
    }
}

fn letter(row: &Item, now: Timestamp) -> Result<(Signal, Letter), Malformed> {
    let body = text(row, CUE)?;
    let outgoing: Outgoing =
        document::from_text(body).map_err(|error| Malformed::unreadable(CUE, error))?;
    let due = Timestamp::from_millisecond(number(row, DUE)?)
        .map_err(|error| Malformed::unreadable(DUE, error))?;
    let letter = Letter { body: body.to_owned(), delay_secs: delay_secs(Due::At(due), now) };
    Ok((outgoing.cue.signal, letter))
}

fn deletion(row: &Item) -> Result<WriteRequest, StoreError> {
    let key = [PK, SK]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), row.get(name)?.clone())))
        .collect();
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    let delete = delete.map_err(|error| refused(WHAT, error.to_string()))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
