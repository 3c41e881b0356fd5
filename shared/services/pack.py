#!/usr/bin/env python3
"""Packs the API models of botocore into the table that the crate embeds.

    pack.py DIRECTORY

Installs the packages of `requirements.txt` into DIRECTORY/python (pip checks their hashes) and writes
DIRECTORY/services.table. Equal packages give equal bytes. The layout of the table is described in `src/table.rs`
and `src/model.rs`, which read it; what is left out is what no request or response depends on: documentation, patterns,
examples, the rules for endpoints that depend on more than the region.
"""

import gzip
import json
import pathlib
import re
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MAGIC = b"BATONSV1"

# The wire protocols, in the order in which they are preferred: what is plain to read in a log comes first.
PROTOCOLS = ["json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor"]
KINDS = {
    name: number
    for number, name in enumerate(
        ["structure", "list", "map", "string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"]
    )
}
LOCATIONS = {None: 0, "uri": 1, "querystring": 2, "header": 3, "headers": 4, "statusCode": 5}
TIMESTAMPS = {"iso8601": 1, "unixTimestamp": 2, "rfc822": 3}
# The flags of a reference. The first six say which fields follow, in this order.
WIRE, QUERY, LOCATION, TIMESTAMP, NAMESPACE, PREFIX = (1 << bit for bit in range(6))
REQUIRED, IDEMPOTENCY, FLATTENED, JSON_VALUE, XML_ATTRIBUTE, STREAMING, HOST_LABEL, EVENTS = (
    1 << bit for bit in range(6, 14)
)
# The flags of a structure.
EXCEPTION, UNION, DOCUMENT = 1, 2, 4
# The flags of an operation.
NO_AUTH, UNSIGNED_BODY, CHECKSUM, EVENT_STREAM, DISCOVERY = 1, 2, 4, 8, 16


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class Strings:
    """Texts by their numbers. The empty one is number 0."""

    def __init__(self):
        self.numbers = {"": 0}

    def __call__(self, text):
        return varint(self.numbers.setdefault(text or "", len(self.numbers)))

    def packed(self):
        return sections([text.encode() for text in self.numbers])


def sections(parts):
    """Parts with their count and ends in front, so that each can be found without reading the others."""
    ends, end = [], 0
    for part in parts:
        end += len(part)
        ends.append(end)
    return struct.pack(f"<I{len(ends)}I", len(ends), *ends) + b"".join(parts)


