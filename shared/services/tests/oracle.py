#!/usr/bin/env python3
"""What botocore sends for a sample of actions, and what it reads from answers, for `oracle.rs` to compare with.

    oracle.py DIRECTORY OUTPUT [EVERY]

DIRECTORY is where `pack.py` has installed botocore. One JSON object a line goes to OUTPUT; of each service every
EVERY-th action is taken, and two at least. Clients are botocore's own, with a stub in place of the network.
The names of Step Functions are made here with regular expressions, apart from the rules in `naming.rs`.
"""

import base64
import datetime
import hashlib
import itertools
import json
import re
import sys
import urllib.parse

sys.path.insert(0, sys.argv[1])

import botocore.model  # noqa: E402
import botocore.parsers  # noqa: E402
import botocore.serialize  # noqa: E402
import botocore.session  # noqa: E402
from botocore.awsrequest import AWSResponse  # noqa: E402
from botocore.config import Config  # noqa: E402

PROTOCOLS = ("json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor")
botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = PROTOCOLS
TOKEN = "00000000-0000-4000-8000-000000000000"
REGIONS = ["us-west-2", "us-east-1", "eu-west-1", "ap-southeast-2"]
DEPTH = 4
TIME = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)

# Names, as the code generator of the AWS SDK for Java 2 makes them.
RESERVED = {"default", "equals", "return", "class", "new", "package", "public", "private", "enum", "static", "import", "interface", "throw", "case", "continue", "void", "boolean", "int", "long", "float", "double", "final", "if", "else", "for", "do", "while", "native", "this", "switch", "break", "wait", "notify", "notifyAll", "hashCode", "toString", "getClass", "finalize"}


def words(text):
    text = re.sub(r"[^A-Za-z0-9]+", " ", text)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = " ".join(re.split(r"(?<=[a-z])(?=[A-Z](?:[a-zA-Z]|[0-9]))", text))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    return text.split()


def joined(text):
    return "".join(word.lower().capitalize() for word in words(text))


def client_name(service_id):
    return joined(service_id).removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def lowered(name):
    start = re.match(r".(?:[A-Z](?![a-z]))*", name)[0]
    return start.lower() + name[len(start) :]


def member_name(name):
    if name == "NULL":
        return "Nul"
    name = lowered(name)
    name = name + "Value" if name in RESERVED else name
    return name[0].upper() + name[1:]


def exception_name(shape):
    name = joined(shape.removesuffix("Fault"))
    return name if name.endswith("Exception") else name + "Exception"


