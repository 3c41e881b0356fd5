//! What an expression refers to.

use std::collections::{BTreeMap, BTreeSet};

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use crate::Member;
use crate::children::each_child;
use crate::names::is_function;

/// What an expression takes from its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The variables, without `$`: not functions, and not what the expression itself binds.
    pub variables: BTreeSet<String>,
    /// The members of `$states` that are named (`$states.result`).
    pub members: BTreeSet<Member>,
    /// Whether `$states` is used as a whole, so that any member may be meant.
    pub whole_states: bool,
    /// What is read from the expression's own input, which Step Functions does not give: names as they are, `$`
    /// for the input as a whole.
    pub top_level: BTreeSet<String>,
    /// Whether `$$`, the same input from anywhere, is read.
    pub root: bool,
}

impl References {
    /// Adds those of another expression.
    pub fn merge(&mut self, other: &References) {
        self.variables.extend(other.variables.iter().cloned());
        self.members.extend(&other.members);
        self.whole_states |= other.whole_states;
        self.top_level.extend(other.top_level.iter().cloned());
        self.root |= other.root;
    }

    /// The members of `$states` that may be needed.
    pub(crate) fn members_needed(&self) -> Vec<Member> {
        Member::ALL
            .into_iter()
            .filter(|member| self.whole_states || self.members.contains(member))
            .collect()
    }
}

/// What a walk over an expression finds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) references: References,
    /// Every name after a `$`, wherever it is bound: the variables and functions to provide.
    pub(crate) mentioned: BTreeSet<String>,
    /// Every name that the expression binds somewhere.
    pub(crate) bound: BTreeSet<String>,
    /// What it reads of each member of `$states`.
    parts: BTreeMap<Member, Part>,
    /// Whether it looks up from a value to what holds it, so that more may be read than is named.
    looks_up: bool,
}

/// What is read of a value: all of it, or only the members of these names.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) is_whole: bool,
    pub(crate) names: BTreeMap<String, Part>,
}

impl Part {
    fn add(&mut self, names: &[&str]) {
        match names.split_first() {
            None => self.is_whole = true,
            Some((first, rest)) => self.names.entry((*first).to_owned()).or_default().add(rest),
        }
    }

    /// Whether anything is read at the end of these names, or above or below it.
    pub(crate) fn reaches(&self, names: &[&str]) -> bool {
        match names.split_first() {
            _ if self.is_whole => true,
            None => true,
            Some((first, rest)) => self.names.get(*first).is_some_and(|part| part.reaches(rest)),
        }
    }
}

impl Found {
    /// What the expression reads of a member, if that is less than all of it.
    pub(crate) fn part(&self, member: Member) -> Option<&Part> {
        if self.looks_up || self.references.whole_states {
            return None;
        }
        self.parts.get(&member).filter(|part| !part.is_whole)
    }
}

/// Walks over an expression. Takes it mutably only because all walks share [`each_child`].
pub(crate) fn find(node: &mut AstNode) -> Found {
    let frames = vec![Frame::default()];
    let mut walk = Walk { found: Found::default(), frames, settled: 0, is_inside: false };
    walk.visit(node);
    walk.found
}

struct Walk {
    found: Found,
    frames: Vec<Frame>,
    /// How many outer frames will be complete when the node at hand is evaluated: a function is
    /// called after the block around it has bound its names.
    settled: usize,
    /// Whether the node at hand is evaluated over something that the expression found, not over its own input.
    is_inside: bool,
}

/// The names that a block or a function binds.
#[derive(Default)]
struct Frame {
    bound: BTreeSet<String>,
    later: BTreeSet<String>,
}

