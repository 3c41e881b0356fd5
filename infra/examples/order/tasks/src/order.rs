//! The order, checked once: whoever holds an [`Order`] need not doubt it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::function::Function;
use crate::limits::{
    APPROVAL_TIMEOUT_SECS_MAX, DISPATCH_DELAY_SECS_MAX, ID_CHARS_MAX, LINES_MAX, QUANTITY_MAX,
    TEXT_CHARS_MAX, UNIT_PRICE_CENTS_MAX,
};
use crate::simulate::Mishap;

/// What the customer asked for.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) customer_name: String,
    pub(crate) customer_email: String,
    pub(crate) card: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) mishaps: BTreeMap<&'static str, Mishap>,
}

/// Letters, digits, `-` and `_`: safe as part of a file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderId(String);

/// One article of an order.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u64,
    pub(crate) unit_price_cents: u64,
    pub(crate) mishap: Option<Mishap>,
}

impl Order {
    /// The order in that JSON, which may hold more than the order: the states add their results to it.
    pub(crate) fn parse(value: &Value) -> Result<Self, Failure> {
        let mut checked = Checked::new(value, "order");
        let id = checked.id("orderId");
        let mut customer = Checked::new(checked.part("customer"), "customer");
        let mut payment = Checked::new(checked.part("payment"), "payment");
        let order = Self {
            id: OrderId(id),
            customer_name: customer.text("name"),
            customer_email: customer.email("email"),
            card: payment.card("card"),
            lines: checked.lines("lines"),
            mishaps: checked.mishaps("simulate"),
        };
        checked.seconds("approvalTimeoutSeconds", 1..=APPROVAL_TIMEOUT_SECS_MAX);
        checked.seconds("dispatchAfterSeconds", 0..=DISPATCH_DELAY_SECS_MAX);
        if checked.members.is_some() {
            checked.problems.append(&mut customer.problems);
            checked.problems.append(&mut payment.problems);
        }
        checked.done(order)
    }

    /// The sum over the lines; the limits keep it far from overflowing.
    pub(crate) fn amount_cents(&self) -> u64 {
        self.lines.iter().map(|line| line.quantity * line.unit_price_cents).sum()
    }

    /// How much of each article, over all lines.
    pub(crate) fn quantities(&self) -> BTreeMap<&str, u64> {
        let mut quantities = BTreeMap::new();
        for line in &self.lines {
            *quantities.entry(line.sku.as_str()).or_default() += line.quantity;
        }
        quantities
    }
}

impl OrderId {
    pub(crate) fn parse(value: &Value) -> Result<Self, Failure> {
        let mut checked = Checked::new(value, "event");
        let id = Self(checked.id("orderId"));
        checked.done(id)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Line {
    pub(crate) fn parse(value: &Value) -> Result<Self, Failure> {
        let mut checked = Checked::new(value, "line");
        let line = checked.line();
        checked.done(line)
    }
}

/// Reads members, and notes what is wrong with each instead of stopping at the first.
struct Checked<'a> {
    members: Option<&'a Map<String, Value>>,
    place: &'a str,
    problems: Vec<String>,
}

impl<'a> Checked<'a> {
    fn new(value: &'a Value, place: &'a str) -> Self {
        let members = value.as_object();
        let problems =
            if members.is_some() { vec![] } else { vec![format!("`{place}` is not an object")] };
        Self { members, place, problems }
    }

    fn done<T>(self, whole: T) -> Result<T, Failure> {
        if self.problems.is_empty() {
            Ok(whole)
        } else {
            Err(Failure::invalid_order(&self.problems))
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.and_then(|members| members.get(name))
    }

    /// The member if it passes; otherwise a problem is noted, unless the whole was no object anyway.
    fn member<T: Default>(
        &mut self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> T {
        let value = self.get(name).and_then(read);
        if value.is_none() && self.members.is_some() {
            self.problems.push(format!("`{name}` of `{}` must be {wanted}", self.place));
        }
        value.unwrap_or_default()
    }

    fn id(&mut self, name: &str) -> String {
        let wanted = format!("1 to {ID_CHARS_MAX} letters, digits, `-` or `_`");
        self.member(name, &wanted, |value| {
            let text = value.as_str()?;
            let fits = (1..=ID_CHARS_MAX).contains(&text.len());
            let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
            (fits && text.bytes().all(plain)).then(|| text.to_owned())
        })
    }

    fn text(&mut self, name: &str) -> String {
        let wanted = format!("1 to {TEXT_CHARS_MAX} characters on one line");
        self.member(name, &wanted, |value| one_line(value).map(str::to_owned))
    }

    fn email(&mut self, name: &str) -> String {
        self.member(name, "an e-mail address", |value| {
            let text = one_line(value)?;
            let plain = !text.contains([' ', '<', '>', ',']);
            (plain && text.matches('@').count() == 1).then(|| text.to_owned())
        })
    }

    fn card(&mut self, name: &str) -> String {
        self.member(name, "a card token (`tok_…`), never a card's number", |value| {
            one_line(value).filter(|text| text.starts_with("tok_")).map(str::to_owned)
        })
    }

    /// The member, to be checked by itself.
    fn part(&self, name: &str) -> &'a Value {
        self.get(name).unwrap_or(&Value::Null)
    }

    fn count(&mut self, name: &str, range: std::ops::RangeInclusive<u64>) -> u64 {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.member(name, &wanted, |value| value.as_u64().filter(|count| range.contains(count)))
    }

    fn seconds(&mut self, name: &str, range: std::ops::RangeInclusive<u64>) {
        if self.get(name).is_some() {
            self.count(name, range);
        }
    }

    fn lines(&mut self, name: &str) -> Vec<Line> {
        let wanted = format!("a list of 1 to {LINES_MAX} lines");
        let lines = self.member(name, &wanted, |value| {
            value.as_array().filter(|lines| (1..=LINES_MAX).contains(&lines.len())).cloned()
        });
        let mut parsed = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let place = format!("lines[{index}]");
            let mut checked = Checked::new(line, &place);
            parsed.push(checked.line());
            self.problems.append(&mut checked.problems);
        }
        parsed
    }

    fn line(&mut self) -> Line {
        Line {
            sku: self.id("sku"),
            quantity: self.count("quantity", 1..=QUANTITY_MAX),
            unit_price_cents: self.count("unitPriceCents", 0..=UNIT_PRICE_CENTS_MAX),
            mishap: self.mishap("simulate"),
        }
    }

    fn mishap(&mut self, name: &str) -> Option<Mishap> {
        self.get(name)?;
        self.member(name, Mishap::WANTED, |value| value.as_str().and_then(Mishap::parse).map(Some))
    }

    fn mishaps(&mut self, name: &str) -> BTreeMap<&'static str, Mishap> {
        if self.get(name).is_none() {
            return BTreeMap::new();
        }
        let wanted = format!("an object of a task's short name to {}", Mishap::WANTED);
        self.member(name, &wanted, |value| {
            value.as_object()?.iter().map(|(key, how)| mishap_of(key, how)).collect()
        })
    }
}

/// A line's mishap stands in the line.
fn mishap_of(key: &str, how: &Value) -> Option<(&'static str, Mishap)> {
    let function = Function::ALL.into_iter().find(|function| function.key() == key)?;
    let mishap = how.as_str().and_then(Mishap::parse)?;
    (function != Function::PrepareLine).then(|| (function.key(), mishap))
}

/// Text that cannot start another header of a mail.
fn one_line(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    let fits = (1..=TEXT_CHARS_MAX).contains(&text.chars().count());
    (fits && !text.chars().any(char::is_control)).then_some(text)
}
