//! Which variables each state reads (EXPR-VAR-12).

use crate::states::{Comparison, Items, Operand, Test};
use crate::states::{Condition, Distributed, Map, Task, WaitFor};
use crate::{AnyTemplate, Definition, Flow, Handlers, NumberField, State, StateKind, TextField};
use baton_jsonata::Expression;
use baton_jsonpath::{Path, PathOrIntrinsic, Root};
use std::collections::{BTreeMap, BTreeSet};

impl Definition {
    /// For each state that reads variables, their names: `variableReferences` of DescribeStateMachine.
    #[must_use]
    pub fn variable_references(&self) -> BTreeMap<String, Vec<String>> {
        let states = self.blocks.iter().flat_map(|block| block.states.values());
        states
            .map(|state| (state.name.as_str().to_owned(), state.variables_read()))
            .filter(|(_, variables)| !variables.is_empty())
            .map(|(name, variables)| (name, variables.into_iter().collect()))
            .collect()
    }

    /// Whether a state assigns variables or is written in JSONata.
    #[must_use]
    pub fn has_variables_or_jsonata(&self) -> bool {
        let states = self.blocks.iter().flat_map(|block| block.states.values());
        states.into_iter().any(|state| match &state.flow {
            Flow::JsonPath(flow) => flow.assign.is_some(),
            Flow::Jsonata(_) => true,
        })
    }
}

impl State {
    /// The variables that the state's own fields read; the states within it have theirs.
    #[must_use]
    pub fn variables_read(&self) -> BTreeSet<String> {
        let mut found = Found(BTreeSet::new());
        found.flow(&self.flow);
        found.kind(&self.kind);
        found.0
    }
}

struct Found(BTreeSet<String>);

impl Found {
    fn flow(&mut self, flow: &Flow) {
        match flow {
            Flow::JsonPath(flow) => {
                self.paths(flow.input_path.iter().chain(&flow.output_path));
                let templates = [&flow.parameters, &flow.result_selector, &flow.assign];
                for template in templates.into_iter().flatten() {
                    self.paths(template.references());
                }
            }
            Flow::Jsonata(flow) => {
                for template in [&flow.arguments, &flow.output, &flow.assign].into_iter().flatten()
                {
                    self.jsonata(template);
                }
            }
        }
    }

    fn kind(&mut self, kind: &StateKind) {
        match kind {
            StateKind::Task(task) => self.task(task),
            StateKind::Wait(wait) => match &wait.duration {
                WaitFor::Seconds(seconds) => self.number(seconds),
                WaitFor::Timestamp(timestamp) => self.text(timestamp),
            },
            StateKind::Fail(fail) => {
                fail.error.iter().chain(&fail.cause).for_each(|text| self.text(text));
            }
            StateKind::Choice(choice) => {
                for rule in &choice.rules {
                    self.condition(&rule.condition);
                    rule.assign.iter().for_each(|assign| self.template(assign));
                    rule.output.iter().for_each(|output| self.jsonata(output));
                }
            }
            StateKind::Parallel(parallel) => self.handlers(&parallel.handlers),
            StateKind::Map(map) => self.map(map),
            StateKind::Pass(_) | StateKind::Succeed(_) => {}
        }
    }

    fn task(&mut self, task: &Task) {
        task.timeout.iter().chain(&task.heartbeat).for_each(|number| self.number(number));
        task.credentials.iter().for_each(|credentials| self.text(&credentials.role_arn));
        self.handlers(&task.handlers);
    }

    fn map(&mut self, map: &Map) {
        match &map.items {
            Items::Path(path) => self.path(path),
            Items::Template(template) => self.jsonata(template),
            Items::Expression(expression) => self.expression(expression),
            Items::Input | Items::Literal(_) => {}
        }
        map.item_selector.iter().for_each(|selector| self.template(selector));
        let numbers =
            [&map.concurrency_max, &map.tolerated_failure_count, &map.tolerated_failure_percentage];
        numbers.into_iter().flatten().for_each(|number| self.number(number));
        if let Some(distributed) = &map.distributed {
            self.distributed(distributed);
        }
        self.handlers(&map.handlers);
    }

    fn distributed(&mut self, distributed: &Distributed) {
        let Distributed { reader, batcher, writer, .. } = distributed;
        let read = reader.iter().flat_map(|it| it.arguments.iter().chain(&it.config));
        let batched = batcher.iter().flat_map(|it| &it.input);
        let written = writer.iter().flat_map(|it| &it.arguments);
        read.chain(batched).chain(written).for_each(|template| self.template(template));
        let counted = reader.iter().flat_map(|it| &it.items_max);
        let limits = batcher.iter().flat_map(|it| it.items_max.iter().chain(&it.bytes_max));
        counted.chain(limits).for_each(|number| self.number(number));
    }

    fn handlers(&mut self, handlers: &Handlers) {
        for catcher in &handlers.catchers {
            catcher.assign.iter().for_each(|assign| self.template(assign));
            catcher.output.iter().for_each(|output| self.jsonata(output));
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::JsonPath(test) => self.test(test),
            Condition::Jsonata(expression) => self.expression(expression),
            Condition::Literal(_) => {}
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| self.test(test)),
            Test::Not(test) => self.test(test),
            Test::Compare { variable, comparison } => {
                self.path(variable);
                self.comparison(comparison);
            }
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        match comparison {
            Comparison::String(_, Operand::Path(path))
            | Comparison::Numeric(_, Operand::Path(path))
            | Comparison::Boolean(Operand::Path(path))
            | Comparison::Timestamp(_, Operand::Path(path)) => self.path(path),
            Comparison::String(_, Operand::Literal(_))
            | Comparison::Numeric(_, Operand::Literal(_))
            | Comparison::Boolean(Operand::Literal(_))
            | Comparison::Timestamp(_, Operand::Literal(_))
            | Comparison::StringMatches(_)
            | Comparison::IsNull(_)
            | Comparison::IsPresent(_)
            | Comparison::IsNumeric(_)
            | Comparison::IsString(_)
            | Comparison::IsBoolean(_)
            | Comparison::IsTimestamp(_) => {}
        }
    }

    fn number(&mut self, number: &NumberField) {
        match number {
            NumberField::Literal(_) => {}
            NumberField::Path(path) => self.path(path),
            NumberField::Expression(expression) => self.expression(expression),
        }
    }

    fn text(&mut self, text: &TextField) {
        match text {
            TextField::Literal(_) => {}
            TextField::Path(path) => self.path_or_intrinsic(path),
            TextField::Expression(expression) => self.expression(expression),
        }
    }

    fn template(&mut self, template: &AnyTemplate) {
        match template {
            AnyTemplate::JsonPath(template) => self.paths(template.references()),
            AnyTemplate::Jsonata(template) => self.jsonata(template),
        }
    }

    fn jsonata(&mut self, template: &baton_jsonata::Template) {
        self.0.extend(template.references().variables);
    }

    fn expression(&mut self, expression: &Expression) {
        self.0.extend(expression.references().variables.iter().cloned());
    }

    fn path_or_intrinsic(&mut self, expression: &PathOrIntrinsic) {
        self.paths(expression.references());
    }

    fn paths<'p>(&mut self, paths: impl IntoIterator<Item = &'p Path>) {
        paths.into_iter().for_each(|path| self.path(path));
    }

    fn path(&mut self, path: &Path) {
        if let Root::Variable(name) = path.root() {
            self.0.insert(name.clone());
        }
    }
}
