//! Walks an order through the definition, with the real functions and without waiting.
//!
//! Knows as much of the States Language as the definition uses, so that the example's parts are held to
//! each other here; anything else fails the test. What Baton makes of the definition, Baton's own tests show.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use order_tasks::{Books, call};
use serde_json::{Map, Value, json};

/// The definition and everything that is not in it.
pub(crate) struct World<'a> {
    pub(crate) books: &'a Books,
    /// What a person answers; without, the approval times out.
    pub(crate) answer: Option<bool>,
    pub(crate) seen: RefCell<Seen>,
}

/// What happened on the way.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The states of the top level, in order.
    pub(crate) path: Vec<String>,
    /// Every transition of every level.
    pub(crate) transitions: BTreeSet<(String, String)>,
    pub(crate) retries: BTreeMap<String, u64>,
    pub(crate) waited_secs: u64,
}

/// `Error`, and `Cause` where there is one.
type Thrown = Map<String, Value>;
type Done = Result<Value, Thrown>;

/// A state's own work: its result, where it goes next if the state itself does not say, or its error.
enum Work {
    Result(Value),
    Goes(String),
}

impl World<'_> {
    /// Runs one level of `States` to its end.
    pub(crate) fn run(&self, level: &Value, mut input: Value, is_top: bool) -> Done {
        let mut name = text(&level["StartAt"]);
        for _ in 0..100 {
            let state = &level["States"][&name];
            check_fields(&name, state);
            if is_top {
                self.seen.borrow_mut().path.push(name.clone());
            }
            let (output, next) = self.visit(&name, state, input)?;
            let Some(next) = next else { return Ok(output) };
            self.seen.borrow_mut().transitions.insert((name, next.clone()));
            (name, input) = (next, output);
        }
        panic!("the definition goes in circles");
    }

    fn visit(
        &self,
        name: &str,
        state: &Value,
        input: Value,
    ) -> Result<(Value, Option<String>), Thrown> {
        let mut attempts = vec![0; state["Retry"].as_array().map_or(0, Vec::len)];
        let thrown = loop {
            match self.work(state, &input) {
                Ok(Work::Goes(next)) => return Ok((input, Some(next))),
                Ok(Work::Result(result)) => {
                    let result = match state.get("ResultSelector") {
                        Some(template) => fill(template, &result, &Value::Null),
                        None => result,
                    };
                    let next = state.get("Next").map(text);
                    return Ok((put(input, state.get("ResultPath"), result), next));
                }
                Err(thrown) if self.is_retried(name, state, &thrown, &mut attempts) => {}
                Err(thrown) => break thrown,
            }
        };
        let catchers = state["Catch"].as_array().into_iter().flatten();
        let mut caught = catchers.filter(|catcher| matches(catcher, &thrown));
        match caught.next() {
            Some(catcher) => {
                let output = put(input, catcher.get("ResultPath"), Value::Object(thrown));
                Ok((output, Some(text(&catcher["Next"]))))
            }
            None => Err(thrown),
        }
    }

    fn work(&self, state: &Value, input: &Value) -> Result<Work, Thrown> {
        let kind = text(&state["Type"]);
        Ok(Work::Result(match kind.as_str() {
            "Task" => self.task(state, input)?,
            "Choice" => return Ok(Work::Goes(choose(state, input))),
            "Wait" => {
                let seconds = select(&text(&state["SecondsPath"]), input, &Value::Null);
                self.seen.borrow_mut().waited_secs += seconds.as_u64().unwrap();
                input.clone()
            }
            "Parallel" => {
                let branches = state["Branches"].as_array().unwrap().iter();
                Value::Array(
                    branches
                        .map(|b| self.run(b, input.clone(), false))
                        .collect::<Result<_, _>>()?,
                )
            }
            "Map" => self.map(state, input)?,
            "Pass" => match (state.get("Result"), state.get("Parameters")) {
                (Some(result), None) => result.clone(),
                (None, Some(template)) => fill(template, input, &Value::Null),
                other => panic!("a Pass with {other:?}"),
            },
            "Succeed" => input.clone(),
            "Fail" => return Err(thrown(&text(&state["Error"]), &text(&state["Cause"]))),
            _ => panic!("the walker knows no {kind}"),
        }))
    }

    fn task(&self, state: &Value, input: &Value) -> Done {
        let context = json!({
            "Execution": {"StartTime": "2026-11-20T13:00:00Z"},
            "Task": {"Token": "the token"},
        });
        let event = state.get("Parameters").map(|template| fill(template, input, &context));
        let resource = text(&state["Resource"]);
        if let Some(function) = resource.strip_prefix(FUNCTION) {
            return self.call(function, &event.unwrap_or_else(|| input.clone()));
        }
        let event = event.unwrap();
        let function = text(&event["FunctionName"]);
        let payload = self.call(function.strip_prefix(FUNCTION).unwrap(), &event["Payload"])?;
        match resource.strip_prefix("arn:aws:states:::lambda:invoke").unwrap() {
            "" => Ok(json!({"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200})),
            ".waitForTaskToken" => match self.answer {
                Some(approved) => Ok(json!({"approved": approved})),
                // As AWS reports it: without a cause.
                None => Err(Map::from_iter([("Error".to_owned(), json!("States.Timeout"))])),
            },
            pattern => panic!("the walker knows no {pattern}"),
        }
    }

    fn call(&self, function: &str, event: &Value) -> Done {
        call(function, event, self.books, None)
            .map_err(|failure| thrown(failure.error_type(), &failure.to_json().to_string()))
    }

    fn map(&self, state: &Value, input: &Value) -> Done {
        let items = select(&text(&state["ItemsPath"]), input, &Value::Null);
        let items = items.as_array().unwrap().iter().enumerate();
        let outputs = items.map(|(index, item)| {
            let context = json!({"Map": {"Item": {"Index": index, "Value": item}}});
            let input = fill(&state["ItemSelector"], input, &context);
            self.run(&state["ItemProcessor"], input, false)
        });
        outputs.collect::<Result<_, _>>().map(Value::Array)
    }

    fn is_retried(&self, name: &str, state: &Value, thrown: &Thrown, attempts: &mut [u64]) -> bool {
        let retriers = state["Retry"].as_array().into_iter().flatten();
        for (retrier, attempts) in retriers.zip(attempts) {
            if matches(retrier, thrown) {
                let again = *attempts < retrier["MaxAttempts"].as_u64().unwrap();
                *attempts += u64::from(again);
                if again {
                    *self.seen.borrow_mut().retries.entry(name.to_owned()).or_default() += 1;
                }
                return again;
            }
        }
        false
    }
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A field that the walker passed over would make it walk a definition other than this one.
fn check_fields(name: &str, state: &Value) {
    const KNOWN: [&str; 23] = [
        "Type",
        "Comment",
        "Next",
        "End",
        "Resource",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "Retry",
        "Catch",
        "TimeoutSeconds",
        "TimeoutSecondsPath",
        "Choices",
        "Default",
        "SecondsPath",
        "Branches",
        "ItemsPath",
        "ItemSelector",
        "ItemProcessor",
        "MaxConcurrency",
        "Result",
        "Error",
        "Cause",
    ];
    let fields = state.as_object().unwrap_or_else(|| panic!("there is no state {name:?}"));
    for field in fields.keys() {
        assert!(KNOWN.contains(&field.as_str()), "the walker knows no {field} of {name:?}");
    }
}

fn choose(state: &Value, input: &Value) -> String {
    let mut rules = state["Choices"].as_array().unwrap().iter();
    let rule = rules.find(|rule| holds(rule, input));
    rule.map_or_else(|| text(&state["Default"]), |rule| text(&rule["Next"]))
}

fn holds(rule: &Value, input: &Value) -> bool {
    if let Some(rules) = rule.get("And") {
        return rules.as_array().unwrap().iter().all(|rule| holds(rule, input));
    }
    let variable = find(&text(&rule["Variable"]), input);
    let mut comparisons = rule.as_object().unwrap().iter();
    let (comparison, operand) =
        comparisons.find(|(name, _)| !["Variable", "Next"].contains(&name.as_str())).unwrap();
    match (comparison.as_str(), variable) {
        ("IsPresent", variable) => *operand == json!(variable.is_some()),
        ("StringEquals" | "BooleanEquals", Some(variable)) => variable == *operand,
        ("NumericGreaterThanEquals", Some(variable)) => variable.as_f64() >= operand.as_f64(),
        (comparison, variable) => panic!("the walker cannot compare {variable:?} by {comparison}"),
    }
}

fn matches(handler: &Value, thrown: &Thrown) -> bool {
    let mut names = handler["ErrorEquals"].as_array().unwrap().iter();
    names.any(|name| name == "States.ALL" || Some(name) == thrown.get("Error"))
}

fn thrown(error: &str, cause: &str) -> Thrown {
    Map::from_iter([("Error".to_owned(), json!(error)), ("Cause".to_owned(), json!(cause))])
}

/// Fills a payload template.
fn fill(template: &Value, input: &Value, context: &Value) -> Value {
    let Value::Object(fields) = template else { return template.clone() };
    let fields = fields.iter().map(|(name, value)| match name.strip_suffix(".$") {
        Some(name) => (name.to_owned(), select(&text(value), input, context)),
        None => (name.clone(), fill(value, input, context)),
    });
    Value::Object(fields.collect())
}

fn select(path: &str, input: &Value, context: &Value) -> Value {
    let found = match path.strip_prefix('$').unwrap() {
        of_context if of_context.starts_with('$') => find(of_context, context),
        _ => find(path, input),
    };
    found.unwrap_or_else(|| panic!("`{path}` finds nothing in {input}"))
}

/// Follows `$.a.b`, `$[0].a` and `$.a[*].b`.
fn find(path: &str, value: &Value) -> Option<Value> {
    let path = path.strip_prefix('$').unwrap().replace('[', ".[");
    follow(path.split('.').skip(1), value)
}

fn follow<'a>(mut steps: impl Iterator<Item = &'a str> + Clone, value: &Value) -> Option<Value> {
    let Some(step) = steps.next() else { return Some(value.clone()) };
    match step.strip_prefix('[').map(|step| step.trim_end_matches(']')) {
        None => follow(steps, value.get(step)?),
        Some("*") => {
            let items = value.as_array()?.iter();
            Some(items.filter_map(|item| follow(steps.clone(), item)).collect())
        }
        Some(index) => follow(steps, value.get(index.parse::<usize>().unwrap())?),
    }
}

/// Puts a result where ResultPath says: `$` by default, nowhere for null, else one member of the input.
fn put(mut input: Value, path: Option<&Value>, result: Value) -> Value {
    match path {
        None => result,
        Some(Value::Null) => input,
        Some(path) => {
            input[path.as_str().unwrap().strip_prefix("$.").unwrap()] = result;
            input
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
