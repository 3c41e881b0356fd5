"""Deploys the real template with the real functions to an emulator, and runs the order example on it.

Each scenario is a function below; the first that fails ends the run with its reason. `main.rs` builds the
functions, installs what `tests/requirements.txt` names and calls this.
"""

import argparse
import csv
import glob
import io
import json
import os
import platform
import re
import shutil
import subprocess
import time

import botocore.exceptions

import baton
import emulator
import package

END_SECS_MAX = 240
ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
# Orders that nothing ends within a test: one waits for a day, one for a person.
LONG_ORDERS = {"next-day", "large"}


def main():
    options = arguments()
    shutil.rmtree(options.folder, ignore_errors=True)
    os.makedirs(options.folder)
    with emulator.started(options.folder) as aws:
        stack = Stack(aws, options)
        try:
            for scenario in SCENARIOS:
                begun = time.monotonic()
                scenario(stack)
                seconds = time.monotonic() - begun
                print(f"ok  {scenario.__doc__.splitlines()[0]}  ({seconds:.1f} s)", flush=True)
        finally:
            save_logs(stack)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", required=True, help="the stack's template")
    parser.add_argument("--functions", required=True, help="the folder of the functions' executables")
    parser.add_argument("--order", required=True, help="the folder of the order example")
    parser.add_argument("--folder", required=True, help="what this run may fill with files; emptied first")
    return parser.parse_args()


class Stack:
    """The emulator, what is deployed to it, and what has been started there."""

    def __init__(self, aws, options):
        self.aws = aws
        self.options = options
        self.books = os.path.join(options.folder, "books")
        self.outputs = {}
        self.baton = None
        self.role_arn = None
        self.executions = {}  # by the order's name
        self.shop_arn = None
        self.queues = {}
        self.received = {}

    def order_file(self, *names):
        return os.path.join(self.options.order, *names)

    def read_order_file(self, *names):
        with open(self.order_file(*names), encoding="utf-8") as file:
            return file.read()

    def order_arn(self):
        return f"arn:aws:states:{emulator.REGION}:{emulator.ACCOUNT}:stateMachine:order"

    def wait_for(self, what, look):
        """Looks until there is something to see; answers it."""
        deadline = time.monotonic() + END_SECS_MAX
        while time.monotonic() < deadline:
            seen = look()
            if seen:
                return seen
            time.sleep(0.2)
        raise AssertionError(f"waited in vain for {what}")

    def wait_for_end(self, arn):
        def look():
            execution = self.baton.describe_execution(executionArn=arn)
            return execution if execution["status"] in ENDED else None

        return self.wait_for(f"the end of {arn}", look)

    def history(self, arn):
        events, token = [], {}
        while True:
            page = self.baton.get_execution_history(executionArn=arn, maxResults=40, **token)
            events += page["events"]
            if "nextToken" not in page:
                return events
            token = {"nextToken": page["nextToken"]}

    def run_machine(self, name, definition, value, role_arn=None):
        """Creates a state machine, runs it once, and answers how it ended."""
        arn = self.baton.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role_arn or self.role_arn
        )["stateMachineArn"]
        started = self.baton.start_execution(
            stateMachineArn=arn, input=json.dumps(value, ensure_ascii=False)
        )
        return self.wait_for_end(started["executionArn"])


# Scenarios, in the order they run.


def deploy(stack, **parameters):
    """the template is deployed"""
    built = {
        f"{name.title().replace('-', '')}Function": os.path.join(stack.options.functions, f"baton-function-{name}")
        for name in ("transition", "task", "express", "map", "timer", "event", "api", "dead-letter")
    }
    stack.outputs = package.deploy(stack.aws, "baton", stack.options.template, built, {
        "Architecture": "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
        "EventStateMachine": "order",
        "EventSources": "shop",
        "EventDetailTypes": "OrderPlaced",
        **parameters,
    })
    stack.baton = baton.client(stack.aws, stack.outputs)
    allow_what_the_emulator_asks(stack)
    # Plain HTTP is all that the emulator speaks, and the template's policy refuses just that.
    stack.aws.client("s3").delete_bucket_policy(Bucket=stack.outputs["BucketName"])


