//! Rewrites an expression so that no single operation of it can run away.
//!
//! The library looks at the clock and at the depth between operations, but not inside one: `$pad` with
//! a huge width, `$replace` with a long replacement, `$string` of a value that is shared in a million
//! places or a range over all integers would fill the memory before anyone looks. So
//!
//! * the operands of whatever multiplies, compares or writes out values are measured first;
//! * the bounds of a range must be exact integers;
//! * `$join`, `$pad` and `$replace` become functions that reckon the size of their result first.
//!
//! What an expression gives stays the same otherwise. Operands that cannot be large are left alone:
//! literals, numbers, conditions, and what is only picked from the values of the environment.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::parser;
use jsonata_core::value::with_stack;

use crate::children::each_child;
use crate::functions::guards;
use crate::references::Found;

/// Functions that walk through whatever they are given.
const WALKERS: &[&str] = &["boolean", "distinct", "not", "string"];

/// Those of them that take the context where no argument is given.
const CONTEXT_WALKERS: &[&str] = &["boolean", "not", "string"];

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

/// The functions that replace JSONata's own of the same names, unless a variable has that name.
///
/// Each keeps the signature of the function that it stands for, so that the context is filled in and
/// wrong arguments are refused in the same way.
const PRELUDE: &[(&str, &str)] = &[
    (
        "join",
        "($builtin := $join; $type($builtin) != 'function' ? $builtin :
          function($texts, $separator)<a<s>s?:s> {
            ($_join_fits($texts, $separator); $builtin($texts, $separator))
          })",
    ),
    (
        "pad",
        "($builtin := $pad; $type($builtin) != 'function' ? $builtin :
          function($text, $width, $filler)<s-ns?:s> {
            ($_pad_fits($width); $builtin($text, $width, $filler))
          })",
    ),
    (
        "replace",
        "($builtin := $replace; $type($builtin) != 'function' ? $builtin :
          function($text, $pattern, $by, $limit)<s-(sf)(sf)n?:s> {(
            $_replace_fits($text, $pattern, $by);
            $each := $type($by) = 'function' ? function($match) { $_emitted($by($match)) } : $by;
            $builtin($text, $pattern, $each, $limit)
          )})",
    ),
];

/// Guards a whole expression, and adds to what it mentions the functions that guard it.
pub(crate) fn guard(tree: &mut AstNode, found: &mut Found) {
    let mut pass = Pass { bound: &found.bound, used: BTreeSet::new() };
    pass.visit(tree);
    let mut used = pass.used;
    for (name, substitute) in PRELUDE_TREES.iter() {
        if found.mentioned.contains(*name) {
            let rest = std::mem::replace(tree, AstNode::Null);
            *tree = AstNode::Block(vec![assign(name, substitute.clone()), rest]);
            used.extend(guards::OF_PRELUDE);
        }
    }
    found.mentioned.extend(used.into_iter().map(str::to_owned));
}

static PRELUDE_TREES: LazyLock<Vec<(&str, AstNode)>> = LazyLock::new(|| {
    let trees = PRELUDE.iter().map(|(name, text)| Some((*name, parser::parse(text).ok()?)));
    trees.flatten().collect()
});

fn assign(name: &str, value: AstNode) -> AstNode {
    AstNode::Binary {
        op: BinaryOp::ColonEqual,
        lhs: Box::new(AstNode::variable(name)),
        rhs: Box::new(value),
    }
}

struct Pass<'f> {
    /// The names that the expression binds itself: all other variables come from the environment.
    bound: &'f BTreeSet<String>,
    used: BTreeSet<&'static str>,
}

impl Pass<'_> {
    fn visit(&mut self, node: &mut AstNode) {
        with_stack(|| {
            if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node {
                self.visit_chain(lhs, rhs);
            } else {
                each_child(node, &mut |child| self.visit(child));
                self.guard_operands(node);
            }
        });
    }

    /// `lhs ~> $string()`: the left side is the argument that the function on the right lacks.
    fn visit_chain(&mut self, lhs: &mut AstNode, rhs: &mut AstNode) {
        self.visit(lhs);
        if let AstNode::Function { name, args, .. } = rhs {
            args.iter_mut().for_each(|argument| self.visit(argument));
            if WALKERS.contains(&name.as_str()) {
                self.measure([lhs]);
            }
        } else {
            if matches!(rhs, AstNode::Variable(name) if WALKERS.contains(&name.as_str())) {
                self.measure([lhs]);
            }
            self.visit(rhs);
        }
    }

    fn guard_operands(&mut self, node: &mut AstNode) {
        if let AstNode::Binary { op, lhs, rhs } = node {
            self.guard_binary(*op, lhs, rhs);
        } else if let AstNode::Function { name, args, is_builtin: true } = node {
            if args.is_empty() && CONTEXT_WALKERS.contains(&name.as_str()) {
                args.push(AstNode::variable(""));
            }
            if WALKERS.contains(&name.as_str()) {
                self.measure(args);
            }
        } else if let AstNode::Array(items) | AstNode::ArrayGroup(items) = node {
            self.measure_several(items.iter_mut().collect());
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
                    self.wrap(guards::BOUND, operand);
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
                self.wrap(guards::MEASURED, operand);
            }
        }
    }

    fn wrap(&mut self, function: &'static str, operand: &mut AstNode) {
        if matches!(operand, AstNode::Number(number) if number.abs() < 1e15) {
            return;
        }
        self.used.insert(function);
        let inner = std::mem::replace(operand, AstNode::Null);
        *operand =
            AstNode::Function { name: function.to_owned(), args: vec![inner], is_builtin: true };
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
            AstNode::Binary { op, .. } => {
                !matches!(op, BinaryOp::ChainPipe | BinaryOp::Coalesce | BinaryOp::Default)
                    && !matches!(op, BinaryOp::ColonEqual)
            }
            AstNode::Function { name, .. } => {
                name == guards::MEASURED
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