impl Walk {
    fn visit(&mut self, node: &mut AstNode) {
        with_stack(|| {
            if let AstNode::Variable(name) = node {
                self.mention_variable(name);
            } else if let AstNode::ParentVariable(_) = node {
                self.found.references.root = true;
            } else if let AstNode::Parent(_) = node {
                self.found.looks_up = true;
            } else if let AstNode::Name(name) = node {
                self.mention_name(name);
            } else if let AstNode::Block(statements) = node {
                let later = statements.iter().filter_map(assigned).map(str::to_owned).collect();
                self.within(Frame { later, ..Frame::default() }, node);
            } else if let AstNode::Lambda { params, .. } = node {
                let bound: BTreeSet<String> = params.iter().cloned().collect();
                self.found.bound.extend(bound.iter().cloned());
                let settled = std::mem::replace(&mut self.settled, self.frames.len());
                self.within(Frame { bound, ..Frame::default() }, node);
                self.settled = settled;
            } else if let AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } = node {
                self.assign(lhs, rhs);
            } else if let AstNode::Path { steps } = node {
                self.path(steps);
            } else if let AstNode::Sort { input, terms } = node {
                self.visit(input);
                self.inside(|walk| terms.iter_mut().for_each(|(term, _)| walk.visit(term)));
            } else if let AstNode::ObjectTransform { input, pattern } = node {
                self.visit(input);
                self.inside(|walk| {
                    for (key, value) in pattern {
                        walk.visit(key);
                        walk.visit(value);
                    }
                });
            } else if let AstNode::Transform { .. } | AstNode::FunctionApplication(_) = node {
                self.inside(|walk| walk.visit_children(node));
            } else {
                if let AstNode::Function { name, is_builtin: true, .. } = node {
                    self.found.mentioned.insert(name.clone());
                }
                self.visit_children(node);
            }
        });
    }

    /// What is evaluated over each value that was found.
    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        let is_inside = std::mem::replace(&mut self.is_inside, true);
        visit(self);
        self.is_inside = is_inside;
    }

    fn visit_children(&mut self, node: &mut AstNode) {
        each_child(node, &mut |child| self.visit(child));
    }

    fn within(&mut self, frame: Frame, node: &mut AstNode) {
        self.frames.push(frame);
        self.visit_children(node);
        self.frames.pop();
    }

    /// A function may call itself by the name it is bound to; any other value cannot see that name.
    fn assign(&mut self, target: &AstNode, value: &mut AstNode) {
        let AstNode::Variable(name) = target else { return self.visit(value) };
        let name = name.clone();
        if matches!(value, AstNode::Lambda { .. }) {
            self.bind(name);
            self.visit(value);
        } else {
            self.visit(value);
            self.bind(name);
        }
    }

    fn path(&mut self, steps: &mut [PathStep]) {
        for step in steps.iter() {
            for name in step.focus.iter().chain(&step.index_var).chain(indexes(&step.stages)) {
                self.bind(name.clone());
            }
        }
        let named = self.named_member(steps);
        if let Some(member) = named {
            self.found.mentioned.insert(STATES.to_owned());
            self.found.references.members.extend(member);
            if let Some(member) = member {
                let names = picked_names(steps);
                self.found.parts.entry(member).or_default().add(&names);
            }
        }
        for (index, step) in steps.iter_mut().enumerate() {
            if index > 0 {
                self.inside(|walk| walk.visit(&mut step.node));
            } else if named.is_none() {
                self.visit(&mut step.node);
            }
            for stage in &mut step.stages {
                if let Stage::Filter(condition) = stage {
                    self.inside(|walk| walk.visit(condition));
                }
            }
        }
    }

    /// For `$states.name…`: the member of that name, or none where `$states` never has it.
    fn named_member(&self, steps: &[PathStep]) -> Option<Option<Member>> {
        let [states, member, ..] = steps else { return None };
        let plain = states.stages.is_empty() && !states.is_tuple;
        match (&states.node, &member.node) {
            (AstNode::Variable(states), AstNode::Name(name))
                if plain && states == STATES && !self.is_local(STATES) =>
            {
                Some(Member::named(name))
            }
            _ => None,
        }
    }

    fn mention_variable(&mut self, name: &str) {
        if name.is_empty() {
            return self.mention_name("$");
        }
        self.found.mentioned.insert(name.to_owned());
        if self.is_local(name) {
            return;
        }
        if name == STATES {
            self.found.references.whole_states = true;
        } else if !is_function(name) {
            self.found.references.variables.insert(name.to_owned());
        }
    }

    /// A member of the value at hand, or that value itself.
    fn mention_name(&mut self, name: &str) {
        if !self.is_inside {
            self.found.references.top_level.insert(name.to_owned());
        }
    }

    fn bind(&mut self, name: String) {
        self.found.bound.insert(name.clone());
        if let Some(frame) = self.frames.last_mut() {
            frame.bound.insert(name);
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.frames.iter().enumerate().any(|(index, frame)| {
            frame.bound.contains(name) || (index < self.settled && frame.later.contains(name))
        })
    }
}

/// The names that a path picks by, one within the other, from a member of `$states` on.
fn picked_names(steps: &[PathStep]) -> Vec<&str> {
    let mut names = Vec::new();
    for step in steps.iter().skip(1) {
        let is_plain = !step.is_tuple && step.focus.is_none() && step.index_var.is_none();
        let AstNode::Name(name) = &step.node else { break };
        if !is_plain {
            break;
        }
        names.push(name.as_str());
        // What is filtered is read as a whole.
        if !step.stages.is_empty() {
            break;
        }
    }
    // The first is the member itself.
    names.drain(..names.len().min(1));
    names
}

/// The one variable that is never assigned.
pub(crate) const STATES: &str = "states";

fn assigned(statement: &AstNode) -> Option<&str> {
    let AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } = statement else { return None };
    if let AstNode::Variable(name) = &**lhs { Some(name) } else { None }
}

fn indexes(stages: &[Stage]) -> impl Iterator<Item = &String> {
    stages.iter().filter_map(|stage| match stage {
        Stage::Index(name) => Some(name),
        Stage::Filter(_) | Stage::KeepArray => None,
    })
}