def allow_what_the_emulator_asks(stack):
    """The emulator has a right of its own for batches, which `sqs:SendMessage` covers in AWS, and names log groups without their streams."""
    roles = stack.aws.client("iam")
    rights = {
        "Effect": "Allow", "Resource": "*",
        "Action": ["sqs:SendMessageBatch", "logs:DescribeLogGroups", "logs:CreateLogStream", "logs:PutLogEvents"],
    }
    for role in roles.list_roles()["Roles"]:
        roles.put_role_policy(
            RoleName=role["RoleName"], PolicyName="emulator", PolicyDocument=policy(rights)
        )


def create_order_functions(stack):
    """the order's functions are created, with a role that state machines may run as"""
    roles, functions = stack.aws.client("iam"), stack.aws.client("lambda")
    runner = create_role(roles, "order-functions", {"Service": "lambda.amazonaws.com"})
    code = package.zip_of({
        name: stack.order_file("functions", name) for name in ("bootstrap", "handler.py")
    })
    definition = stack.read_order_file("order.asl.json")
    for name in sorted(set(re.findall(r":function:([a-z-]+)", definition))):
        functions.create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="handler.handler", Role=runner,
            Timeout=30, Code={"ZipFile": code}, Environment={"Variables": {"ORDER_DIR": stack.books}},
        )
    stack.role_arn = create_role(roles, "baton-order", {"AWS": stack.outputs["TaskRoleArn"]})
    may_invoke = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": f"arn:aws:lambda:{emulator.REGION}:{emulator.ACCOUNT}:function:order-*",
    }
    roles.put_role_policy(
        RoleName="baton-order", PolicyName="invoke", PolicyDocument=policy(may_invoke)
    )


def register(stack):
    """the order is registered through the API"""
    definition = stack.read_order_file("order.asl.json")
    created = stack.baton.create_state_machine(
        name="order", definition=definition, roleArn=stack.role_arn
    )
    assert created["stateMachineArn"] == stack.order_arn(), created
    described = stack.baton.describe_state_machine(stateMachineArn=stack.order_arn())
    assert described["definition"] == definition and described["status"] == "ACTIVE", described
    [listed] = stack.baton.list_state_machines()["stateMachines"]
    assert listed["name"] == "order", listed


def start(stack):
    """an event starts one order, the API all the others"""
    events = stack.aws.client("events")
    placed = {
        "Source": "shop", "DetailType": "OrderPlaced",
        "Detail": stack.read_order_file("orders", "large-approved.json"),
    }
    [entry] = events.put_events(Entries=[placed])["Entries"]
    for path in sorted(glob.glob(stack.order_file("orders", "*.json"))):
        name = os.path.splitext(os.path.basename(path))[0]
        if name != "large-approved":
            stack.executions[name] = stack.baton.start_execution(
                stateMachineArn=stack.order_arn(), name=name,
                input=stack.read_order_file("orders", f"{name}.json"),
            )["executionArn"]
    listed = stack.wait_for("the event's execution", lambda: [
        execution["executionArn"]
        for execution in stack.baton.list_executions(stateMachineArn=stack.order_arn())["executions"]
        if execution["executionArn"] not in stack.executions.values()
    ])
    assert len(listed) == 1 and listed[0].endswith(entry["EventId"]), (listed, entry)
    stack.executions["large-approved"] = listed[0]


def start_again(stack):
    """the same start again answers the same execution; another input is refused"""
    same = {"stateMachineArn": stack.order_arn(), "name": "next-day"}
    again = stack.baton.start_execution(
        **same, input=stack.read_order_file("orders", "next-day.json")
    )
    assert again["executionArn"] == stack.executions["next-day"], again
    refused("ExecutionAlreadyExists", stack.baton.start_execution, **same, input="{}")


