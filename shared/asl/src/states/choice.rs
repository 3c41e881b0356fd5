//! Choice.

use crate::limits::RULE_DEPTH_MAX;
use crate::parse::{Field, Object, PathForm, Place, Reader, Within};
use crate::source::{Kind, Node};
use crate::{AnyTemplate, Code, QueryLanguage, StateName};
use baton_jsonata::Expression;
use baton_jsonpath::Path;
use jiff::Timestamp;
use serde_json::Number;

/// `Choice`: the first rule that holds decides.
#[derive(Debug)]
pub struct Choice {
    /// `Choices` in order; never empty.
    pub rules: Vec<Rule>,
    /// `Default`.
    pub default: Option<StateName>,
}

/// One element of `Choices`.
#[derive(Debug)]
pub struct Rule {
    /// What must hold.
    pub condition: Condition,
    /// Where the execution goes then.
    pub next: StateName,
    /// The rule's own `Assign`.
    pub assign: Option<AnyTemplate>,
    /// The rule's own `Output`, in a JSONata state.
    pub output: Option<baton_jsonata::Template>,
}

/// A rule's condition, in the state's query language.
#[derive(Debug)]
pub enum Condition {
    /// `Variable` with an operator, `And`, `Or`, `Not`.
    JsonPath(Test),
    /// `Condition` as `{% … %}`.
    Jsonata(Expression),
    /// `Condition` as `true` or `false`.
    Literal(bool),
}

/// A boolean expression of comparisons.
#[derive(Debug)]
pub enum Test {
    /// Every one holds; never empty.
    And(Vec<Test>),
    /// One of them holds; never empty.
    Or(Vec<Test>),
    /// It does not hold.
    Not(Box<Test>),
    /// One operator over one `Variable`.
    Compare {
        /// `Variable`.
        variable: Path,
        /// The operator and its right side.
        comparison: Comparison,
    },
}

/// A comparison operator with its right side. A variable of another type makes it false, without an error.
#[derive(Debug)]
pub enum Comparison {
    /// `String…`, by code unit.
    String(Relation, Operand<String>),
    /// `Numeric…`.
    Numeric(Relation, Operand<Number>),
    /// `BooleanEquals…`.
    Boolean(Operand<bool>),
    /// `Timestamp…`, as instants.
    Timestamp(Relation, Operand<Timestamp>),
    /// `StringMatches`.
    StringMatches(StringPattern),
    /// `IsNull` and whether it must.
    IsNull(bool),
    /// `IsPresent` and whether it must.
    IsPresent(bool),
    /// `IsNumeric` and whether it must.
    IsNumeric(bool),
    /// `IsString` and whether it must.
    IsString(bool),
    /// `IsBoolean` and whether it must.
    IsBoolean(bool),
    /// `IsTimestamp` and whether it must.
    IsTimestamp(bool),
}

/// The relation an operator's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `…Equals`.
    Equals,
    /// `…LessThan`.
    LessThan,
    /// `…GreaterThan`.
    GreaterThan,
    /// `…LessThanEquals`.
    LessThanEquals,
    /// `…GreaterThanEquals`.
    GreaterThanEquals,
}

/// The right side of an operator.
#[derive(Debug)]
pub enum Operand<T> {
    /// Written out.
    Literal(T),
    /// The `…Path` form.
    Path(Path),
}

/// A `StringMatches` pattern: literal pieces with any text between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringPattern {
    /// The pieces between the `*`; a pattern without `*` has one.
    pub pieces: Vec<String>,
}

/// Of these a rule has exactly one, in the order in which AWS lists them.
const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];

