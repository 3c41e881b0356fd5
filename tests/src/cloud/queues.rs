//! SQS: queues of delayed messages, as far as functions see them.

use super::item::Value;
use super::record::Request;
use baton_cost::units::sqs_requests;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Message {
    pub id: u64,
    pub body: String,
    /// When it can be received.
    pub visible_millis: i64,
    pub deliveries: u32,
}

#[derive(Debug, Default)]
pub struct Queues {
    queues: BTreeMap<String, Vec<Message>>,
    ids: u64,
}

impl Queues {
    pub fn answer(
        &mut self,
        operation: &str,
        body: &Value,
        now: i64,
        request: &mut Request,
    ) -> Value {
        let url = body["QueueUrl"].as_str().expect("a queue").to_owned();
        request.key.clone_from(&url);
        match operation {
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().expect("entries");
                assert!((1..=10).contains(&entries.len()), "{} entries", entries.len());
                let sizes = entries.iter().map(|entry| text(entry, "MessageBody").len());
                request.items = entries.len();
                request.bytes = sizes.sum();
                request.usage.sqs_requests = sqs_requests(request.bytes);
                let mut sent = Vec::new();
                for entry in entries {
                    let delay = entry["DelaySeconds"].as_i64().unwrap_or(0);
                    assert!((0..=900).contains(&delay), "a delay of {delay} s");
                    let id = self.send(&url, text(entry, "MessageBody"), now + delay * 1000);
                    sent.push(json!({"Id": entry["Id"], "MessageId": id.to_string(), "MD5OfMessageBody": ""}));
                }
                json!({"Successful": sent, "Failed": []})
            }
            "SendMessage" => {
                request.items = 1;
                request.bytes = text(body, "MessageBody").len();
                request.usage.sqs_requests = sqs_requests(request.bytes);
                let delay = body["DelaySeconds"].as_i64().unwrap_or(0);
                let id = self.send(&url, text(body, "MessageBody"), now + delay * 1000);
                json!({"MessageId": id.to_string(), "MD5OfMessageBody": ""})
            }
            "ChangeMessageVisibility" => {
                request.usage.sqs_requests = 1.0;
                let id: u64 = text(body, "ReceiptHandle").parse().expect("a receipt");
                let secs = body["VisibilityTimeout"].as_i64().expect("a timeout");
                let queue = self.queues.entry(url).or_default();
                for message in queue.iter_mut().filter(|message| message.id == id) {
                    message.visible_millis = now + secs * 1000;
                }
                json!({})
            }
            other => panic!("SQS's {other}"),
        }
    }

    /// How many messages could be received.
    pub fn visible(&self, url: &str, now: i64) -> usize {
        let queue = self.queues.get(url).into_iter().flatten();
        queue.filter(|message| message.visible_millis <= now).count()
    }

    pub fn send(&mut self, url: &str, body: &str, visible_millis: i64) -> u64 {
        self.ids += 1;
        let message =
            Message { id: self.ids, body: body.to_owned(), visible_millis, deliveries: 0 };
        self.queues.entry(url.to_owned()).or_default().push(message);
        self.ids
    }

    /// Receives up to so many messages, which are hidden until then.
    pub fn receive(&mut self, url: &str, now: i64, most: usize, hidden_until: i64) -> Vec<Message> {
        let queue = self.queues.entry(url.to_owned()).or_default();
        let mut received = Vec::new();
        for message in queue.iter_mut().filter(|message| message.visible_millis <= now).take(most) {
            message.visible_millis = hidden_until;
            message.deliveries += 1;
            received.push(message.clone());
        }
        received
    }

    /// Takes a message out of one queue and puts it into another.
    pub fn move_message(&mut self, from: &str, message: &Message, to: &str, now: i64) {
        self.delete(from, message.id);
        self.send(to, &message.body, now);
    }

    pub fn delete(&mut self, url: &str, id: u64) {
        self.queues.entry(url.to_owned()).or_default().retain(|message| message.id != id);
    }

    /// When the next message of any queue that is consumed can be received.
    pub fn next_visible(&self) -> Option<i64> {
        let consumed = self.queues.iter().filter(|(url, _)| *url != super::KEPT_QUEUE);
        consumed.flat_map(|(_, queue)| queue).map(|message| message.visible_millis).min()
    }

    /// The messages in a queue.
    pub fn messages(&self, url: &str) -> Vec<Message> {
        self.queues.get(url).cloned().unwrap_or_default()
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}
