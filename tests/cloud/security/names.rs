//! Keys of the table and the bucket: nobody chooses them by the names of things.

use crate::{chain, stack};
use serde_json::json;

#[tokio::test]
async fn names_that_look_like_keys_are_refused() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    for name in
        ["a#h", "r#top#0", "a/b", "../x", "a b", "a\u{0}", "a:b", "é#", "t#swept", "a\n", "*"]
    {
        let request = json!({"stateMachineArn": machine, "name": name, "input": "{}"});
        let answer = stack.ask("StartExecution", &request).await;
        // What is accepted has no separator of the keys in it.
        assert!(answer.is_err() || !name.contains(['#', '/', ':']), "{name:?}");
        let definition = chain(&[json!({"Type": "Pass"})]).to_string();
        let request = json!({"name": name, "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"});
        let answer = stack.ask("CreateStateMachine", &request).await;
        assert!(answer.is_err() || !name.contains(['#', '/', ':']), "{name:?}");
    }
}

#[tokio::test]
async fn large_payloads_lie_under_their_hash_whatever_they_say() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    let mut seed = 1_u64;
    let noise: String = (0..60_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((seed >> 40) % 26).unwrap())
        })
        .collect();
    let input = json!({"key": "../../definitions/x", "Bucket": "other", "text": noise});
    stack.start(&machine, "n", &input).await;
    stack.run().await;
    let keys = stack.cloud.object_keys();
    assert!(!keys.is_empty());
    for key in keys {
        let hash = key.strip_prefix("payloads/").unwrap_or_else(|| panic!("{key}"));
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
}