def answer(stack):
    """people answer through the API"""
    expected = json.loads(stack.read_order_file("expected.json"))
    for name in sorted(stack.executions):
        verdict = None if name in LONG_ORDERS else expected[name]["answer"]
        if verdict is None:
            continue
        path = os.path.join(stack.books, "approvals", f"{name}.json")
        stack.wait_for(path, lambda: os.path.exists(path))
        with open(path, encoding="utf-8") as file:
            token = json.load(file)["taskToken"]
        stack.baton.send_task_heartbeat(taskToken=token)
        output = json.dumps({"approved": verdict == "approve"})
        stack.baton.send_task_success(taskToken=token, output=output)
        refused("TaskTimedOut", stack.baton.send_task_success, taskToken=token, output=output)
    refused("InvalidToken", stack.baton.send_task_success, taskToken="x", output="{}")


def end(stack):
    """every order ends as it should, and its history says how"""
    expected = json.loads(stack.read_order_file("expected.json"))
    top_states = json.loads(stack.read_order_file("order.asl.json"))["States"]
    for name, arn in sorted(stack.executions.items()):
        if name in LONG_ORDERS:
            continue
        execution, wanted = stack.wait_for_end(arn), expected[name]
        assert (execution["status"], execution.get("error")) == (wanted["status"], wanted["error"]), (
            name, execution
        )
        events = stack.history(arn)
        check_history(name, execution, events)
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in events if "stateEnteredEventDetails" in event
        ]
        path = [state for state in entered if state in top_states]
        assert path == wanted["path"], (name, path)


def check_history(name, execution, events):
    """What holds for every history."""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1)), name
    assert all(event["previousEventId"] < event["id"] for event in events), name
    times = [event["timestamp"] for event in events]
    assert times == sorted(times), name
    ends = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}
    assert events[0]["type"] == "ExecutionStarted", (name, events[0])
    assert events[-1]["type"] == ends[execution["status"]], (name, events[-1])
    terminal = [event for event in events if event["type"].startswith("Execution")]
    assert len(terminal) == 2, (name, terminal)