#[cfg(test)]
mod tests {
    use super::Part;
    use crate::{Expression, Member};

    #[test]
    fn variables_are_those_that_the_expression_does_not_bind() {
        check("$a + $b.c[$d = 1]", "a b d");
        check("$sum($a.x)", "a");
        check("($x := $y; $x + $z)", "y z");
        check("($x := $x + 1; $x)", "x");
        check("$map($items, function($v, $i) { $v + $i + $n })", "items n");
        check("($f := function($n) { $n > 0 ? $f($n - 1) : $m }; $f(3))", "m");
        check("($f := function() { $later }; $later := 1; $f())", "");
        check("($x := 1); $x", "error");
        check("[($x := 1; $x), $x]", "x");
        check("$items@$i.lines#$j[$j < $n].{'a': $i}", "items n");
        check("$a ~> $join($sep)", "a sep");
        check("$a{$k: $v}", "a k v");
        check("$a^(>$b).c", "a b");
        check("$a ~> |x|{'y': $z}|", "a z");
        check("$c ? $t : $e", "c e t");
        check("$ & $$ & $$.a", "");
        check("$map($a, $uppercase)", "a");
        check("$nosuch($a)", "a");
        check("$notafunction", "notafunction");
        check("/* $no */ '$no' & `$no`", "");
    }

    #[test]
    fn members_of_states_are_told_apart() {
        check("$states.input.a", "states.input");
        check("$states.result[0] & $states.context.State.Name", "states.result states.context");
        check("$states.errorOutput.Cause", "states.errorOutput");
        check("$states.`input`", "states.input");
        check("$states.nothing", "");
        check("$states", "states");
        check("$states.*", "states");
        check("$keys($states)", "states");
        check("$states.input[$states.result]", "states.input states.result");
        check("$map($states.input.a, function($states) { $states.result })", "states.input");
    }

    #[test]
    fn what_is_read_from_the_input_itself_is_named() {
        check_top_level("phone", "phone");
        check_top_level("phone.number[type = 'home']", "phone");
        check_top_level("$sum(prices) + $count($)", "$ prices");
        check_top_level("{key: value}", "key value");
        check_top_level("[a, b ? c : d]", "a b c d");
        check_top_level("($x := y; $x)", "y");
        check_top_level("$map($states.input.a, function($x) { b })", "b");
        check_top_level("items[price > 1]^(name){kind: $sum(price)}", "items");
        check_top_level("$states.input.items[$ = 1].(name & $.type)", "");
        check_top_level("$states.input ~> |items|{'a': b}|", "");
        check_top_level("$a[b].c^(d){e: f}", "");
        check_top_level("'text' & 1", "");
        check_top_level("$states.input.a[b = $$.c]", "$$");
    }

    #[test]
    fn what_is_read_of_a_member_is_named() {
        check_part("$states.input.a.b + $states.input.c", "a.b c");
        check_part("$states.input.a.b + $states.input.a", "a");
        check_part("$states.input.lines[0].x", "lines");
        check_part("$states.input.lines.(qty * price)", "lines");
        check_part("$sum($states.input.lines.price)", "lines.price");
        check_part("$states.input[0].a", "all");
        check_part("$states.input.*", "all");
        check_part("$states.input + $states.input.a", "all");
        check_part("$keys($states.input)", "all");
        check_part("$states.input.a & $keys($states)", "all");
        check_part("$states.input.a.b.%.c", "all");
        check_part("$states.input@$i.a", "all");
        check_part("$states.input.lines@$l.x", "all");
    }

    fn check_part(text: &str, expected: &str) {
        fn show(part: &Part, before: &str, shown: &mut Vec<String>) {
            for (name, part) in &part.names {
                let name = format!("{before}{name}");
                if part.is_whole {
                    shown.push(name);
                } else {
                    show(part, &format!("{name}."), shown);
                }
            }
        }
        let expression = Expression::parse(text).unwrap();
        let mut shown = Vec::new();
        match expression.0.found.part(Member::Input) {
            Some(part) => show(part, "", &mut shown),
            None => shown.push("all".to_owned()),
        }
        assert_eq!(shown.join(" "), expected, "{text}");
    }

    fn check_top_level(text: &str, expected: &str) {
        let expression = Expression::parse(text).unwrap();
        let references = expression.references();
        let root = references.root.then(|| "$$".to_owned());
        let found: Vec<String> = references.top_level.iter().cloned().chain(root).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }

    fn check(text: &str, expected: &str) {
        let found = match Expression::parse(text) {
            Ok(expression) => {
                let references = expression.references();
                let states = references.whole_states.then(|| "states".to_owned());
                let members = references.members.iter().map(|m| format!("states.{}", m.name()));
                let variables = references.variables.iter().cloned();
                variables.chain(members).chain(states).collect::<Vec<_>>().join(" ")
            }
            Err(_) => "error".to_owned(),
        };
        assert_eq!(found, expected, "{text}");
    }
}
