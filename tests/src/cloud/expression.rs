//! DynamoDB's expressions, as far as Baton uses them.

use super::item::{Item, Value};
use serde_json::json;

/// What an expression's placeholders stand for.
pub struct Scope<'a> {
    pub names: &'a Item,
    pub values: &'a Item,
}

/// Whether a condition holds of an item; of nothing at all where there is none.
pub fn holds(condition: &str, scope: &Scope<'_>, item: &Item) -> bool {
    let tokens = tokens(condition);
    let mut parser = Parser { tokens: &tokens, scope, item };
    let holds = parser.any();
    assert!(parser.tokens.is_empty(), "left over in `{condition}`: {:?}", parser.tokens);
    holds
}

/// An item after an update.
pub fn update(expression: &str, scope: &Scope<'_>, item: &Item) -> Item {
    let tokens = tokens(expression);
    let mut after = item.clone();
    let mut parser = Parser { tokens: &tokens, scope, item };
    while let Some(clause) = parser.next() {
        loop {
            let name = parser.name();
            match clause {
                "SET" => {
                    parser.expect("=");
                    after.insert(name, parser.value().expect("a value to set"));
                }
                "ADD" => {
                    let added = parser.value().expect("a value to add");
                    let sum = add(after.get(&name), &added);
                    after.insert(name, sum);
                }
                "REMOVE" => {
                    after.remove(&name);
                }
                other => panic!("an update of kind `{other}`"),
            }
            if parser.tokens.first() != Some(&",") {
                break;
            }
            parser.next();
        }
    }
    after
}

fn add(before: Option<&Value>, added: &Value) -> Value {
    if let Some(number) = added["N"].as_str() {
        let before = before.map_or("0", |before| before["N"].as_str().expect("a number"));
        let sum: i64 = before.parse::<i64>().unwrap() + number.parse::<i64>().unwrap();
        return json!({"N": sum.to_string()});
    }
    let mut all: Vec<&str> = before.map(texts).unwrap_or_default();
    for text in texts(added) {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    json!({ "SS": all })
}

fn texts(value: &Value) -> Vec<&str> {
    value["SS"].as_array().expect("a set").iter().filter_map(Value::as_str).collect()
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '#');
        let length = match first {
            '<' | '>' if rest[1..].starts_with(['=', '>']) => 2,
            first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => 1,
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    scope: &'a Scope<'a>,
    item: &'a Item,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn expect(&mut self, token: &str) {
        assert_eq!(self.next(), Some(token));
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.tokens.first() == Some(&token);
        if is_there {
            self.next();
        }
        is_there
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.take("OR") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.take("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.take("NOT") {
            return !self.one();
        }
        if self.take("(") {
            let holds = self.any();
            self.expect(")");
            return holds;
        }
        match self.tokens.first().copied() {
            Some("attribute_exists") => self.arguments().0.is_some(),
            Some("attribute_not_exists") => self.arguments().0.is_none(),
            Some("begins_with") => {
                let (value, prefix) = self.arguments();
                let text =
                    |value: Option<Value>| value.and_then(|it| Some(it["S"].as_str()?.to_owned()));
                text(value).unwrap_or_default().starts_with(&text(prefix).expect("a prefix"))
            }
            Some("contains") => {
                let (value, part) = self.arguments();
                value.zip(part).is_some_and(|(value, part)| contains(&value, &part))
            }
            _ => self.comparison(),
        }
    }

    fn arguments(&mut self) -> (Option<Value>, Option<Value>) {
        self.next();
        self.expect("(");
        let first = self.value();
        let second = if self.take(",") { self.value() } else { None };
        self.expect(")");
        (first, second)
    }

    fn comparison(&mut self) -> bool {
        let left = self.value();
        let operator = self.next().expect("an operator");
        let right = self.value();
        let Some((left, right)) = left.zip(right) else { return false };
        match operator {
            "=" => left == right,
            "<>" => left != right,
            "<" => order(&left) < order(&right),
            "<=" => order(&left) <= order(&right),
            ">" => order(&left) > order(&right),
            ">=" => order(&left) >= order(&right),
            other => panic!("the operator `{other}`"),
        }
    }

    fn name(&mut self) -> String {
        let token = self.next().expect("a name");
        if token.starts_with('#') {
            return self.scope.names[token].as_str().expect("a name").to_owned();
        }
        assert!(!is_reserved(token), "`{token}` is a reserved word");
        token.to_owned()
    }

    fn value(&mut self) -> Option<Value> {
        let value = self.operand();
        if self.take("+") {
            return Some(add(value.as_ref(), &self.operand().expect("a number")));
        }
        value
    }

    fn operand(&mut self) -> Option<Value> {
        match self.tokens.first().copied().expect("an operand") {
            "if_not_exists" => {
                let (there, other) = self.arguments();
                there.or(other)
            }
            "list_append" => {
                let (first, second) = self.arguments();
                let list = |value: Option<Value>| {
                    value.expect("a list")["L"].as_array().expect("a list").clone()
                };
                let all = [list(first), list(second)].concat();
                Some(json!({ "L": all }))
            }
            token if token.starts_with(':') => {
                self.next();
                Some(self.scope.values.get(token).unwrap_or_else(|| panic!("no {token}")).clone())
            }
            _ => {
                let name = self.name();
                self.item.get(&name).cloned()
            }
        }
    }
}

/// Those of DynamoDB's reserved words that Baton's attributes could be.
fn is_reserved(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "state",
        "status",
        "name",
        "hash",
        "text",
        "value",
        "key",
        "time",
        "timestamp",
        "ttl",
        "items",
        "minute",
        "order",
        "user",
    ];
    WORDS.contains(&name.to_ascii_lowercase().as_str())
}

fn contains(value: &Value, part: &Value) -> bool {
    if let Some(list) = value["L"].as_array() {
        return list.contains(part);
    }
    if value["SS"].is_array() {
        return part["S"].as_str().is_some_and(|part| texts(value).contains(&part));
    }
    let text = value["S"].as_str().unwrap_or_default();
    part["S"].as_str().is_some_and(|part| text.contains(part))
}

/// A value as DynamoDB sorts it.
fn order(value: &Value) -> (i128, String) {
    match (value["N"].as_str(), value["S"].as_str()) {
        (Some(number), _) => (number.parse().expect("a whole number"), String::new()),
        (None, Some(text)) => (0, text.to_owned()),
        (None, None) => panic!("{value} has no order"),
    }
}