def list_by_status(stack):
    """executions are listed by how they ended, page by page"""
    expected = json.loads(stack.read_order_file("expected.json"))
    for status in ("SUCCEEDED", "FAILED"):
        listed, token = [], {}
        while True:
            page = stack.baton.list_executions(
                stateMachineArn=stack.order_arn(), statusFilter=status, maxResults=3, **token
            )
            listed += [execution["executionArn"] for execution in page["executions"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        wanted = {
            arn for name, arn in stack.executions.items()
            if name not in LONG_ORDERS and expected[name]["status"] == status
        }
        assert len(listed) == len(set(listed)) and set(listed) == wanted, (status, listed)


def wait_long(stack):
    """a wait of a day is a timer; one that comes early ends nothing"""
    arn = stack.executions["next-day"]
    table, dynamo = stack.outputs["TableName"], stack.aws.client("dynamodb")

    def timers():
        rows = dynamo.scan(TableName=table)["Items"]
        return [row for row in rows if row["pk"]["S"].startswith("t#") and arn in row["sk"]["S"]]

    stack.wait_for("the wait", lambda: any(
        event["type"] == "WaitStateEntered" for event in stack.history(arn)
    ))
    # The execution's own time limit has one as well.
    rows = stack.wait_for("the timers", lambda: timers() if len(timers()) > 1 else None)
    early = dict(min(rows, key=lambda row: int(row["due"]["N"])))
    now = int(time.time())
    early["due"] = {"N": str(now * 1000)}
    early["pk"] = {"S": f"t#{now // 60}#0"}
    early["sk"] = {"S": f"{now * 1000:014}#{arn}"}
    dynamo.put_item(TableName=table, Item=early)
    sweep = stack.aws.client("lambda").invoke(FunctionName=stack.outputs["TimerFunctionName"])
    swept = json.load(sweep["Payload"])
    assert swept == {"timers": 1, "isComplete": True}, swept
    assert len(timers()) == len(rows), timers()
    assert stack.baton.describe_execution(executionArn=arn)["status"] == "RUNNING"


def stop(stack):
    """executions are stopped"""
    for name in sorted(LONG_ORDERS):
        arn = stack.executions[name]
        stack.baton.stop_execution(executionArn=arn, error="Enough", cause="The test is over.")
        execution = stack.wait_for_end(arn)
        assert (execution["status"], execution["error"]) == ("ABORTED", "Enough"), execution
        assert stack.history(arn)[-1]["type"] == "ExecutionAborted", name


def carry_large_payloads(stack):
    """payloads too large for the table go through the bucket"""
    value = {"text": "€" * 60_000, "items": list(range(1000))}
    states = {"Keep": {"Type": "Pass", "ResultPath": "$.copy", "Parameters": {"n": 1}, "End": True}}
    execution = stack.run_machine("large-payloads", {"StartAt": "Keep", "States": states}, value)
    assert json.loads(execution["output"]) == {**value, "copy": {"n": 1}}, execution["status"]
    assert json.loads(execution["input"]) == value
    [entered] = [
        event["stateEnteredEventDetails"]
        for event in stack.history(execution["executionArn"])
        if event["type"] == "PassStateEntered"
    ]
    assert json.loads(entered["input"]) == value
    objects = stack.aws.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"])["Contents"]
    assert all(entry["Key"].startswith("payloads/") for entry in objects), objects


def fork_wide(stack):
    """a Map over more items than one page of its join has ends once, in order"""
    iterator = {"StartAt": "Pass on", "States": {"Pass on": {"Type": "Pass", "End": True}}}
    states = {"Each": {"Type": "Map", "MaxConcurrency": 30, "Iterator": iterator, "End": True}}
    items = [f"item {number}" for number in range(120)]
    execution = stack.run_machine("wide", {"StartAt": "Each", "States": states}, items)
    assert json.loads(execution["output"]) == items, execution


def run_express(stack):
    """an Express state machine runs while its client waits, and by itself"""
    states = {
        "Both": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}},
            {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}},
        ]},
    }
    arn = stack.baton.create_state_machine(
        name="fast", type="EXPRESS", definition=json.dumps({"StartAt": "Both", "States": states}), roleArn=stack.role_arn
    )["stateMachineArn"]
    ran = stack.baton.start_sync_execution(stateMachineArn=arn, input="[1]")
    assert (ran["status"], json.loads(ran["output"])) == ("SUCCEEDED", [[1], [1]]), ran
    started = stack.baton.start_execution(stateMachineArn=arn, input="[2]")["executionArn"]
    assert ":express:fast:" in started, started
    table, dynamo = stack.outputs["TableName"], stack.aws.client("dynamodb")
    # An accepted start is kept until its execution has ended.
    stack.wait_for("the end of the Express execution", lambda: not any(
        started in str(item) for item in dynamo.scan(TableName=table)["Items"]
    ))