class Samples:
    """Values for shapes: botocore's form of them, and that of a definition."""

    def __init__(self, seed):
        self.seed, self.counter = seed, 0

    def pick(self, count):
        self.counter += 1
        digest = hashlib.sha256(f"{self.seed}/{self.counter}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % count

    def structure(self, shape, depth, skip=()):
        value, shown = {}, {}
        members = list(shape.members.items())
        if shape.is_tagged_union:
            members = members[self.pick(len(members)) :][:1]
        for name, member in members:
            if name in skip or member.serialization.get("eventstream"):
                continue
            location = member.serialization.get("location")
            is_needed = name in shape.required_members or location == "uri" or member.serialization.get("hostLabel")
            if not is_needed and (depth <= 0 or self.pick(3) == 0):
                continue
            if depth < -3 and not is_needed:
                continue
            value[name], shown[member_name(name)] = self.value(member, depth, name)
        return value, shown

    def value(self, shape, depth, name=""):
        kind = shape.type_name
        if kind == "structure" and shape.is_document_type:
            return {"a": [1, "b"]}, {"a": [1, "b"]}
        if kind == "structure":
            return self.structure(shape, depth - 1)
        if kind == "list":
            count = self.pick(3) if depth > 0 else 1
            count = max(count, 1) if shape.serialization.get("location") else count
            items = [self.value(shape.member, depth - 1) for _ in range(count)]
            return [item[0] for item in items], [item[1] for item in items]
        if kind == "map":
            keys = ["k1", "k-2"][: 1 + self.pick(2)] if depth > 0 else ["k1"]
            if shape.key.enum:
                keys = shape.key.enum[:1]
            items = {key: self.value(shape.value, depth - 1) for key in keys}
            return {k: item[0] for k, item in items.items()}, {k: item[1] for k, item in items.items()}
        if kind == "string":
            return (text := self.text(shape, name)), text
        if kind in ("integer", "long"):
            return (number := [0, 7, -3, 1_000_000][self.pick(4)]), number
        if kind in ("float", "double"):
            return (number := [0.5, -2.25, 1024.0][self.pick(3)]), number
        if kind == "boolean":
            return (truth := self.pick(2) == 0), truth
        if kind == "timestamp":
            return TIME, "2023-11-14T22:13:20Z"
        text = ["blob", "größer", '{"a": 1}'][self.pick(3)]
        return text.encode(), text

    def text(self, shape, name):
        if shape.enum:
            return shape.enum[self.pick(len(shape.enum))]
        if shape.serialization.get("hostLabel") or name == "Bucket":
            return ["label", "other-label"][self.pick(2)]
        if shape.serialization.get("jsonvalue") and shape.serialization.get("location") == "header":
            return {"a": "b"}
        location = shape.serialization.get("location")
        if location == "header":
            return "a header's value"
        if location == "uri" and self.seed.startswith("route53/"):
            return "plain"
        if location == "uri":
            return ["plain", "with blank/and slash", "arn:aws:x:y:1:z", "ümlaut~+&"][self.pick(4)]
        return ["plain", "a b&c=d+e", "<tag>\"quoted\" 'x'", "größer ☃", "line\nline"][self.pick(5)]


class Stub:
    """Takes requests, and answers them with nothing."""

    def __init__(self):
        self.request = None

    def __call__(self, request, **_):
        self.request = request
        return AWSResponse(request.url, 200, {}, Empty())


class Empty:
    def stream(self, *_, **__):
        return iter([b""])

    def read(self, *_):
        return b""

    def release_conn(self):
        pass


IGNORED = re.compile(
    r"user-agent|x-amz-user-agent|authorization|x-amz-date|x-amz-content-sha256|content-length|host|amz-sdk-.*|expect|"
    r"x-amz-security-token|x-amzn-trace-id|transfer-encoding|content-encoding|x-amz-api-version|x-amz-trailer|x-amz-decoded-content-length"
)


def request_case(client, stub, operation, value, protocol):
    stub.request = None
    try:
        getattr(client, botocore.xform_name(operation.name))(**value)
    except botocore.exceptions.ParamValidationError:
        return None
    except Exception:
        if stub.request is None:
            return None
    request = stub.request
    url = urllib.parse.urlsplit(request.url)
    text = lambda given: given.decode() if isinstance(given, bytes) else str(given)
    headers = {text(name).lower(): text(content) for name, content in request.headers.items()}
    is_chunked = "x-amz-trailer" in headers
    headers = {name: content for name, content in headers.items() if not IGNORED.fullmatch(name)}
    if protocol == "rest-xml":
        headers.pop("content-type", None)
    body = request.body
    if is_chunked:
        streaming = operation.get_streaming_input()
        name = next(name for name, shape in operation.input_shape.members.items() if shape.name == streaming.name)
        body = value.get(name, b"")
    body = body.read() if hasattr(body, "read") else body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    return {
        "method": request.method,
        "host": url.netloc,
        "path": url.path or "/",
        "query": sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True)),
        "headers": headers,
        "is_chunked": is_chunked,
        "body": base64.b64encode(body).decode(),
        "signed": b"Credential" in (request.headers.get("Authorization") or b"" if isinstance(request.headers.get("Authorization"), bytes) else str(request.headers.get("Authorization") or "").encode()),
    }


def shown(shape, value):
    """What botocore has read, as Step Functions shows it."""
    if value is None:
        return None
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        return {member_name(name): shown(shape.members[name], item) for name, item in value.items() if name in shape.members}
    if kind == "list":
        return [shown(shape.member, item) for item in value]
    if kind == "map":
        return {name: shown(shape.value, item) for name, item in value.items()}
    if kind == "timestamp":
        return "2023-11-14T22:13:20Z" if value == TIME else f"? {value}"
    if kind == "blob":
        value = value if isinstance(value, (bytes, str)) else value.read()
        return value if isinstance(value, str) else value.decode()
    if kind == "string" and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    return value


def answer_of(operation, value, protocol):
    """The bytes of an answer: botocore's own writers of requests, made to write what a service does."""
    shape, headers = operation.output_shape, {"x-amzn-requestid": "id-1"}
    if protocol == "json":
        body = {}
        botocore.serialize.JSONSerializer()._serialize(body, value, shape)
        return headers, json.dumps(body).encode()
    if protocol == "smithy-rpc-v2-cbor":
        body = bytearray()
        botocore.serialize.RpcV2CBORSerializer()._serialize_data_item(body, value, shape)
        return headers, bytes(body)
    if protocol in ("query", "ec2"):
        wrapper = shape.serialization.get("resultWrapper")
        body = xml(shape, value, wrapper or f"{operation.name}Response")
        if wrapper:
            body = f"<{operation.name}Response xmlns=\"urn:x\">".encode() + body + f"<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></{operation.name}Response>".encode()
        return headers, body
    return rest_answer(shape, value, protocol, headers)


def rest_answer(shape, value, protocol, headers):
    rest = botocore.serialize.SERIALIZERS[protocol]()
    body_members = {}
    for name, item in value.items():
        member = shape.members[name]
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "header":
            headers[key.lower()] = rest._convert_header_value(member, item)
        elif location == "headers":
            headers.update({(key + name).lower(): text for name, text in item.items()})
        elif location is None:
            body_members[name] = item
    payload = shape.serialization.get("payload")
    if payload is None:
        if protocol == "rest-json":
            body = {}
            rest._serialize(body, body_members, shape)
            return headers, json.dumps(body).encode()
        return headers, xml(shape, body_members, "Root") if body_members else b""
    if payload not in body_members:
        return headers, b""
    item, member = body_members[payload], shape.members[payload]
    if member.type_name in ("blob", "string"):
        return headers, item if isinstance(item, bytes) else item.encode()
    if protocol == "rest-json":
        body = {}
        rest._serialize(body, item, member, "it")
        return headers, json.dumps(body["it"]).encode()
    return headers, xml(member, item, member.serialization.get("name", payload))


