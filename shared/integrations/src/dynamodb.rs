//! `dynamodb:getItem`, `putItem`, `updateItem`, `deleteItem`.

use crate::arguments::Arguments;
use crate::call::{Action, Origin};
use crate::{Service, json};
use baton_engine::{Failure, Payload};

/// A request of this action, whose members are DynamoDB's own.
pub(crate) fn action(
    action: &str,
    arguments: &Payload,
    origin: &Origin<'_>,
) -> Result<Action, Failure> {
    let members = Arguments::new(arguments)?.members();
    let target = format!("DynamoDB_20120810.{}", pascal(action));
    Ok(Action {
        service: Service::DynamoDb,
        request: json::request(
            Service::DynamoDb,
            json::Version::V1_0,
            &target,
            origin.region(),
            members,
        ),
        result: |response| json::result(Service::DynamoDb, response),
    })
}

fn pascal(action: &str) -> String {
    let mut letters = action.chars();
    letters.next().into_iter().map(|first| first.to_ascii_uppercase()).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;
    use serde_json::json;

    #[test]
    fn the_item_is_passed_on_and_comes_back() {
        let origin = Origin {
            execution_arn: "arn:aws:states:us-east-1:1:execution:m:e",
            machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m",
            attempt: 0,
        };
        let arguments = json!({"TableName": "t", "Key": {"id": {"S": "1"}}});
        let action = action("getItem", &arguments.clone().into(), &origin).unwrap();
        assert!(
            action
                .request
                .headers
                .contains(&("x-amz-target".into(), "DynamoDB_20120810.GetItem".into()))
        );
        assert_eq!(action.request.body, arguments.to_string().into_bytes());
        let found = response(200, &[], r#"{"Item":{"id":{"S":"1"}}}"#);
        let result = (action.result)(&found).unwrap();
        assert_eq!(result.value().pointer("/Item/id/S"), Some(&json!("1")));
        assert_eq!(result.value().pointer("/SdkHttpMetadata/HttpStatusCode"), Some(&json!(200)));
    }
}
