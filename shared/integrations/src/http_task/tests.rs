use super::*;
use crate::lambda::tests::response;
use expect_test::{Expect, expect};

const ORIGIN: Origin<'_> = Origin {
    execution_arn: "",
    machine_arn: "arn:aws:states:eu-west-1:1:stateMachine:m",
    attempt: 0,
};

fn arguments(more: Value) -> Value {
    let mut arguments = json!({
        "ApiEndpoint": "https://api.example.com/v1/things?x=1&y=2", "Method": "POST",
        "InvocationConfig": {"ConnectionArn": "arn:aws:events:eu-west-1:1:connection/c/1"},
    });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

fn parameter(name: &str, value: &str) -> Parameter {
    Parameter { name: name.into(), value: value.into() }
}

fn api_key() -> Connection {
    Connection {
        authorization: Authorization::ApiKey { name: "X-Api-Key".into(), value: "hush".into() },
        headers: vec![parameter("X-Own", "connection")],
        query: vec![parameter("y", "connection")],
        body: vec![parameter("own", "connection")],
    }
}

fn check(more: Value, connection: &Connection, expected: &Expect) {
    let task = HttpTask::new(&arguments(more).into(), &ORIGIN).unwrap();
    let HttpRequest { method, address, headers, body } = task.request(connection, Some("token"));
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    expected
        .assert_eq(&format!("{method} {address}\n{headers}\n{}", String::from_utf8(body).unwrap()));
}

#[test]
fn what_the_connection_says_goes_first() {
    let more = json!({
        "Headers": {"X-Own": "mine", "X-List": ["a", "b"], "x-api-key": "mine"},
        "QueryParameters": {"y": "mine", "z": ["1", "2 3"]},
        "RequestBody": {"own": "mine", "other": [1]},
    });
    check(
        more,
        &api_key(),
        &expect![[r#"
            POST https://api.example.com/v1/things?x=1&z=1&z=2%203&y=connection
            x-list: a,b
            content-type: application/json
            x-api-key: hush
            x-own: connection
            user-agent: Amazon|StepFunctions|HttpInvoke|eu-west-1
            range: bytes=0-262144

            {"own":"connection","other":[1]}"#]],
    );
}

#[test]
fn every_way_to_authorize_has_its_header() {
    let plain = |authorization| Connection {
        authorization,
        headers: Vec::new(),
        query: Vec::new(),
        body: Vec::new(),
    };
    let basic = plain(Authorization::Basic { username: "u".into(), password: "p".into() });
    check(
        json!({"Method": "GET", "Headers": {}}),
        &basic,
        &expect![[r#"
            GET https://api.example.com/v1/things?x=1&y=2
            authorization: Basic dTpw
            user-agent: Amazon|StepFunctions|HttpInvoke|eu-west-1
            range: bytes=0-262144

        "#]],
    );
    let oauth = OAuth {
        endpoint: "https://login.example.com/token".into(),
        method: "POST".into(),
        client_id: "id".into(),
        client_secret: "s&".into(),
        headers: vec![parameter("X-H", "h")],
        query: vec![parameter("q", "1")],
        body: vec![parameter("scope", "a b")],
    };
    let request = oauth.request();
    assert_eq!(request.address, "https://login.example.com/token?q=1");
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        "grant_type=client_credentials&client_id=id&client_secret=s%26&scope=a%20b"
    );
    let got = oauth.token(&response(200, &[], r#"{"access_token":"t","expires_in":60}"#)).unwrap();
    assert_eq!((got.token.as_str(), got.secs), ("t", Some(60)));
    for refused in [
        response(401, &[], "{}"),
        response(200, &[], "<html>"),
        response(200, &[], r#"{"access_token":"a\nb"}"#),
    ] {
        let failure = oauth.token(&refused).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("Events.ConnectionResource.AuthorizationFailed"));
    }
    check(
        json!({"Method": "DELETE"}),
        &plain(Authorization::OAuth(oauth)),
        &expect![[r#"
            DELETE https://api.example.com/v1/things?x=1&y=2
            authorization: Bearer token
            user-agent: Amazon|StepFunctions|HttpInvoke|eu-west-1
            range: bytes=0-262144

        "#]],
    );
}

#[test]
fn forms_have_arrays_in_four_ways() {
    let connection = Connection { body: Vec::new(), ..api_key() };
    for (format, expected) in [
        ("INDICES", "a[0]=x&a[1]=y%20z&b[c]=true&d=1"),
        ("REPEAT", "a=x&a=y%20z&b[c]=true&d=1"),
        ("COMMAS", "a=x,y%20z&b[c]=true&d=1"),
        ("BRACKETS", "a[]=x&a[]=y%20z&b[c]=true&d=1"),
    ] {
        let more = json!({
            "RequestBody": {"a": ["x", "y z"], "b": {"c": true}, "d": 1},
            "Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": format}},
        });
        let task = HttpTask::new(&arguments(more).into(), &ORIGIN).unwrap();
        let request = task.request(&connection, None);
        assert_eq!(String::from_utf8(request.body).unwrap(), expected);
        let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        assert!(request.headers.contains(&form));
    }
}

#[test]
fn what_may_not_be_asked_is_refused() {
    for more in [
        json!({"ApiEndpoint": "ftp://x"}),
        json!({"ApiEndpoint": "https://user@x/"}),
        json!({"ApiEndpoint": "https://"}),
        json!({"ApiEndpoint": "https://x/ y"}),
        json!({"ApiEndpoint": "https://x/\r\nHost: y"}),
        json!({"Method": "TRACE"}),
        json!({"Method": "get"}),
        json!({"InvocationConfig": {}}),
        json!({"InvocationConfig": {"ConnectionArn": "x"}}),
        json!({"Headers": "x"}),
        json!({"Headers": {"Host": "x"}}),
        json!({"Headers": {"authorization": "x"}}),
        json!({"Headers": {"X-Forwarded-For": "x"}}),
        json!({"Headers": {"X-Amz-Date": "x"}}),
        json!({"Headers": {"x y": "x"}}),
        json!({"Headers": {"x": "a\r\nb: c"}}),
        json!({"Transform": {"RequestBodyEncoding": "ROT13"}}),
        json!({"Unknown": 1}),
    ] {
        let refused = HttpTask::new(&arguments(more.clone()).into(), &ORIGIN);
        let failure = refused.map(drop).expect_err(&more.to_string());
        assert_eq!(failure.error.as_deref(), Some("States.Runtime"), "{more}");
    }
}

#[test]
fn answers_are_read_as_what_they_are() {
    let task = HttpTask::new(&arguments(json!({})).into(), &ORIGIN).unwrap();
    let check = |status, content_type, body, expected: Expect| {
        let response = response(status, &[("Content-Type", content_type)], body);
        expected.assert_eq(&match task.result(&response, "Text") {
            Ok(payload) => payload.text().to_owned(),
            Err(failure) => format!("{}: {}", failure.error.unwrap(), failure.cause.unwrap()),
        });
    };
    check(
        200,
        "application/json",
        r#"{"a": [1]}"#,
        expect![[
            r#"{"Headers":{"content-type":["application/json"]},"ResponseBody":{"a":[1]},"StatusCode":200,"StatusText":"Text"}"#
        ]],
    );
    check(
        206,
        "text/html",
        "<p>",
        expect![[
            r#"{"Headers":{"content-type":["text/html"]},"ResponseBody":"<p>","StatusCode":206,"StatusText":"Text"}"#
        ]],
    );
    check(
        302,
        "text/plain",
        "elsewhere",
        expect![[
            r#"States.Http.StatusCode.302: {"Headers":{"content-type":["text/plain"]},"ResponseBody":"elsewhere","StatusCode":302,"StatusText":"Text"}"#
        ]],
    );
    check(
        200,
        "image/png",
        "PNG",
        expect![
            "States.Runtime: The response has the content type 'image/png', which is not supported."
        ],
    );
}

#[test]
fn a_connection_is_asked_for_where_it_is() {
    let arn = "arn:aws:events:eu-west-1:1:connection/pay/0-1";
    let request = description_request(arn);
    assert_eq!(request.destination.host, "events.eu-west-1.amazonaws.com");
    assert_eq!(request.body, br#"{"Name":"pay"}"#);
    let request = secret_request(arn, "arn:s");
    assert_eq!(request.destination.host, "secretsmanager.eu-west-1.amazonaws.com");
    assert_eq!(request.destination.signing.name.as_deref(), Some("secretsmanager"));
    for (status, body, name) in [
        (400, r#"{"__type":"ResourceNotFoundException","message":"no"}"#, "ResourceNotFound"),
        (400, r#"{"__type":"x#AccessDeniedException","Message":"no"}"#, "AccessDenied"),
        (503, "<html>", "InternalError"),
    ] {
        let failure = connection_answer(&response(status, &[], body)).unwrap_err();
        assert_eq!(failure.error.unwrap().as_ref(), format!("Events.ConnectionResource.{name}"));
    }
}

#[test]
fn a_connection_is_read_from_its_description_and_its_secret() {
    let describe = |kind: &str, parameters: Value| json!({"ConnectionState": "AUTHORIZED", "AuthorizationType": kind, "AuthParameters": parameters});
    let key = describe(
        "API_KEY",
        json!({
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key"},
            "InvocationHttpParameters": {"HeaderParameters": [
                {"Key": "a", "Value": "1", "IsValueSecret": false}, {"Key": "b", "IsValueSecret": true},
            ]},
        }),
    );
    let secret = json!({"api_key_value": "v", "invocation_http_parameters": {
        "header_parameters": [{"key": "b", "value": "2", "is_value_secret": true}],
    }});
    let connection = Connection::from_aws(&key, &secret).unwrap();
    assert!(
        connection.authorization
            == Authorization::ApiKey { name: "X-Key".into(), value: "v".into() }
    );
    assert!(connection.headers == [parameter("a", "1"), parameter("b", "2")]);
    let oauth = describe(
        "OAUTH_CLIENT_CREDENTIALS",
        json!({"OAuthParameters": {
            "ClientParameters": {"ClientID": "id"}, "AuthorizationEndpoint": "https://x/t", "HttpMethod": "POST",
        }}),
    );
    let read = Connection::from_aws(&oauth, &json!({"client_secret": "s"})).unwrap();
    assert!(matches!(read.authorization, Authorization::OAuth(own) if own.client_id == "id"));
    for (description, secret) in [
        (json!({"ConnectionState": "DEAUTHORIZED"}), json!({})),
        (describe("BASIC", json!({})), json!({"username": "u"})),
        (json!(null), json!(null)),
    ] {
        let failure = Connection::from_aws(&description, &secret).unwrap_err();
        let name = "Events.ConnectionResource.InvalidConnectionState";
        assert_eq!(failure.error.as_deref(), Some(name));
    }
    assert_eq!(format!("{connection:?}"), "Connection { .. }");
}