const OPERATORS: [&str; 39] = [
    "StringEquals",
    "StringEqualsPath",
    "StringLessThan",
    "StringLessThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "StringLessThanEquals",
    "StringLessThanEqualsPath",
    "StringGreaterThanEquals",
    "StringGreaterThanEqualsPath",
    "StringMatches",
    "NumericEquals",
    "NumericEqualsPath",
    "NumericLessThan",
    "NumericLessThanPath",
    "NumericGreaterThan",
    "NumericGreaterThanPath",
    "NumericLessThanEquals",
    "NumericLessThanEqualsPath",
    "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
    "BooleanEquals",
    "BooleanEqualsPath",
    "TimestampEquals",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "TimestampLessThanPath",
    "TimestampGreaterThan",
    "TimestampGreaterThanPath",
    "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath",
    "TimestampGreaterThanEquals",
    "TimestampGreaterThanEqualsPath",
    "IsNull",
    "IsPresent",
    "IsNumeric",
    "IsString",
    "IsBoolean",
    "IsTimestamp",
];

/// What a rule says besides its condition.
const RULE_FIELDS: [&str; 4] = ["Next", "Assign", "Output", "Comment"];

/// Whether a field of a rule is a JSONPath state's alone.
pub(crate) fn is_json_path_rule_field(name: &str) -> bool {
    OPERATORS.contains(&name) || ["And", "Or", "Not", "Variable"].contains(&name)
}

impl Choice {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Choices",
        "Default",
        "InputPath",
        "OutputPath",
        "Output",
        "Assign",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        reader.require(state, &["Choices"]);
        let rules = state.get("Choices").and_then(|field| {
            let items = reader.items(&field)?;
            let rules = items.iter().enumerate().map(|(index, node)| {
                let place = field.place.index(index);
                let rule = reader.object(node, &place)?;
                Rule::read(reader, &rule, language)
            });
            // All of them are read before one that failed counts.
            let rules: Vec<Option<Rule>> = rules.collect();
            rules.into_iter().collect()
        });
        let default = match state.get("Default") {
            None => Some(None),
            Some(_) => reader.target(state, "Default").map(Some),
        };
        Some(Choice { rules: rules?, default: default? })
    }
}

impl Rule {
    fn read(reader: &mut Reader<'_>, rule: &Object<'_>, language: QueryLanguage) -> Option<Self> {
        let fields = [&SELECTORS[..], &OPERATORS, &RULE_FIELDS].concat();
        reader.only(rule, &fields);
        for member in rule.members {
            reader.field_of_language(rule, &member.key, member.key_span, language);
        }
        reader.require(rule, &["Next"]);
        reader.comment(rule);
        let condition = Condition::read(reader, rule, language);
        let next = reader.target(rule, "Next");
        let assign = reader.optional(rule.get("Assign"), |reader, field| {
            reader.assign(field, language, Within::State)
        });
        let output = rule.get("Output").filter(|_| language == QueryLanguage::Jsonata);
        let output = reader.optional(output, |reader, field| {
            reader.jsonata_template(field.node, &field.place, Within::State)
        });
        Some(Rule { condition: condition?, next: next?, assign: assign?, output: output? })
    }
}

impl Condition {
    fn read(reader: &mut Reader<'_>, rule: &Object<'_>, language: QueryLanguage) -> Option<Self> {
        match (language, rule.get("Condition")) {
            (QueryLanguage::JsonPath, _) => Test::read(reader, rule, 0).map(Condition::JsonPath),
            (QueryLanguage::Jsonata, Some(field)) => match &field.node.kind {
                Kind::Bool(value) => Some(Condition::Literal(*value)),
                Kind::String(text) => reader
                    .expression(text, field.node, &field.place, Within::State)
                    .map(Condition::Jsonata),
                Kind::Null | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => {
                    reader.expected("BOOLEAN", field.node, &field.place);
                    None
                }
            },
            (QueryLanguage::Jsonata, None) => {
                // A selector of the other query language has been reported as such.
                if !SELECTORS.into_iter().any(|name| rule.has(name)) {
                    one_selector(reader, rule);
                }
                None
            }
        }
    }
}

/// AWS's words for a rule with several selectors or none.
fn one_selector(reader: &mut Reader<'_>, rule: &Object<'_>) {
    let list = SELECTORS.join(", ");
    let message = format!("The object must have only one of the following fields, [{list}]");
    reader.schema(rule.place, rule.head(), message);
}

