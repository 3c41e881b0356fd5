//! How data enters and leaves a state: the fields that [`Flow`] holds, and payload templates.

use super::expressions::Within;
use super::object::{Field, Object};
use super::place::{Place, quoted};
use super::reader::Reader;
use super::state::StateType;
use super::values::is_dynamic;
use crate::limits::PAYLOAD_DEPTH_MAX;
use crate::source::{Kind, Member, Node};
use crate::{AnyTemplate, Code, Flow, JsonPathFlow, JsonataFlow, QueryLanguage, ResultPath};
use baton_jsonpath::{Path, ReferencePath, Template};
use serde_json::Value;

impl Reader<'_> {
    /// The data fields of a state.
    pub(super) fn flow(
        &mut self,
        object: &Object<'_>,
        state_type: StateType,
        language: QueryLanguage,
    ) -> Option<Flow> {
        match language {
            QueryLanguage::JsonPath => self.json_path_flow(object, state_type).map(Flow::JsonPath),
            QueryLanguage::Jsonata => self.jsonata_flow(object, state_type).map(Flow::Jsonata),
        }
    }

    fn json_path_flow(&mut self, object: &Object<'_>, of: StateType) -> Option<JsonPathFlow> {
        let field = |name: &str| object.get(name).filter(|_| of.has_field(name));
        let input_path = self.path_or_null(field("InputPath"));
        // A Map's Parameters are the old name of its ItemSelector.
        let parameters = field("Parameters").filter(|_| of != StateType::Map);
        let parameters = self.optional(parameters, Reader::json_path_template);
        let result_selector = self.optional(field("ResultSelector"), Reader::json_path_template);
        let result_path = self.result_path(field("ResultPath"));
        let output_path = self.path_or_null(field("OutputPath"));
        let assign = self.optional(field("Assign"), Reader::json_path_assign);
        Some(JsonPathFlow {
            input_path: input_path?,
            parameters: parameters?,
            result_selector: result_selector?,
            result_path: result_path?,
            output_path: output_path?,
            assign: assign?,
        })
    }

    fn jsonata_flow(&mut self, object: &Object<'_>, of: StateType) -> Option<JsonataFlow> {
        let field = |name: &str| object.get(name).filter(|_| of.has_field(name));
        let within = if of.has_result() { Within::Result } else { Within::State };
        let arguments = self.optional(field("Arguments"), Reader::arguments);
        let output = self.optional(field("Output"), |reader, field| {
            reader.jsonata_template(field.node, &field.place, within)
        });
        let assign =
            self.optional(field("Assign"), |reader, field| reader.jsonata_assign(field, within));
        Some(JsonataFlow { arguments: arguments?, output: output?, assign: assign? })
    }

    /// What a field holds if it is there; `None` if it cannot be read.
    pub(crate) fn optional<'a, T>(
        &mut self,
        field: Option<Field<'a>>,
        read: impl FnOnce(&mut Self, &Field<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        match field {
            None => Some(None),
            Some(field) => read(self, &field).map(Some),
        }
    }

    /// `ResultPath`; `$` if it is not there.
    pub(crate) fn result_path(&mut self, field: Option<Field<'_>>) -> Option<ResultPath> {
        let Some(field) = field else { return ReferencePath::parse("$").ok().map(ResultPath::At) };
        if matches!(field.node.kind, Kind::Null) {
            return Some(ResultPath::Discard);
        }
        let text = self.string(field.node, &field.place)?;
        match ReferencePath::parse(text) {
            Ok(path) => Some(ResultPath::At(path)),
            Err(error) => {
                let message = if !text.starts_with('$') {
                    "Value is not a Reference Path: Reference path didn't start with '$'".to_owned()
                } else if Path::parse(text).is_ok() {
                    "Value is not a Reference Path".to_owned()
                } else {
                    format!("Value is not a Reference Path: {}", error.reason)
                };
                let help = "a result goes to a path of names and indexes, such as `$.result`";
                let (code, span) = (Code::SchemaValidationFailed, field.node.span);
                self.error_with_help(code, &field.place, span, message, Some(help.to_owned()));
                None
            }
        }
    }

    /// `Assign` in the state's query language.
    pub(crate) fn assign(
        &mut self,
        field: &Field<'_>,
        language: QueryLanguage,
        within: Within,
    ) -> Option<AnyTemplate> {
        match language {
            QueryLanguage::JsonPath => self.json_path_assign(field).map(AnyTemplate::JsonPath),
            QueryLanguage::Jsonata => self.jsonata_assign(field, within).map(AnyTemplate::Jsonata),
        }
    }

    fn json_path_assign(&mut self, field: &Field<'_>) -> Option<Template> {
        let assign = self.object(field.node, &field.place)?;
        self.assigned_variables(&assign, QueryLanguage::JsonPath);
        self.json_path_template(field)
    }

    fn jsonata_assign(
        &mut self,
        field: &Field<'_>,
        within: Within,
    ) -> Option<baton_jsonata::Template> {
        let assign = self.object(field.node, &field.place)?;
        self.assigned_variables(&assign, QueryLanguage::Jsonata);
        self.jsonata_template(field.node, &field.place, within)
    }

    /// `Arguments`: an object or one expression.
    fn arguments(&mut self, field: &Field<'_>) -> Option<baton_jsonata::Template> {
        let fits = match &field.node.kind {
            Kind::Object(_) => true,
            Kind::String(text) => baton_jsonata::marker(text) != baton_jsonata::Marker::Literal,
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) => false,
        };
        if !fits {
            self.expected("OBJECT", field.node, &field.place);
            return None;
        }
        self.jsonata_template(field.node, &field.place, Within::State)
    }

    /// A template in the state's query language.
    pub(crate) fn template(
        &mut self,
        field: &Field<'_>,
        language: QueryLanguage,
    ) -> Option<AnyTemplate> {
        match language {
            QueryLanguage::JsonPath => self.json_path_template(field).map(AnyTemplate::JsonPath),
            QueryLanguage::Jsonata => self
                .jsonata_template(field.node, &field.place, Within::State)
                .map(AnyTemplate::Jsonata),
        }
    }

    /// A payload template with `.$` keys.
    fn json_path_template(&mut self, field: &Field<'_>) -> Option<Template> {
        let value = self.payload(field.node, &field.place)?;
        self.missing_dollars(field.node, &field.place);
        match Template::parse(&value) {
            Ok(template) => {
                self.paths_are_read(template.references(), &field.place, field.node);
                Some(template)
            }
            Err(problems) => {
                for problem in problems {
                    self.template_problem(field, &problem);
                }
                None
            }
        }
    }

    /// AWS puts a faulty member at the object that holds it.
    fn template_problem(&mut self, field: &Field<'_>, problem: &baton_jsonpath::TemplateProblem) {
        let help = problem.reason.as_ref().map(ToString::to_string);
        let mut keys: Vec<String> = problem
            .pointer
            .split('/')
            .skip(1)
            .map(|key| key.replace("~1", "/").replace("~0", "~"))
            .collect();
        let last = keys.pop();
        at_pointer(field.node, field.place, &keys, &mut |owner, place| {
            let member = last.as_deref().and_then(|key| owner.member(key));
            let span = member.map_or(owner.span, |member| member.value.span);
            let (code, message) = (Code::SchemaValidationFailed, problem.message.clone());
            self.error_with_help(code, place, span, message, help.clone());
        });
    }

    /// A JSON value to be kept, as long as it is not nested too deeply to be read again.
    pub(crate) fn payload(&mut self, node: &Node, place: &Place<'_>) -> Option<Value> {
        if node.depth() > PAYLOAD_DEPTH_MAX {
            let message = format!("The value is nested more than {PAYLOAD_DEPTH_MAX} levels deep");
            self.schema(place, node.span, message);
            return None;
        }
        Some(node.to_value())
    }

    /// Warns of members that look computed and are not.
    fn missing_dollars(&mut self, node: &Node, place: &Place<'_>) {
        match &node.kind {
            Kind::Object(members) => {
                for member in members {
                    self.missing_dollar(member, place);
                    self.missing_dollars(&member.value, &place.field(&member.key));
                }
            }
            Kind::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.missing_dollars(item, &place.index(index));
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        }
    }

    fn missing_dollar(&mut self, member: &Member, place: &Place<'_>) {
        let Kind::String(text) = &member.value.kind else { return };
        if member.key.ends_with(".$") || !is_dynamic(text) {
            return;
        }
        let key = quoted(&member.key);
        let message = format!(
            "The value for the field '{key}' looks like a JSONPath or an intrinsic function call, but the field name does not end with '.$'"
        );
        let help = Some(format!("write `\"{key}.$\"` to have it computed"));
        self.warn(Code::NoDollar, place, member.key_span, message, help);
    }
}