def map_rows(stack):
    """the rides example reads a CSV object with its role's rights, and writes what became of each row"""
    rows, store = 1000, stack.aws.client("s3")
    store.create_bucket(Bucket="rides")
    folder = os.path.join(os.path.dirname(stack.options.order.rstrip("/")), "rides")
    made = subprocess.run([os.path.join(folder, "generate"), str(rows)], check=True, capture_output=True)
    store.put_object(Bucket="rides", Key="rides.csv", Body=made.stdout)
    roles = stack.aws.client("iam")
    callers = {"AWS": [stack.outputs["TaskRoleArn"], stack.outputs["MapRoleArn"]]}
    role_arn = create_role(roles, "baton-rides", callers)
    with open(os.path.join(folder, "rides.asl.json"), encoding="utf-8") as file:
        definition = json.load(file)
    with open(os.path.join(folder, "input.json"), encoding="utf-8") as file:
        value = json.load(file) | {"bucket": "rides", "key": "rides.csv"}
    denied = stack.run_machine("rides", definition, value, role_arn)
    assert denied["error"] == "States.ItemReaderFailed" and "AccessDenied" in denied["cause"], denied
    reads, writes = "s3:GetObject", ["s3:PutObject", "s3:AbortMultipartUpload"]
    roles.put_role_policy(RoleName="baton-rides", PolicyName="objects", PolicyDocument=policy(
        {"Effect": "Allow", "Action": reads, "Resource": "arn:aws:s3:::rides/rides.csv"},
        {"Effect": "Allow", "Action": writes, "Resource": "arn:aws:s3:::rides/priced/*"},
    ))
    priced = stack.run_machine("rides", definition, value, role_arn)
    assert priced["status"] == "SUCCEEDED", priced
    details = json.loads(priced["output"])["ResultWriterDetails"]
    read = lambda key: store.get_object(Bucket=details["Bucket"], Key=key)["Body"].read()
    files = json.loads(read(details["Key"]))["ResultFiles"]
    [file] = files["SUCCEEDED"]
    text = read(file["Key"])
    assert file["Size"] == len(text) and not files["FAILED"] and not files["PENDING"], files
    rides = [json.loads(line) for line in text.splitlines()]
    source = list(csv.DictReader(io.StringIO(made.stdout.decode())))
    assert [ride["id"] for ride in rides] == [ride["id"] for ride in source], "the rows' order"
    tariff = value["tariff"]
    for ride, row in zip(rides, source):
        fare = tariff["base"] + float(row["km"]) * tariff["km"] + float(row["minutes"]) * tariff["minute"]
        assert abs(ride["fare"] - fare) < 0.011, (ride, fare)
    assert not store.list_multipart_uploads(Bucket="rides").get("Uploads")


def log(stack):
    """executions of both types log to CloudWatch Logs, as AWS's do; a redrive too"""
    group, logs = "/aws/vendedlogs/states/logged", stack.aws.client("logs")
    arn = f"arn:aws:logs:{emulator.REGION}:{emulator.ACCOUNT}:log-group:{group}:*"
    logging = {
        "level": "ALL", "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    choice = {"Type": "Choice", "Choices": [
        {"Variable": "$$.Execution.RedriveCount", "NumericGreaterThan": 0, "Next": "Good"}]}
    definition = json.dumps({"StartAt": "Again?", "States": {"Again?": choice, "Good": {"Type": "Succeed"}}})
    machine = {"definition": definition, "roleArn": stack.role_arn, "loggingConfiguration": logging}
    refused("InvalidLoggingConfiguration", stack.baton.create_state_machine, name="logged", **machine)
    logs.create_log_group(logGroupName=group)
    standard = stack.baton.create_state_machine(name="logged", **machine)["stateMachineArn"]
    express = stack.baton.create_state_machine(name="logged-fast", type="EXPRESS", **machine)["stateMachineArn"]
    execution = stack.baton.start_execution(stateMachineArn=standard, input='{"n": 1}')["executionArn"]
    assert stack.wait_for_end(execution)["status"] == "FAILED"
    stack.baton.redrive_execution(executionArn=execution)
    assert stack.wait_for_end(execution)["status"] == "SUCCEEDED"
    ran = stack.baton.start_sync_execution(stateMachineArn=express, input='{"n": 2}')
    assert ran["status"] == "FAILED", ran

    def logged(arn, count):
        found = []
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            found += [json.loads(event["message"]) for event in page["events"]]
        found = [event for event in found if event["execution_arn"] == arn]
        return sorted(found, key=lambda event: int(event["id"])) if len(found) >= count else None

    history = stack.history(execution)
    events = stack.wait_for("the Standard execution's log", lambda: logged(execution, len(history)))
    told = [(event["id"], event["type"], event["previous_event_id"]) for event in events]
    assert told == [(str(event["id"]), event["type"], str(event["previousEventId"])) for event in history], told
    first, redriven = events[0], next(event for event in events if event["type"] == "ExecutionRedriven")
    assert first["details"]["input"] == '{"n": 1}' and first["details"]["roleArn"] == stack.role_arn, first
    assert (first["redrive_count"], redriven["redrive_count"]) == ("0", "1"), (first, redriven)
    assert int(first["event_timestamp"]) > 1_600_000_000_000, first
    fast = stack.wait_for("the Express execution's log", lambda: logged(ran["executionArn"], 3))
    assert [event["type"] for event in fast] == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"], fast
    streams = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    assert all(re.fullmatch(r"states/logged(-fast)?/[0-9-]+/[0-9a-f]+", stream) for stream in streams), streams


