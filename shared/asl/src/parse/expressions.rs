//! JSONata: expressions, and templates that hold them.

use super::place::{Place, quoted};
use super::reader::Reader;
use crate::Code;
use crate::source::{Kind, Node};
use baton_jsonata::{Expression, Marker, Member, Template, marker};

/// What `$states` holds besides `input` and `context` where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Nothing.
    State,
    /// `result`: the output of a Task, Parallel or Map state is made.
    Result,
    /// `errorOutput`: a catcher's output is made.
    ErrorOutput,
}

impl Reader<'_> {
    /// A text with the marks `{% … %}`.
    pub(crate) fn expression(
        &mut self,
        text: &str,
        node: &Node,
        place: &Place<'_>,
        within: Within,
    ) -> Option<Expression> {
        let Marker::Expression(inner) = marker(text) else {
            let message = "JSONata string must start with {% and end with %}";
            let help = "put the marks first and last, with nothing around them".to_owned();
            let code = Code::SchemaValidationFailed;
            self.error_with_help(code, place, node.span, message, Some(help));
            return None;
        };
        match Expression::parse(inner) {
            Ok(expression) => {
                self.references_are_there(&expression, node, place, within);
                Some(expression)
            }
            Err(error) => {
                let message = error.to_string();
                let message = without_code(&message);
                self.error(Code::InvalidJsonataExpression, place, node.span, message);
                None
            }
        }
    }

    /// Any JSON whose marked strings are expressions.
    pub(crate) fn jsonata_template(
        &mut self,
        node: &Node,
        place: &Place<'_>,
        within: Within,
    ) -> Option<Template> {
        let value = self.payload(node, place)?;
        if !self.expressions_within(node, place, within) {
            return None;
        }
        match Template::parse(&value) {
            Ok(template) => Some(template),
            // Every expression parses by itself, so this is a limit of the template as a whole.
            Err(problems) => {
                for problem in problems {
                    self.schema(place, node.span, problem.message);
                }
                None
            }
        }
    }

    /// Checks each marked string on its own, for the sake of its place.
    fn expressions_within(&mut self, node: &Node, place: &Place<'_>, within: Within) -> bool {
        match &node.kind {
            Kind::String(text) => {
                marker(text) == Marker::Literal
                    || self.expression(text, node, place, within).is_some()
            }
            Kind::Array(items) => {
                let each = items.iter().enumerate().map(|(index, item)| {
                    self.expressions_within(item, &place.index(index), within)
                });
                each.fold(true, |all, one| all & one)
            }
            Kind::Object(members) => {
                let each = members.iter().map(|member| {
                    self.expressions_within(&member.value, &place.field(&member.key), within)
                });
                each.fold(true, |all, one| all & one)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => true,
        }
    }

    fn references_are_there(
        &mut self,
        expression: &Expression,
        node: &Node,
        place: &Place<'_>,
        within: Within,
    ) {
        let references = expression.references();
        for name in &references.variables {
            self.variable_is_read(name, place, node.span);
        }
        let top_level = references.top_level.iter().map(|name| {
            format!("Reference to '{}' at the top level is not supported.", quoted(name))
        });
        let root = references.root.then(|| "Reference to '$$' is not supported.".to_owned());
        for message in top_level.chain(root) {
            let help = Some("the state's input is `$states.input`".to_owned());
            let code = Code::UnsupportedJsonataExpression;
            self.error_with_help(code, place, node.span, message, help);
        }
        for (member, is_there, where_it_is) in [
            (
                Member::Result,
                within == Within::Result,
                "in the Output and Assign of a Task, Parallel or Map state",
            ),
            (
                Member::ErrorOutput,
                within == Within::ErrorOutput,
                "in the Output and Assign of a catcher",
            ),
        ] {
            if references.members.contains(&member) && !is_there {
                let member = member.name();
                let message = format!("Field '$states.{member}' does not exist.");
                let help = Some(format!("it is there only {where_it_is}"));
                let code = Code::UnsupportedJsonataExpression;
                self.error_with_help(code, place, node.span, message, help);
            }
        }
    }
}

/// AWS shows JSONata's text without its code, such as `S0202: `.
fn without_code(message: &str) -> &str {
    match message.split_once(": ") {
        Some((code, text)) if code.len() == 5 && code.starts_with('S') => text,
        Some(_) | None => message,
    }
}

#[cfg(test)]
mod tests {
    use crate::aws_message;
    use crate::testing::machine;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn what_is_not_there_is_refused_in_the_words_of_aws() {
        let expressions =
            ["phone.number", "$count($)", "$states.input[a = $$.b]", "$states.result"];
        let messages = expressions.map(message);
        expect![[r#"
            'UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output'
            'UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' at the top level is not supported. at /States/A/Output'
            'UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/A/Output'
            'UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/A/Output'"#]].assert_eq(&messages.join("\n"));
    }

    /// What AWS says of a Pass state's `Output`.
    fn message(expression: &str) -> String {
        let output = format!("{{% {expression} %}}");
        let state = json!({"Type": "Pass", "Output": output, "End": true});
        let definition =
            json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}});
        let message = aws_message(&machine(&definition.to_string()).diagnostics);
        message.replace("Invalid State Machine Definition: ", "")
    }

    #[test]
    fn what_does_not_parse_is_refused_in_the_words_of_jsonata() {
        let expressions =
            ["a[1,2)", "\"unterminated", "1 +", "{\"a\":}", "$x :=", "phone %.other", ""];
        let messages = expressions.map(message);
        expect![[r#"
            'INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: The symbol "}" cannot be used as a unary operator at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: The symbol "." cannot be used as a unary operator at /States/A/Output'
            'INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output'"#]].assert_eq(&messages.join("\n"));
    }
}
