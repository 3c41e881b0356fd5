"""Packages and deploys a SAM template, as `sam package` and `sam deploy` do: code to a bucket, the template with pointers
to it, one stack.
"""

import io
import json
import time
import zipfile

import yaml

DEPLOY_SECS_MAX = 120


def deploy(emulator, name, template, bootstraps, parameters):
    """Deploys; answers the stack's outputs. `bootstraps` are the functions' executables by logical id."""
    with open(template, encoding="utf-8") as file:
        content = yaml.load(file, Loader=TemplateLoader)
    packaged = package(emulator, f"{name}-artifacts", content, bootstraps)
    formation = emulator.client("cloudformation")
    formation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(packaged),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    return outputs(formation, name)


def package(emulator, bucket, template, bootstraps):
    store = emulator.client("s3")
    store.create_bucket(Bucket=bucket)
    functions = {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    if functions.keys() != bootstraps.keys():
        raise AssertionError(f"the template has {sorted(functions)}, built are {sorted(bootstraps)}")
    for logical_id, resource in functions.items():
        key = f"{logical_id}.zip"
        store.put_object(Bucket=bucket, Key=key, Body=zip_of({"bootstrap": bootstraps[logical_id]}))
        resource["Properties"]["CodeUri"] = f"s3://{bucket}/{key}"
        resource.pop("Metadata", None)
    return template


def zip_of(files):
    """An archive of files by the names they have in it, all executable."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            with open(path, "rb") as source:
                target.writestr(entry, source.read())
    return archive.getvalue()


def outputs(formation, name):
    deadline = time.monotonic() + DEPLOY_SECS_MAX
    while time.monotonic() < deadline:
        [stack] = formation.describe_stacks(StackName=name)["Stacks"]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.1)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in events if "FAILED" in event["ResourceStatus"]
        ]
        raise AssertionError(f"the stack is {stack['StackStatus']}: {reasons}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


class TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which it spells out: `!Ref x` is `{"Ref": "x"}`."""


def long_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", long_form)