def open_shop(stack):
    """the shop's table, queue and topic are created, and its state machine with a role for them"""
    parts = {"region": emulator.REGION, "account": emulator.ACCOUNT}
    stack.aws.client("dynamodb").create_table(
        TableName="shop-orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
    )
    queues, topics, roles = stack.aws.client("sqs"), stack.aws.client("sns"), stack.aws.client("iam")
    parcels = queues.create_queue(QueueName="shop-parcels")["QueueUrl"]
    stack.queues = {"parcels": parcels, "notices": queues.create_queue(QueueName="shop-notices")["QueueUrl"]}
    topic = topics.create_topic(Name="shop-orders")["TopicArn"]
    from_topic = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:{region}:{account}:shop-notices".format(**parts),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    queues.set_queue_attributes(QueueUrl=stack.queues["notices"], Attributes={"Policy": policy(from_topic)})
    topics.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:{region}:{account}:shop-notices".format(**parts),
        Attributes={"RawMessageDelivery": "true"},
    )
    role_arn = create_role(roles, "baton-shop", {"AWS": stack.outputs["TaskRoleArn"]})
    for name, actions, resource in (
        ("table", ["dynamodb:PutItem", "dynamodb:UpdateItem"], "arn:aws:dynamodb:{region}:{account}:table/shop-orders"),
        ("queue", ["sqs:SendMessage"], "arn:aws:sqs:{region}:{account}:shop-parcels"),
        ("topic", ["sns:Publish"], "arn:aws:sns:{region}:{account}:shop-orders"),
    ):
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource.format(**parts)}
        roles.put_role_policy(RoleName="baton-shop", PolicyName=name, PolicyDocument=policy(statement))
    definition = stack.read_order_file("shop.asl.json").replace(
        "https://sqs.us-east-1.amazonaws.com/123456789012/shop-parcels", parcels
    )
    created = stack.baton.create_state_machine(name="shop", definition=definition, roleArn=role_arn)
    stack.shop_arn = created["stateMachineArn"]


def run_shop(stack):
    """the shop's orders are nested executions; its table, queue and topic are told of them"""
    expected = json.loads(stack.read_order_file("shop.expected.json"))
    started = {}
    for name in expected:
        order = {**json.loads(stack.read_order_file("orders", f"{name}.json")), "orderId": f"shop-{name}"}
        started[name] = stack.baton.start_execution(stateMachineArn=stack.shop_arn, input=json.dumps(order))["executionArn"]
    for name, wanted in expected.items():
        order_id, execution = f"shop-{name}", stack.wait_for_end(started[name])
        assert (execution["status"], execution.get("error")) == (wanted["status"], wanted["error"]), execution
        events = stack.history(started[name])
        check_history(name, execution, events)
        scheduled = [event["taskScheduledEventDetails"] for event in events if "taskScheduledEventDetails" in event]
        calls = sorted(f"{details['resourceType']}:{details['resource']}" for details in scheduled)
        assert calls == sorted(wanted["calls"]), (name, calls)
        row = stack.aws.client("dynamodb").get_item(
            TableName="shop-orders", Key={"orderId": {"S": order_id}}, ConsistentRead=True
        )["Item"]
        assert row["state"] == {"S": wanted["state"]} and row["execution"] == {"S": started[name]}, row
        [notice] = stack.wait_for(f"the notice of {order_id}", lambda: [
            notice for notice in receive_all(stack, "notices") if notice["orderId"] == order_id
        ])
        assert notice["state"] == wanted["state"], notice
        if wanted["error"] is None:
            output = json.loads(execution["output"])
            tracking = f"TRACK-{order_id}"
            assert output == {**wanted["output"], "orderId": order_id, "trackingNumber": tracking}, output
            assert (row["trackingNumber"], row["amountCents"]) == ({"S": tracking}, {"N": str(output["amountCents"])}), row
            [parcel] = receive_all(stack, "parcels")
            assert parcel == {"orderId": order_id, "trackingNumber": tracking, "pieces": 15}, parcel
        else:
            assert row["reason"] == {"S": wanted["error"]} and notice["reason"] == wanted["error"], (row, notice)
            assert receive_all(stack, "parcels") == [], name
        [nested] = [
            json.loads(event["taskSubmittedEventDetails"]["output"])["ExecutionArn"]
            for event in events if event["type"] == "TaskSubmitted"
        ]
        assert stack.baton.describe_execution(executionArn=nested)["status"] == wanted["status"], nested
        assert nested.startswith(stack.order_arn().replace(":stateMachine:", ":execution:")), nested
    again = stack.baton.start_execution(
        stateMachineArn=stack.shop_arn, input=json.dumps({"orderId": "shop-small"})
    )["executionArn"]
    assert stack.wait_for_end(again)["error"] == "KnownOrder", again