impl Test {
    fn read(reader: &mut Reader<'_>, rule: &Object<'_>, depth: usize) -> Option<Self> {
        if depth == RULE_DEPTH_MAX {
            let message = format!("Rules are nested more than {RULE_DEPTH_MAX} levels deep");
            reader.error(Code::TooDeeplyNested, rule.place, rule.head(), message);
            return None;
        }
        let mut given = SELECTORS.into_iter().filter_map(|name| rule.get(name));
        let (Some(field), None) = (given.next(), given.next()) else {
            one_selector(reader, rule);
            return None;
        };
        match field.key {
            "And" => Test::all(reader, &field, depth).map(Test::And),
            "Or" => Test::all(reader, &field, depth).map(Test::Or),
            "Not" => {
                Test::nested(reader, field.node, &field.place, depth).map(|t| Test::Not(t.into()))
            }
            "Variable" => Test::compare(reader, rule, &field),
            // `Condition` is the other query language's, and reported as such.
            _ => None,
        }
    }

    fn all(reader: &mut Reader<'_>, field: &Field<'_>, depth: usize) -> Option<Vec<Test>> {
        let items = reader.items(field)?;
        let tests = items
            .iter()
            .enumerate()
            .map(|(index, node)| Test::nested(reader, node, &field.place.index(index), depth));
        // All of them are read before one that failed counts.
        let tests: Vec<Option<Test>> = tests.collect();
        tests.into_iter().collect()
    }

    fn nested(
        reader: &mut Reader<'_>,
        node: &Node,
        place: &Place<'_>,
        depth: usize,
    ) -> Option<Test> {
        let rule = reader.object(node, place)?;
        let fields = [&SELECTORS[..], &OPERATORS, &["Comment"]].concat();
        reader.only(&rule, &fields);
        reader.comment(&rule);
        Test::read(reader, &rule, depth + 1)
    }

    fn compare(reader: &mut Reader<'_>, rule: &Object<'_>, variable: &Field<'_>) -> Option<Test> {
        let variable = reader.path(variable, PathForm::Reference);
        let one_operator = reader.exclusive(rule, &OPERATORS, true);
        let given = OPERATORS.into_iter().filter_map(|name| rule.get(name));
        let comparisons: Vec<Option<Comparison>> =
            given.map(|field| Comparison::read(reader, &field)).collect();
        let comparison = comparisons.into_iter().next().flatten().filter(|_| one_operator);
        Some(Test::Compare { variable: variable?, comparison: comparison? })
    }
}

impl Comparison {
    /// An operator, whose name says the type, the relation and where the right side comes from.
    fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Self> {
        let name = field.key;
        let (base, is_path) = match name.strip_suffix("Path") {
            Some(base) => (base, true),
            None => (name, false),
        };
        if let Some(relation) = base.strip_prefix("String").and_then(Relation::named) {
            return operand(reader, field, is_path, string)
                .map(|side| Comparison::String(relation, side));
        }
        if let Some(relation) = base.strip_prefix("Numeric").and_then(Relation::named) {
            return operand(reader, field, is_path, number)
                .map(|side| Comparison::Numeric(relation, side));
        }
        if let Some(relation) = base.strip_prefix("Timestamp").and_then(Relation::named) {
            let timestamp =
                |reader: &mut Reader<'_>, f: &Field<'_>| reader.timestamp(f.node, &f.place);
            return operand(reader, field, is_path, timestamp)
                .map(|side| Comparison::Timestamp(relation, side));
        }
        match base {
            "BooleanEquals" => operand(reader, field, is_path, boolean).map(Comparison::Boolean),
            "StringMatches" => string(reader, field)
                .map(|text| Comparison::StringMatches(StringPattern::parse(&text))),
            "IsNull" => boolean(reader, field).map(Comparison::IsNull),
            "IsPresent" => boolean(reader, field).map(Comparison::IsPresent),
            "IsNumeric" => boolean(reader, field).map(Comparison::IsNumeric),
            "IsString" => boolean(reader, field).map(Comparison::IsString),
            "IsBoolean" => boolean(reader, field).map(Comparison::IsBoolean),
            "IsTimestamp" => boolean(reader, field).map(Comparison::IsTimestamp),
            _ => None,
        }
    }
}

