//! Rewrites an expression so that no single operation of it can run away.
//!
//! The library looks at the clock and at the depth between operations, but not inside one, and never
//! at the memory: `$pad` with a huge width, a long replacement, `$string` of a value that is shared in
//! a million places, a join of two long lists or a range over all integers would fill the memory
//! before anyone looks. So
//!
//! * the operands of whatever multiplies, compares or writes out values are [`MEASURED`] first;
//! * what is made over and over, in functions and in the steps of paths, is [`COUNTED`];
//! * the [`BOUND`]s of a range must be exact integers;
//! * some functions are replaced by ones that reckon their size first ([`prelude`]).
//!
//! What an expression gives stays the same otherwise. What cannot be large is left alone: literals,
//! numbers, conditions, and what is only picked from the values of the environment.

mod prelude;

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use crate::children::each_child;
use crate::functions::guards::{BOUND, COUNTED, COUNTED_JOIN, MEASURED, is_guard};
use crate::names::is_function;
use crate::references::Found;

/// Functions that walk through whatever they are given.
const WALKERS: &[&str] = &["boolean", "not", "string"];

/// Functions that give a number, a boolean or a short text.
const SMALL_FUNCTIONS: &[&str] = &[
    "abs",
    "average",
    "boolean",
    "ceil",
    "contains",
    "count",
    "exists",
    "floor",
    "formatBase",
    "hash",
    "length",
    "max",
    "millis",
    "min",
    "not",
    "number",
    "power",
    "random",
    "round",
    "sqrt",
    "sum",
    "toMillis",
    "type",
    "uuid",
];

/// Guards a whole expression, and adds to what it mentions the functions that guard it.
pub(crate) fn guard(tree: &mut AstNode, found: &mut Found) {
    let mut pass = Pass { bound: &found.bound, used: BTreeSet::new(), loops: 0 };
    pass.visit(tree);
    let used = pass.used;
    found.mentioned.extend(used.into_iter().map(str::to_owned));
    prelude::add(tree, found);
}

struct Pass<'f> {
    /// The names that the expression binds itself: all other variables come from the environment.
    bound: &'f BTreeSet<String>,
    used: BTreeSet<&'static str>,
    /// How many functions and steps are around the node at hand, each of which may run many times.
    loops: usize,
}