def receive_all(stack, queue):
    """The messages that are in a queue, taken from it; those of notices are kept for who asks again."""
    kept = stack.received.setdefault(queue, [])
    queues, url = stack.aws.client("sqs"), stack.queues[queue]
    found = []
    while messages := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    kept += found
    return kept if queue == "notices" else found


def hear_of_a_job(stack):
    """a job is waited for, and its end is heard of at once"""
    roles, jobs = stack.aws.client("iam"), stack.aws.client("glue")
    role_arn = create_role(roles, "baton-jobs", {"AWS": stack.outputs["TaskRoleArn"]})
    rights = {"Effect": "Allow", "Action": ["glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun"], "Resource": "*"}
    roles.put_role_policy(RoleName="baton-jobs", PolicyName="jobs", PolicyDocument=policy(rights))
    script, may_end = os.path.join(stack.options.folder, "job.py"), os.path.join(stack.options.folder, "may-end")
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"import os, time\nwhile not os.path.exists({may_end!r}): time.sleep(0.1)\n")
    jobs.create_job(
        Name="nightly", Role=role_arn, Command={"Name": "pythonshell", "ScriptLocation": script, "PythonVersion": "3.9"}
    )
    states = {"Job": {
        "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "nightly"}, "End": True
    }}
    machine = stack.baton.create_state_machine(
        name="nightly", definition=json.dumps({"StartAt": "Job", "States": states}), roleArn=role_arn
    )["stateMachineArn"]
    arn = stack.baton.start_execution(stateMachineArn=machine)["executionArn"]
    table, dynamo = stack.outputs["TableName"], stack.aws.client("dynamodb")

    def waiters():
        return [row for row in dynamo.scan(TableName=table)["Items"] if row["pk"]["S"].startswith("d#job#")]

    [waiter] = stack.wait_for("the note of who waits", waiters)
    run_id = waiter["pk"]["S"].rsplit(" ", 1)[1]
    event = {
        "version": "0", "id": "1", "source": "aws.glue", "detail-type": "Glue Job State Change", "account": emulator.ACCOUNT,
        "time": "2026-01-01T00:00:00Z", "region": emulator.REGION, "resources": [],
        "detail": {"jobName": "nightly", "jobRunId": run_id, "state": "SUCCEEDED", "severity": "INFO"},
    }
    check_job_rule(stack, event)
    with open(may_end, "w", encoding="utf-8"):
        pass
    stack.wait_for("the job's end", lambda: jobs.get_job_run(
        JobName="nightly", RunId=run_id)["JobRun"]["JobRunState"] == "SUCCEEDED")
    # The emulator takes no `aws.` events from others, and sends none of its own for jobs.
    heard = stack.aws.client("lambda").invoke(FunctionName=stack.outputs["EventFunctionName"], Payload=json.dumps(event))
    assert json.load(heard["Payload"]) == {"told": 1}, heard
    execution = stack.wait_for_end(arn)
    assert execution["status"] == "SUCCEEDED" and json.loads(execution["output"])["Id"] == run_id, execution
    stack.wait_for("the note to go", lambda: not waiters())


