use super::*;
use expect_test::{Expect, expect};

const READ: ObjectRequest<'_> = ObjectRequest::Read {
    bucket: "b-1",
    key: "a b/ü.csv",
    version: Some("v/1"),
    etag: Some("\"e\""),
    from: 10,
    bytes_max: 5,
};
const LIST: ObjectRequest<'_> =
    ObjectRequest::List { bucket: "b.dotted", prefix: "p/ q", token: Some("t=") };

fn check_request(request: &ObjectRequest<'_>, expected: &Expect) {
    let sent = request.to_http("eu-west-1", Some("111111111111")).unwrap();
    let place = sent.destination.path_at_endpoint.unwrap();
    let headers: Vec<String> =
        sent.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8(sent.body).unwrap();
    expected.assert_eq(&format!(
        "{} {}{}\n{place}\n{}\n{body}",
        sent.method.as_str(),
        sent.destination.host,
        sent.path,
        headers.join("\n")
    ));
}

#[test]
fn requests_are_those_of_s3() {
    check_request(
        &READ,
        &expect![[r#"
            GET b-1.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC.csv?versionId=v%2F1
            /b-1/a%20b/%C3%BC.csv?versionId=v%2F1
            x-amz-expected-bucket-owner: 111111111111
            range: bytes=10-14
            if-match: "e"
        "#]],
    );
    check_request(
        &LIST,
        &expect![[r#"
            GET s3.eu-west-1.amazonaws.com/b.dotted/?continuation-token=t%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F%20q
            /b.dotted/?continuation-token=t%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F%20q
            x-amz-expected-bucket-owner: 111111111111
        "#]],
    );
    let (bucket, key, upload) = ("b-1", "k", "u/1");
    check_request(
        &ObjectRequest::WritePart { bucket, key, upload, part: 2, bytes: b"xy" },
        &expect![[r#"
            PUT b-1.s3.eu-west-1.amazonaws.com/k?partNumber=2&uploadId=u%2F1
            /b-1/k?partNumber=2&uploadId=u%2F1
            x-amz-expected-bucket-owner: 111111111111
            content-md5: PkQQcXClIFgq3lIvpzwdFQ==
            xy"#]],
    );
    let etags = ["\"1\"".to_owned(), "<".to_owned()];
    check_request(
        &ObjectRequest::EndUpload { bucket, key, upload, etags: &etags },
        &expect![[r#"
            POST b-1.s3.eu-west-1.amazonaws.com/k?uploadId=u%2F1
            /b-1/k?uploadId=u%2F1
            x-amz-expected-bucket-owner: 111111111111
            content-type: application/xml
            <CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>&quot;1&quot;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&lt;</ETag></Part></CompleteMultipartUpload>"#]],
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let long = "x".repeat(1025);
    for (bucket, key) in [
        ("", "k"),
        ("ab", "k"),
        ("a/b", "k"),
        ("a..b", "k"),
        ("evil.com?", "k"),
        ("arn:aws:s3:::b", "k"),
        ("bucket", ""),
        ("bucket", "../x"),
        ("bucket", "a/./b"),
        ("bucket", &long),
    ] {
        let put = ObjectRequest::Put { bucket, key, bytes: b"" };
        assert!(put.to_http("eu-west-1", None).is_err(), "{bucket} {key}");
    }
    let put = ObjectRequest::Put { bucket: "bucket", key: "k", bytes: b"" };
    assert_eq!(put.to_http("evil.com/", None).unwrap().destination.host, "");
}

fn check(
    request: &ObjectRequest<'_>,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
    expected: &Expect,
) {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let answer = request.answer(Response { status, headers, body: body.into() });
    expected.assert_eq(&match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(ObjectError { cause, may_pass, .. }) => {
            format!("{cause}{}", if may_pass { " It may pass." } else { "" })
        }
    });
}

#[test]
fn a_piece_is_the_one_that_was_asked_for() {
    let piece = |range, body, expected: &Expect| {
        check(&READ, 206, &[("etag", "\"e\""), ("content-range", range)], body, expected);
    };
    piece(
        "bytes 10-14/99",
        "abcde",
        &expect![[r#"Bytes { bytes: [97, 98, 99, 100, 101], size: 99, etag: "\"e\"" }"#]],
    );
    piece(
        "bytes 10-11/12",
        "ab",
        &expect![[r#"Bytes { bytes: [97, 98], size: 12, etag: "\"e\"" }"#]],
    );
    let odd =
        expect!["The answer is not one of Amazon S3 (status code 206, 2 bytes). It may pass."];
    for range in [
        "bytes 10-14/99",
        "bytes 0-1/99",
        "bytes 10-11/99",
        "bytes 11-10/99",
        "10-11/12",
        "bytes 10-11/*",
        "",
    ] {
        piece(range, "ab", &odd);
    }
    check(&READ, 206, &[("content-range", "bytes 10-11/12")], "ab", &odd);
    // Whoever knows no ranges answers with the whole, which is good for the start only.
    check(
        &READ,
        200,
        &[("etag", "\"e\"")],
        "abcde",
        &expect!["The answer is not one of Amazon S3 (status code 200, 5 bytes). It may pass."],
    );
    check(&READ, 412, &[], "", &expect!["The object has changed while it was being read."]);
    check(&READ, 416, &[], "", &expect!["The object has changed while it was being read."]);
    let start = ObjectRequest::Read {
        bucket: "b-1",
        key: "k",
        version: None,
        etag: None,
        from: 0,
        bytes_max: 9,
    };
    check(
        &start,
        200,
        &[("etag", "\"e\"")],
        "ab",
        &expect![[r#"Bytes { bytes: [97, 98], size: 2, etag: "\"e\"" }"#]],
    );
    check(&start, 416, &[], "", &expect![[r#"Bytes { bytes: [], size: 0, etag: "" }"#]]);
}

#[test]
fn a_listing_is_read_page_by_page() {
    let page = r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <Name>b</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
        <NextContinuationToken>n=1</NextContinuationToken>
        <Contents><Key>a+%26%2B</Key><LastModified>2025-01-02T03:04:05.000Z</LastModified>
        <ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass></Contents></ListBucketResult>"#;
    check(
        &LIST,
        200,
        &[],
        page,
        &expect![[
            r#"Page { objects: [ObjectSummary { key: "a &+", etag: "\"e\"", modified_secs: 1735787045, size: 7, storage_class: "GLACIER" }], next: Some("n=1") }"#
        ]],
    );
    check(&LIST, 200, &[], "<ListBucketResult/>", &expect!["Page { objects: [], next: None }"]);
    for wrong in [
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<html><body>Sign in</body></html>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult/>",
        "",
    ] {
        let cause =
            format!("The answer is not one of Amazon S3 (status code 200, {} bytes).", wrong.len());
        let answer = LIST.answer(Response { status: 200, headers: Vec::new(), body: wrong.into() });
        assert_eq!(answer, Err(ObjectError::passing(cause)), "{wrong}");
    }
}

#[test]
fn refusals_are_worded_as_aws_words_them() {
    let error = |code: &str, message: &str| {
        format!(
            "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R</RequestId><HostId>H</HostId></Error>"
        )
    };
    check(
        &READ,
        404,
        &[],
        &error("NoSuchKey", "The specified key does not exist."),
        &expect![
            "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey; Request ID: R; S3 Extended Request ID: H; Proxy: null)"
        ],
    );
    check(
        &LIST,
        403,
        &[],
        &error("AccessDenied", "Access Denied"),
        &expect![
            "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: R; S3 Extended Request ID: H; Proxy: null)"
        ],
    );
    check(
        &LIST,
        503,
        &[],
        &error("SlowDown", "Please reduce your request rate."),
        &expect![
            "Please reduce your request rate. (Service: Amazon S3; Status Code: 503; Error Code: SlowDown; Request ID: R; S3 Extended Request ID: H; Proxy: null) It may pass."
        ],
    );
    check(
        &READ,
        502,
        &[("x-amz-request-id", "R")],
        "<html>Bad gateway</html>",
        &expect![
            "The answer is not one of Amazon S3 (Service: Amazon S3; Status Code: 502; Error Code: 502; Request ID: R; S3 Extended Request ID: null; Proxy: null) It may pass."
        ],
    );
    check(
        &READ,
        301,
        &[("x-amz-bucket-region", "eu-central-1")],
        &error("PermanentRedirect", "Elsewhere"),
        &expect![
            "The bucket is in the region eu-central-1. It must be in the region of the state machine."
        ],
    );
}

#[test]
fn the_end_of_an_upload_may_fail_within_its_answer() {
    let etags = [];
    let end = ObjectRequest::EndUpload { bucket: "b-1", key: "k", upload: "u", etags: &etags };
    let failed = "<?xml version=\"1.0\"?>\n   <Error><Code>InternalError</Code><Message>We</Message></Error>";
    check(
        &end,
        200,
        &[],
        failed,
        &expect![
            "We (Service: Amazon S3; Status Code: 200; Error Code: InternalError; Request ID: null; S3 Extended Request ID: null; Proxy: null) It may pass."
        ],
    );
    check(&end, 200, &[], "<CompleteMultipartUploadResult/>", &expect!["Done"]);
    let begin = ObjectRequest::BeginUpload { bucket: "b-1", key: "k" };
    check(
        &begin,
        200,
        &[],
        "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
        &expect![[r#"Begun("u")"#]],
    );
    let part =
        ObjectRequest::WritePart { bucket: "b-1", key: "k", upload: "u", part: 1, bytes: b"" };
    check(&part, 200, &[("etag", "\"p\"")], "", &expect![[r#"Part("\"p\"")"#]]);
    check(
        &part,
        200,
        &[],
        "",
        &expect!["The answer is not one of Amazon S3 (status code 200, 0 bytes). It may pass."],
    );
}