impl Pass<'_> {
    fn visit(&mut self, node: &mut AstNode) {
        self.visit_uncounted(node);
        if self.loops > 0 && self.is_made(node) {
            self.wrap(COUNTED, node);
        }
    }

    fn visit_uncounted(&mut self, node: &mut AstNode) {
        with_stack(|| {
            if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node {
                self.visit_chain(lhs, rhs);
            } else if let AstNode::Path { steps } = node {
                self.visit_steps(steps);
            } else if let AstNode::Lambda { body, .. } = node {
                self.looping(|pass| pass.visit(body));
            } else if let AstNode::Function { name, args, is_builtin: true } = node {
                self.visit_call(name, args);
            } else {
                let loops = matches!(
                    node,
                    AstNode::Sort { .. }
                        | AstNode::ObjectTransform { .. }
                        | AstNode::Transform { .. }
                );
                self.loops += usize::from(loops);
                each_child(node, &mut |child| self.visit(child));
                self.loops -= usize::from(loops);
            }
            self.guard_operands(node);
        });
    }

    fn looping(&mut self, visit: impl FnOnce(&mut Self)) {
        self.loops += 1;
        visit(self);
        self.loops -= 1;
    }

    /// `lhs ~> $string()`: the left side is the argument that the function on the right lacks, so the
    /// call on the right must stay one.
    fn visit_chain(&mut self, lhs: &mut AstNode, rhs: &mut AstNode) {
        self.visit(lhs);
        let walks = |name: &String| WALKERS.contains(&name.as_str());
        let walks = if let AstNode::Function { name, args, .. } = rhs {
            args.iter_mut().for_each(|argument| self.visit(argument));
            walks(name)
        } else {
            self.visit(rhs);
            matches!(rhs, AstNode::Variable(name) if walks(name))
        };
        if walks {
            self.measure([lhs]);
        }
    }

    /// Each step after the first is evaluated for every item that the one before gives. Where a step
    /// binds a name or looks back (`@`, `#`, `%`), every combination is kept.
    fn visit_steps(&mut self, steps: &mut [PathStep]) {
        let joins = steps.iter().any(|step| step.is_tuple);
        let nested = self.loops > 0;
        for (index, step) in steps.iter_mut().enumerate() {
            let later = index > 0;
            self.loops += usize::from(later);
            self.visit_step(step);
            if joins && (later || nested) && matches!(step.node, AstNode::Name(_)) {
                self.wrap(COUNTED_JOIN, &mut step.node);
            } else if later && spreads(&step.node) && !is_counted(&step.node) {
                self.wrap(if joins { COUNTED_JOIN } else { COUNTED }, &mut step.node);
            }
            self.loops -= usize::from(later);
            for stage in &mut step.stages {
                if let Stage::Filter(condition) = stage {
                    self.looping(|pass| pass.visit(condition));
                }
            }
        }
    }

    /// The block of a step must stay one, and with `inner_tuple` its last path a path.
    fn visit_step(&mut self, step: &mut PathStep) {
        if let AstNode::FunctionApplication(inner) = &mut step.node {
            self.visit(inner);
            if self.loops > 0 && !step.inner_tuple && !is_counted(inner) {
                self.wrap(COUNTED, inner);
            }
        } else {
            self.visit(&mut step.node);
        }
    }

    /// The function given to `$reduce` replaces its result each time: only what it makes on the way
    /// to it may pile up.
    fn visit_call(&mut self, name: &str, args: &mut [AstNode]) {
        for argument in args {
            if let (AstNode::Lambda { body, .. }, "reduce") = (&mut *argument, name) {
                self.looping(|pass| pass.visit_result(body));
            } else {
                self.visit(argument);
            }
        }
    }

    fn visit_result(&mut self, node: &mut AstNode) {
        if let AstNode::Conditional { condition, then_branch, else_branch } = node {
            self.visit(condition);
            self.visit_result(then_branch);
            else_branch.iter_mut().for_each(|branch| self.visit_result(branch));
        } else if let AstNode::Block(statements) = node {
            if let Some((last, first)) = statements.split_last_mut() {
                first.iter_mut().for_each(|statement| self.visit(statement));
                self.visit_result(last);
            }
        } else {
            self.visit_uncounted(node);
        }
    }

    fn guard_operands(&mut self, node: &mut AstNode) {
        if let AstNode::Binary { op, lhs, rhs } = node {
            self.guard_binary(*op, lhs, rhs);
        } else if let AstNode::Function { name, args, is_builtin: true } = node {
            if WALKERS.contains(&name.as_str()) {
                if args.is_empty() {
                    args.push(AstNode::variable("")); // the context, spelled out
                }
                self.measure(args);
            }
        } else if let AstNode::Array(items) | AstNode::ArrayGroup(items) = node {
            self.measure_several(items.iter_mut().collect());
            if self.loops > 0 {
                self.count_spread(items);
            }
        } else if let AstNode::Object(pairs) | AstNode::ObjectTransform { pattern: pairs, .. } =
            node
        {
            self.measure_several(pairs.iter_mut().map(|(_, value)| value).collect());
        }
    }

    fn guard_binary(&mut self, op: BinaryOp, lhs: &mut AstNode, rhs: &mut AstNode) {
        match op {
            BinaryOp::Range => {
                for operand in [lhs, rhs] {
                    if !matches!(operand, AstNode::Number(number) if number.abs() < 1e15) {
                        self.wrap(BOUND, operand);
                    }
                }
            }
            BinaryOp::Concatenate => self.measure([lhs, rhs]),
            BinaryOp::Equal | BinaryOp::NotEqual => self.measure_several(vec![lhs, rhs]),
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo
            | BinaryOp::LessThan
            | BinaryOp::LessThanOrEqual
            | BinaryOp::GreaterThan
            | BinaryOp::GreaterThanOrEqual
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::In
            | BinaryOp::ColonEqual
            | BinaryOp::FocusBind
            | BinaryOp::IndexBind
            | BinaryOp::Coalesce
            | BinaryOp::Default
            | BinaryOp::ChainPipe => {}
        }
    }

    /// Measures the operands if there are several that may be large: with one, nothing multiplies.
    fn measure_several(&mut self, mut operands: Vec<&mut AstNode>) {
        operands.retain(|operand| !self.is_small(operand));
        if operands.len() > 1 {
            self.measure(operands);
        }
    }

    fn measure<'n>(&mut self, operands: impl IntoIterator<Item = &'n mut AstNode>) {
        for operand in operands {
            if !self.is_small(operand) {
                self.wrap(MEASURED, operand);
            }
        }
    }

    /// An array takes in the items of the arrays that it is made of.
    fn count_spread(&mut self, items: &mut [AstNode]) {
        for item in items {
            if (spreads(item) || matches!(item, AstNode::Path { .. })) && !is_counted(item) {
                self.wrap(COUNTED, item);
            }
        }
    }

    fn wrap(&mut self, function: &'static str, operand: &mut AstNode) {
        self.used.insert(function);
        let inner = std::mem::replace(operand, AstNode::Null);
        *operand =
            AstNode::Function { name: function.to_owned(), args: vec![inner], is_builtin: true };
    }

    /// Whether the node makes a new text or array.
    fn is_made(&self, node: &AstNode) -> bool {
        if let AstNode::Function { name, is_builtin: true, .. } = node {
            return is_function(name)
                && !self.bound.contains(name)
                && !SMALL_FUNCTIONS.contains(&name.as_str());
        }
        matches!(
            node,
            AstNode::Binary {
                op: BinaryOp::Concatenate | BinaryOp::Range | BinaryOp::ChainPipe,
                ..
            }
        )
    }

    /// Whether what the node gives is no larger than the values of the environment, or made of
    /// operands that are guarded themselves.
    fn is_small(&self, node: &AstNode) -> bool {
        match node {
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Unary { .. }
            | AstNode::Lambda { .. }
            | AstNode::Transform { .. }
            | AstNode::Array(_)
            | AstNode::ArrayGroup(_)
            | AstNode::Object(_) => true,
            AstNode::Variable(name) => self.is_given(name),
            AstNode::Path { steps } => self.is_picked(steps),
            AstNode::Binary { op, .. } => !matches!(
                op,
                BinaryOp::ChainPipe | BinaryOp::Coalesce | BinaryOp::Default | BinaryOp::ColonEqual
            ),
            AstNode::Function { name, args, .. } => {
                name == MEASURED
                    || (is_guard(name) && args.iter().all(|argument| self.is_small(argument)))
                    || (SMALL_FUNCTIONS.contains(&name.as_str()) && !self.bound.contains(name))
            }
            AstNode::Name(_)
            | AstNode::ParentVariable(_)
            | AstNode::Call { .. }
            | AstNode::ObjectTransform { .. }
            | AstNode::Block(_)
            | AstNode::Conditional { .. }
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_)
            | AstNode::FunctionApplication(_)
            | AstNode::Sort { .. } => false,
        }
    }

    /// A variable of the environment, or a function.
    fn is_given(&self, name: &str) -> bool {
        !name.is_empty() && name != "$" && !self.bound.contains(name)
    }

    /// `$given.name.name[0]`
    fn is_picked(&self, steps: &[PathStep]) -> bool {
        let [root, names @ ..] = steps else { return false };
        let given = matches!(&root.node, AstNode::Variable(name) if self.is_given(name));
        let plain = |step: &PathStep| {
            !step.is_tuple && step.stages.iter().all(|stage| !matches!(stage, Stage::Index(_)))
        };
        given
            && steps.iter().all(plain)
            && names.iter().all(|step| matches!(step.node, AstNode::Name(_)))
    }
}

/// Whether the node may give an array that is then taken apart, however little it makes itself.
fn spreads(node: &AstNode) -> bool {
    matches!(
        node,
        AstNode::Variable(_)
            | AstNode::Call { .. }
            | AstNode::Function { .. }
            | AstNode::Conditional { .. }
            | AstNode::Block(_)
    )
}

fn is_counted(node: &AstNode) -> bool {
    matches!(node, AstNode::Function { name, .. } if name == COUNTED)
}