def check_job_rule(stack, event):
    """The deployed rule lets ends through, and nothing else."""
    events = stack.aws.client("events")
    rules = [rule for rule in events.list_rules()["Rules"] if "aws.glue" in rule.get("EventPattern", "")]
    [rule] = rules
    running = {**event, "detail": {**event["detail"], "state": "RUNNING"}}
    for tried, fits in ((event, True), (running, False)):
        answered = events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(tried))
        assert answered["Result"] is fits, tried
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(stack.outputs["EventFunctionName"]), target


def keep_strangers_out(stack):
    """only those with the access policy may use the API"""
    people = stack.aws.client("iam")
    people.create_user(UserName="stranger")
    key = people.create_access_key(UserName="stranger")["AccessKey"]
    credentials = {
        "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]
    }
    stranger = baton.client(stack.aws, stack.outputs, credentials=credentials)
    refused("AccessDeniedException", stranger.list_state_machines)
    people.attach_user_policy(
        UserName="stranger", PolicyArn=stack.outputs["ApiAccessPolicyArn"]
    )
    assert stranger.list_state_machines()["stateMachines"]


def keep_to_the_endpoint(stack):
    """the policy of one endpoint lets nobody use another"""
    people = stack.aws.client("iam")
    people.create_user(UserName="reader")
    key = people.create_access_key(UserName="reader")["AccessKey"]
    people.attach_user_policy(UserName="reader", PolicyArn=stack.outputs["ApiReadPolicyArn"])
    credentials = {
        "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]
    }
    reader = baton.client(stack.aws, stack.outputs, "ApiReadEndpoint", credentials=credentials)
    # Which operations an alias leads to is told by the ARN of the invocation, which the emulator leaves without its alias.
    assert reader.list_state_machines()["stateMachines"]
    for endpoint in ("ApiRunEndpoint", "ApiEndpoint"):
        other = baton.client(stack.aws, stack.outputs, endpoint, credentials=credentials)
        refused("AccessDeniedException", other.list_state_machines)


def invoke_directly(stack):
    """the API answers a direct invocation too"""
    request = {
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "headers": {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "AWSStepFunctions.DescribeStateMachine",
        },
        "body": json.dumps({"stateMachineArn": stack.order_arn()}),
    }
    answered = stack.aws.client("lambda").invoke(
        FunctionName=stack.outputs["ApiFunctionName"], Payload=json.dumps(request)
    )
    response = json.load(answered["Payload"])
    assert response["statusCode"] == 200, response
    assert json.loads(response["body"])["name"] == "order", response


def leave_nothing(stack):
    """no queue holds anything that failed"""
    queues = stack.aws.client("sqs")
    for url in queues.list_queues()["QueueUrls"]:
        if "DeadLetter" in url:
            attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            assert attributes["ApproximateNumberOfMessages"] == "0", (url, attributes)


SCENARIOS = [
    deploy, create_order_functions, register, start, start_again, answer, end, list_by_status, wait_long, stop,
    carry_large_payloads, fork_wide, map_rows, run_express, log, open_shop, run_shop, hear_of_a_job,
    keep_strangers_out, keep_to_the_endpoint, invoke_directly, leave_nothing,
]


def save_logs(stack):
    """Keeps what the functions logged: `logs` in the run's folder, a file a function."""
    folder = os.path.join(stack.options.folder, "logs")
    os.makedirs(folder, exist_ok=True)
    logs = stack.aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        with open(os.path.join(folder, f"{name.replace('/', '_')}.log"), "w", encoding="utf-8") as file:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                file.writelines(f"{event['message'].rstrip()}\n" for event in page["events"])


def create_role(roles, name, principal):
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    created = roles.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    return created["Role"]["Arn"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(code, call, **arguments):
    """Calls, and expects this error."""
    try:
        answered = call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected, not {answered}")


if __name__ == "__main__":
    main()