/// Calls `found` with the value at these keys below a value.
fn at_pointer(
    node: &Node,
    place: Place<'_>,
    keys: &[String],
    found: &mut dyn FnMut(&Node, &Place<'_>),
) {
    let Some((key, rest)) = keys.split_first() else { return found(node, &place) };
    match &node.kind {
        Kind::Array(items) => {
            let index = key.parse().unwrap_or(usize::MAX);
            if let Some(item) = items.get(index) {
                at_pointer(item, place.index(index), rest, found);
            }
        }
        Kind::Object(_) => {
            if let Some(member) = node.member(key) {
                at_pointer(&member.value, place.field(key), rest, found);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => found(node, &place),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn paths_in_and_out() {
        check_state(
            r##"{"Type": "Pass", "InputPath": "$$.Execution", "OutputPath": "$.a[?(@.b > 1)]", "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "InputPath": null, "OutputPath": null, "ResultPath": null, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "InputPath": "a", "OutputPath": 5, "ResultPath": "$.a[*]", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath `"a"`
                  expected `$` at character 1
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath `"$.a[*]"`
                  a result goes to a path of names and indexes, such as `$.result`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/OutputPath `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "InputPath": "$.", "ResultPath": "$$.a", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath `"$."`
                  expected a name, `*` or `[` at character 3
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath `"$$.a"`
                  a result goes to a path of names and indexes, such as `$.result`
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "ResultPath": "result", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/ResultPath `"result"`
              a result goes to a path of names and indexes, such as `$.result`
        "#]],
        );
    }

    #[test]
    fn templates_hold_paths_and_calls_where_they_say_so() {
        check_state(
            r##"{"Type": "Pass", "Parameters": {"a.$": "$.a", "b": [{"c.$": "States.UUID()"}], "d": null}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "Parameters": [1, "$"], "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "Parameters": {"a.$": "a", "b.$": 5, "c": {"d": [1, {"e/f.$": "$.["}]}}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters `"a"`
                  expected an intrinsic function or a path at character 2
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters `5`
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'e/f.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/c/d[1] `"$.["`
                  expected a name, `*` or `[` at character 3
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "Parameters": {"parsed.$": "States.StringToJson('{\"text\":\"An \\\"escaped double quote\\\" here\"}')"}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters `"States.StringToJson('{\"text\":\"An \\\"escaped d`
                  the escapes are `\'`, `\{`, `\}` and `\\` at character 36
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "Parameters": {"name": "$.name", "id": {"x": "States.UUID()"}, "price": "$5", "y": "States.rights"}, "End": true}"##,
            expect![[r#"
                WARNING NO_DOLLAR: The value for the field 'name' looks like a JSONPath or an intrinsic function call, but the field name does not end with '.$' at /States/S/Parameters `"name"`
                  write `"name.$"` to have it computed
                WARNING NO_DOLLAR: The value for the field 'x' looks like a JSONPath or an intrinsic function call, but the field name does not end with '.$' at /States/S/Parameters/id `"x"`
                  write `"x.$"` to have it computed
            "#]],
        );
    }

    #[test]
    fn jsonata_templates_hold_expressions_anywhere() {
        check_jsonata_state(
            r##"{"Type": "Pass", "Output": {"a": ["{% 1 %}", {"b": "{% $states.context %}"}], "c.$": "$.d"}, "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Pass", "Output": {"a": ["{% 1 + %}", {"b": "{% $x"}], "c": " {% not one %} "}, "End": true}"##,
            expect![[r#"
                ERROR INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/S/Output/a[0] `"{% 1 + %}"`
                ERROR SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Output/a[1]/b `"{% $x"`
                  put the marks first and last, with nothing around them
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Pass", "Output": "{% $states.result %}", "Assign": {"e": "{% $states.errorOutput.Cause %}"}, "End": true}"##,
            expect![[r#"
                ERROR UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Output `"{% $states.result %}"`
                  it is there only in the Output and Assign of a Task, Parallel or Map state
                ERROR UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/S/Assign/e `"{% $states.errorOutput.Cause %}"`
                  it is there only in the Output and Assign of a catcher
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Arguments": "{% $states.result %}", "Output": "{% $states.errorOutput %}", "End": true}"##,
            expect![[r#"
                ERROR UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Arguments `"{% $states.result %}"`
                  it is there only in the Output and Assign of a Task, Parallel or Map state
                ERROR UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/S/Output `"{% $states.errorOutput %}"`
                  it is there only in the Output and Assign of a catcher
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Output": "{% $states %}", "End": true}"##,
            expect!["accepted"],
        );
    }
}