class Service:
    """One service's model on its way into the table."""

    def __init__(self, model, rules, partitions):
        self.model, self.rules, self.partitions = model, rules, partitions
        self.text = Strings()
        self.shapes, self.numbers, self.variants = [], {}, []

    def packed(self):
        operations = [self.operation(self.model.operation_model(name)) for name in sorted(self.model.operation_names)]
        metadata = self.metadata()
        endpoints = sections([self.endpoints(dict(variant)) for variant in self.variants])
        parts = [metadata, sections(operations), sections(self.shapes), endpoints]
        return sections([self.text.packed(), *parts])

    def metadata(self):
        metadata = self.model.metadata
        texts = [
            metadata["serviceId"],
            self.model.signing_name,
            metadata["apiVersion"],
            metadata.get("jsonVersion", ""),
            metadata.get("targetPrefix", ""),
        ]
        offered = metadata.get("protocols", [metadata["protocol"]])
        protocol = next(index for index, name in enumerate(PROTOCOLS) if name in offered)
        is_query_compatible = "awsQueryCompatible" in metadata
        is_signable = metadata["signatureVersion"] in ("v4", "s3v4", "s3")
        return bytes([protocol, is_query_compatible | is_signable << 1]) + b"".join(map(self.text, texts))

    def operation(self, operation):
        flags = 0
        flags |= NO_AUTH if operation.resolved_auth_type == "none" else 0
        flags |= UNSIGNED_BODY if operation.auth_type == "v4-unsigned-body" or operation.unsigned_payload else 0
        checksum = operation.http_checksum or {}
        is_required = operation.http_checksum_required or checksum.get("requestChecksumRequired")
        flags |= CHECKSUM if is_required else 0
        is_stream = operation.has_event_stream_input or operation.has_event_stream_output
        flags |= EVENT_STREAM if is_stream else 0
        flags |= DISCOVERY if (operation.endpoint_discovery or {}).get("required") else 0
        # S3's say what follows from a bucket's name or an account, which are not known here.
        is_s3 = self.model.metadata["serviceId"].startswith("S3")
        static = [] if is_s3 else operation.static_context_parameters
        variant = tuple(sorted((param.name, param.value) for param in static))
        if variant not in self.variants:
            self.variants.append(variant)
        output = operation.output_shape
        texts = [
            operation.name,
            operation.http.get("method", "POST"),
            operation.http["requestUri"],
            (operation.endpoint or {}).get("hostPrefix", ""),
            output.serialization.get("resultWrapper", "") if output else "",
            checksum.get("requestAlgorithmMember", ""),
        ]
        # The errors by name: which of them AWS names depends on their order in no way.
        errors = sorted({self.shape(error) for error in operation.error_shapes})
        out = [varint(flags), varint(self.variants.index(variant)), *map(self.text, texts)]
        out += [self.root(operation.input_shape), self.root(output)]
        out += [varint(len(errors)), *map(varint, errors)]
        return b"".join(out)

    def root(self, shape):
        return varint(0) if shape is None else varint(1) + self.reference("", shape, False)

    def reference(self, name, shape, is_required):
        traits = shape.serialization
        flags, fields = 0, b""
        wire = traits.get("name", name)
        if wire != name:
            flags, fields = flags | WIRE, fields + self.text(wire)
        if "queryName" in traits:
            flags, fields = flags | QUERY, fields + self.text(traits["queryName"])
        if LOCATIONS.get(traits.get("location")):
            flags, fields = flags | LOCATION, fields + bytes([LOCATIONS[traits["location"]]])
        if "timestampFormat" in traits:
            flags, fields = flags | TIMESTAMP, fields + bytes([TIMESTAMPS[traits["timestampFormat"]]])
        namespace = traits.get("xmlNamespace")
        if namespace:
            namespace = namespace if isinstance(namespace, dict) else {"uri": namespace}
            flags, fields = flags | NAMESPACE, fields + self.text(namespace["uri"])
            if namespace.get("prefix"):
                flags, fields = flags | PREFIX, fields + self.text(namespace["prefix"])
        for flag, holds in (
            (REQUIRED, is_required),
            (IDEMPOTENCY, shape.metadata.get("idempotencyToken")),
            (FLATTENED, traits.get("flattened")),
            (JSON_VALUE, traits.get("jsonvalue")),
            (XML_ATTRIBUTE, traits.get("xmlAttribute")),
            (STREAMING, traits.get("streaming")),
            (HOST_LABEL, traits.get("hostLabel")),
            (EVENTS, traits.get("eventstream")),
        ):
            flags |= flag if holds else 0
        return self.text(name) + varint(self.shape(shape)) + varint(flags) + fields

    def shape(self, shape):
        """The number of a shape, which is packed when it is met first."""
        key = shape.name
        if key not in self.numbers:
            self.numbers[key] = len(self.shapes)
            self.shapes.append(b"")
            self.shapes[self.numbers[key]] = bytes([KINDS[shape.type_name]]) + self.details(shape)
        return self.numbers[key]

    def details(self, shape):
        if shape.type_name == "list":
            return self.reference("", shape.member, False)
        if shape.type_name == "map":
            return self.reference("", shape.key, False) + self.reference("", shape.value, False)
        if shape.type_name != "structure":
            return b""
        flags = 0
        flags |= EXCEPTION if shape.metadata.get("exception") else 0
        flags |= UNION if shape.is_tagged_union else 0
        flags |= DOCUMENT if shape.is_document_type else 0
        code = shape.error_code if flags & EXCEPTION else ""
        names = list(shape.members)
        payload = shape.serialization.get("payload")
        out = [varint(flags), self.text(shape.name if flags & EXCEPTION else ""), self.text(code)]
        out += [varint(names.index(payload) + 1 if payload in names else 0), varint(len(names))]
        required = set(shape.required_members)
        out += [self.reference(name, shape.members[name], name in required) for name in names]
        return b"".join(out)

    def endpoints(self, static):
        """For each partition what holds for its regions, with `{region}` in place of their names, then exceptions."""
        out = []
        for number, partition in enumerate(self.partitions):
            sample = partition["sample"]
            general = self.resolved(sample, static)
            if general is None:
                continue
            general = tuple(text.replace(sample, "{region}") for text in general)
            exceptions = b""
            count = 0
            for region in sorted(partition["regions"]):
                found = self.resolved(region, static)
                if found and found != tuple(text.replace("{region}", region) for text in general):
                    count += 1
                    exceptions += self.text(region) + b"".join(map(self.text, found))
            out.append(bytes([number]) + b"".join(map(self.text, general)) + varint(count) + exceptions)
        return sections(out)

    def resolved(self, region, static):
        """The host, the name and the region to sign for; nothing where the rules want to know more."""
        from botocore.exceptions import EndpointProviderError

        values = {"Region": region, "UseFIPS": False, "UseDualStack": False, **static}
        known = self.rules.ruleset.parameters
        try:
            endpoint = self.rules.resolve_endpoint(**{name: value for name, value in values.items() if name in known})
        except EndpointProviderError:
            return None
        schemes = endpoint.properties.get("authSchemes", [])
        scheme = next((scheme for scheme in schemes if scheme["name"].startswith("sigv4")), {})
        host = endpoint.url.removeprefix("https://").rstrip("/")
        return host, scheme.get("signingName", ""), scheme.get("signingRegion", "")