impl Relation {
    fn named(name: &str) -> Option<Self> {
        match name {
            "Equals" => Some(Relation::Equals),
            "LessThan" => Some(Relation::LessThan),
            "GreaterThan" => Some(Relation::GreaterThan),
            "LessThanEquals" => Some(Relation::LessThanEquals),
            "GreaterThanEquals" => Some(Relation::GreaterThanEquals),
            _ => None,
        }
    }
}

fn operand<T>(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    is_path: bool,
    literal: impl FnOnce(&mut Reader<'_>, &Field<'_>) -> Option<T>,
) -> Option<Operand<T>> {
    if is_path {
        reader.path(field, PathForm::Reference).map(Operand::Path)
    } else {
        literal(reader, field).map(Operand::Literal)
    }
}

fn string(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<String> {
    let text = reader.string(field.node, &field.place)?;
    reader.looks_like_a_path(field, text);
    Some(text.to_owned())
}

fn number(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Number> {
    if let Kind::Number(number) = &field.node.kind {
        return Some(number.clone());
    }
    reader.expected("NUMBER", field.node, &field.place);
    None
}

fn boolean(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<bool> {
    if let Kind::Bool(value) = field.node.kind {
        return Some(value);
    }
    reader.expected("BOOLEAN", field.node, &field.place);
    None
}

impl StringPattern {
    /// Reads a pattern: `*` stands for any text; `\\*` and `\\\\` for the characters themselves.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some('*' | '\\')) => piece.extend(chars.next()),
                ('*', _) => pieces.push(std::mem::take(&mut piece)),
                (c, _) => piece.push(c),
            }
        }
        pieces.push(piece);
        StringPattern { pieces }
    }
}