def xml(shape, value, name):
    from xml.etree import ElementTree

    root = ElementTree.Element("")
    botocore.serialize.RestXMLSerializer()._serialize(shape, value, root, name)
    return ElementTree.tostring(list(root)[0], encoding="utf-8")


def answer_cases(operation, protocol, samples):
    shape = operation.output_shape
    if shape is None or operation.has_event_stream_output:
        return
    value, _ = samples.structure(shape, DEPTH)
    value = {name: item for name, item in value.items() if shape.members[name].serialization.get("location") != "statusCode"}
    try:
        headers, body = answer_of(operation, value, protocol)
        parser = botocore.parsers.create_parser(protocol)
        insensitive = botocore.awsrequest.HeadersDict(headers)
        read = parser.parse({"status_code": 200, "headers": insensitive, "body": body, "context": {}}, shape)
        read.pop("ResponseMetadata", None)
        if not body and read.get(shape.serialization.get("payload")) == {}:
            # A payload that is not there is not shown, where botocore makes an empty one of it.
            read.pop(shape.serialization.get("payload"))
        yield {"status": 200, "headers": headers, "body": base64.b64encode(body).decode(), "result": shown(shape, read)}
    except (KeyError, TypeError, AttributeError, ValueError, botocore.parsers.ResponseParserError, StopIteration):
        return


def error_cases(operation, protocol, client):
    modelled = [(error.error_code, exception_name(error.name)) for error in operation.error_shapes[:1]]
    for code, exception in [*modelled, ("SomethingElse", f"{client}Exception")]:
        message = f"{code} happened <&>"
        if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
            headers, members = {"x-amzn-requestid": "id-2"}, {"__type": f"com.amazonaws.x#{code}", "message": message}
            if protocol == "rest-json":
                headers["x-amzn-errortype"] = f"{code}:http://internal.amazon.com/"
            body = json.dumps(members).encode()
            if protocol == "smithy-rpc-v2-cbor":
                writer, body = botocore.serialize.RpcV2CBORSerializer(), bytearray(b"\xbf")
                for part in itertools.chain(*members.items()):
                    writer._serialize_type_string(body, part, None, None)
                body = bytes(body + b"\xff")
        else:
            from xml.sax.saxutils import escape

            headers, error = {}, f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            body = f"<ErrorResponse>{error}<RequestId>id-2</RequestId></ErrorResponse>"
            if protocol == "ec2":
                body = f"<Response><Errors>{error}</Errors><RequestID>id-2</RequestID></Response>"
            body = body.encode()
        parser = botocore.parsers.create_parser(protocol)
        insensitive = botocore.awsrequest.HeadersDict(headers)
        read = parser.parse({"status_code": 400, "headers": insensitive, "body": body, "context": {}}, operation.output_shape)
        yield {
            "status": 400,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
            "error": f"{client}.{exception}",
            "message": read["Error"]["Message"],
            "code": read["Error"]["Code"],
            "request_id": read["ResponseMetadata"].get("RequestId"),
        }


def service_cases(session, name, every):
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    region = REGIONS[number % len(REGIONS)]
    config = Config(parameter_validation=False, s3={"us_east_1_regional_endpoint": "regional"}, retries={"total_max_attempts": 1})
    client = session.create_client(name, region, aws_access_key_id="A", aws_secret_access_key="S", config=config)
    model = client.meta.service_model
    stub = Stub()
    client.meta.events.register_first("before-send", stub)
    protocol = model.resolved_protocol
    java = client_name(model.service_id)
    names = sorted(model.operation_names)
    picked = names[number % every :: every]
    for operation_name in sorted({*picked, *names[:2]}):
        operation = model.operation_model(operation_name)
        if operation.has_event_stream_input or operation.has_event_stream_output:
            continue
        if (operation.endpoint_discovery or {}).get("required"):
            continue
        samples = Samples(f"{name}/{operation_name}")
        value, arguments = samples.structure(operation.input_shape, DEPTH) if operation.input_shape else ({}, {})
        case = {
            "service": java.lower(),
            "action": lowered(re.sub(r"\d{4}_\d\d_\d\d$", "", operation_name)),
            "protocol": protocol,
            "region": region,
            "arguments": arguments,
            "request": request_case(client, stub, operation, value, protocol),
            "answers": [*answer_cases(operation, protocol, samples), *error_cases(operation, protocol, java)],
        }
        yield case


def main():
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    botocore.handlers.uuid.uuid4 = lambda: TOKEN
    session = botocore.session.Session()
    with open(sys.argv[2] + ".part", "w") as output:
        for name in session.get_available_services():
            for case in service_cases(session, name, every):
                print(json.dumps(case), file=output)
    import os

    os.replace(sys.argv[2] + ".part", sys.argv[2])


if __name__ == "__main__":
    main()