def partitions_of(data):
    """The partitions with their regions, and a region that none of them has: what holds for it holds by rule."""
    found = []
    for partition in data["partitions"]:
        # Of the form `^(us|eu)\-\w+\-\d+$`: what stands before the first `\w`, each choice by itself.
        start = partition["regionRegex"].removeprefix("^").split(r"\-\w", 1)[0].replace("\\-", "-")
        head, _, choices = start.partition("(")
        choices, _, tail = choices.partition(")")
        prefixes = sorted(head + choice + tail for choice in choices.split("|"))
        sample = f"{prefixes[0]}-somewhere-9"
        assert re.match(partition["regionRegex"], sample), partition["regionRegex"]
        found.append(
            {
                "id": partition["id"],
                "suffix": partition["outputs"]["dnsSuffix"],
                "prefixes": prefixes,
                "sample": sample,
                "regions": list(partition["regions"]),
            }
        )
    return found


def partition_section(partitions):
    texts = ([part["id"], part["suffix"], " ".join(part["prefixes"]), " ".join(sorted(part["regions"]))] for part in partitions)
    return sections([sections([text.encode() for text in part]) for part in texts])


def read(path):
    return json.loads(gzip.decompress(path.read_bytes()))


def pack(data):
    from botocore.endpoint_provider import EndpointProvider
    from botocore.model import ServiceModel

    partition_data = json.loads((data / "partitions.json").read_text())
    partitions = partitions_of(partition_data)
    names, blobs = [], []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        version = max((path for path in folder.iterdir() if (path / "service-2.json.gz").exists()), default=None)
        if version is None:
            continue
        description = read(version / "service-2.json.gz")
        if folder.name == "s3":
            # A text in the model alone: SDKs take and give a time.
            description["shapes"]["Expires"] = {"type": "timestamp"}
        model = ServiceModel(description, folder.name)
        rules = EndpointProvider(read(version / "endpoint-rule-set-1.json.gz"), partition_data)
        names.append(model.metadata["serviceId"].encode())
        blobs.append(Service(model, rules, partitions).packed())
    return MAGIC + sections([partition_section(partitions), sections(names), sections(blobs)])


def install(directory):
    marker = directory / "requirements.txt"
    wanted = (HERE / "requirements.txt").read_bytes()
    if not marker.exists() or marker.read_bytes() != wanted:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--upgrade", "--target", str(directory)]
        subprocess.run([*command, "-r", str(HERE / "requirements.txt")], check=True)
        marker.write_bytes(wanted)
    sys.path.insert(0, str(directory))


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    install(directory / "python")
    import botocore

    table = pack(pathlib.Path(botocore.__file__).parent / "data")
    part = directory / "services.table.part"
    part.write_bytes(table)
    part.replace(directory / "services.table")
    print(f"{directory / 'services.table'}: {len(table)} bytes from botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