#[cfg(test)]
mod tests {
    use super::StringPattern;
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_choice_has_these_fields() {
        check_state(
            r##"{"Type": "Choice", "Comment": "c", "InputPath": "$.a", "OutputPath": "$.b", "Assign": {"v": 1}, "Choices": [{"Variable": "$$.Execution.Name", "StringMatches": "a*", "Next": "T", "Comment": "c", "Assign": {"w.$": "$.x"}}]}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsPresent": true, "Comment": "c"}, {"Or": [{"Not": {"Variable": "$x", "BooleanEqualsPath": "$.b"}}]}], "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                WARNING POSSIBLY_UNDEFINED_VARIABLE: Variable 'x' is possibly not defined. at /States/S/Choices[0]/And[1]/Or[0]/Not/Variable `"$x"`
                  no `Assign` in sight sets it
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericLessThan": 1.5, "Next": "T"}, {"Variable": "$.a[0]", "TimestampEquals": "2016-03-14T01:59:00+01:00", "Next": "T"}, {"Variable": "$.a", "StringGreaterThanEqualsPath": "$.b", "Next": "T"}], "Default": "T"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Choice", "Assign": {"v": 1}, "Output": 1, "Choices": [{"Condition": "{% true %}", "Next": "T", "Output": "{% 1 %}", "Assign": {"v": 2}}, {"Condition": false, "Next": "T"}]}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn a_choice_has_rules_and_goes_on_by_them_alone() {
        check_state(
            r##"{"Type": "Choice", "Default": "T"}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Choices] at /States/S `{`
        "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [], "Default": "T"}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices `[]`
        "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": {}, "Default": 5, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'End' is not supported at /States/S `"End"`
                  the fields here are Type, Comment, QueryLanguage, Choices, Default, InputPath, OutputPath, Output, Assign
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Choices `{}`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Default `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [5, {"Variable": "$.a", "IsNull": true}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Choices[0] `5`
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/S/Choices[1] `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Next": "T", "ResultPath": "$", "Retry": []}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S `"Next"`
                  the fields here are Type, Comment, QueryLanguage, Choices, Default, InputPath, OutputPath, Output, Assign
                ERROR SCHEMA_VALIDATION_FAILED: Field 'ResultPath' is not supported at /States/S `"ResultPath"`
                  the fields here are Type, Comment, QueryLanguage, Choices, Default, InputPath, OutputPath, Output, Assign
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/S `"Retry"`
                  the fields here are Type, Comment, QueryLanguage, Choices, Default, InputPath, OutputPath, Output, Assign
            "#]],
        );
    }

    #[test]
    fn a_rule_has_one_selector_and_one_operator() {
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0] `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "Not": {}, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0] `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp] at /States/S/Choices[0] `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp] at /States/S/Choices[0] `"IsString"`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEqual": "x", "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'StringEqual' is not supported at /States/S/Choices[0] `"StringEqual"`
                  did you mean `StringEquals`?
                ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp] at /States/S/Choices[0] `{`
            "#]],
        );
    }

    #[test]
    fn nested_rules_do_not_go_on() {
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "IsNull": true, "Next": "T"}, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S/Choices[0]/Not `"Next"`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"And": [], "Next": "T"}, {"Or": {}, "Next": "T"}, {"Not": [], "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices[0]/And `[]`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Choices[1]/Or `{}`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Choices[2]/Not `[]`
            "#]],
        );
    }

    #[test]
    fn operands_are_of_the_operators_type() {
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "a", "StringEquals": 5, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Choices[0]/Variable `"a"`
                  expected `$` at character 1
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Choices[0]/StringEquals `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a[*]", "NumericEquals": "5", "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/Choices[0]/Variable `"$.a[*]"`
                  a path of names and single indexes is wanted, one that cannot select several values
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [NUMBER] at /States/S/Choices[0]/NumericEquals `"5"`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "BooleanEquals": "true", "Next": "T"}, {"Variable": "$.a", "IsNull": 1, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/Choices[0]/BooleanEquals `"true"`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/Choices[1]/IsNull `1`
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "TimestampLessThan": "2016", "Next": "T"}, {"Variable": "$.a", "StringEqualsPath": "b", "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Choices[0]/TimestampLessThan `"2016"`
                  write it as `2030-01-31T12:00:00Z`, with `T` and with `Z` or an offset
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Choices[1]/StringEqualsPath `"b"`
                  expected `$` at character 1
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "States.ArrayLength($.a)", "NumericEquals": 0, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Choices[0]/Variable `"States.ArrayLength($.a)"`
                  expected `$` at character 1
            "#]],
        );
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "$.b", "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                WARNING NO_PATH: The value for the field 'StringEquals' looks like a path, but the field name does not end with 'Path' at /States/S/Choices[0]/StringEquals `"$.b"`
                  `StringEqualsPath` takes a path; here the text is taken as it is
            "#]],
        );
    }

    #[test]
    fn rules_are_in_the_states_query_language() {
        check_state(
            r##"{"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Output": 1, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at /States/S/Choices[0] `"Condition"`
                  add `"QueryLanguage": "JSONata"` to the state or to the state machine
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Choices[0] `"Output"`
                  add `"QueryLanguage": "JSONata"` to the state or to the state machine
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage at /States/S/Choices[0] `"Variable"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'IsNull' is only supported for the 'JSONPath' QueryLanguage at /States/S/Choices[0] `"IsNull"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Choice", "Choices": [{"Condition": "true", "Next": "T"}, {"Condition": 1, "Next": "T"}], "Default": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Choices[0]/Condition `"true"`
                  put the marks first and last, with nothing around them
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/Choices[1]/Condition `1`
            "#]],
        );
    }

    #[test]
    fn a_pattern_is_its_pieces_between_the_stars() {
        for (text, pieces) in [
            ("", vec![""]),
            ("abc", vec!["abc"]),
            ("a*c", vec!["a", "c"]),
            ("*", vec!["", ""]),
            ("**a", vec!["", "", "a"]),
            (r"a\*b*", vec!["a*b", ""]),
            (r"a\\*", vec![r"a\", ""]),
            (r"a\b\", vec![r"a\b\"]),
        ] {
            assert_eq!(StringPattern::parse(text).pieces, pieces, "{text}");
        }
    }
}
