"""Deploys the real template with the real functions, and disturbs them while executions run.

Functions are killed in the middle of their work, event source mappings are paused, and between the functions and AWS requests
are refused, answers lost, messages doubled. In the end every execution has ended as it should, and no attempt of a task was made
twice. A poison cue ends its execution with a clear error, and is kept.

BATON_FAULT_EXECUTIONS says how many executions run, BATON_SEED repeats the choice of faults.
"""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import signal
import threading
import time

import botocore.exceptions

import emulator
import package
import proxy
import stack as order

EXECUTIONS = int(os.environ.get("BATON_FAULT_EXECUTIONS", "500"))
SEED = int(os.environ.get("BATON_SEED", "1"))
# Every so many-th execution forks.
WIDE_EVERY = 5
# A message is hidden from others for so long; the template's minutes would be waited for after every kill.
HIDDEN_SECS = 10
TASK_SECS = 10
# How long the weather stays bad after the last start.
STORM_SECS = 20
CLIENTS = 8
# Notes the attempt before it does anything, where no kill can take it away again.
HANDLER = '''
import os

def handler(event, context):
    line = "{execution} {state} {retry}\\n".format(**event)
    descriptor = os.open(os.environ["LINES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)
    return event["n"] + 1
'''


def main():
    options = order.arguments()
    options.folder = os.path.abspath(f"{options.folder}-faults")
    shutil.rmtree(options.folder, ignore_errors=True)
    os.makedirs(options.folder)
    with (
        proxy.Proxy(emulator.free_port(), SEED) as line,
        emulator.started(options.folder, line.port) as aws,
    ):
        line.target = aws.port
        stack = order.Stack(aws, options)
        stack.line = line
        try:
            for scenario in (deploy, prepare, survive, order.leave_nothing, bury):
                begun = time.monotonic()
                scenario(stack)
                seconds = time.monotonic() - begun
                print(f"ok  {scenario.__doc__.splitlines()[0]}  ({seconds:.1f} s)", flush=True)
        finally:
            order.save_logs(stack)


def deploy(stack):
    """the template is deployed, its functions reach AWS over a line that can be disturbed"""
    # More at a time would only wait for this machine.
    order.deploy(stack, Scale="small")


def prepare(stack):
    """a task is created that notes its attempts"""
    roles, functions = stack.aws.client("iam"), stack.aws.client("lambda")
    handler = os.path.join(stack.options.folder, "handler.py")
    with open(handler, "w", encoding="utf-8") as file:
        file.write(HANDLER)
    stack.lines = os.path.join(stack.options.folder, "lines")
    code = package.zip_of({"bootstrap": stack.order_file("functions", "bootstrap"), "handler.py": handler})
    functions.create_function(
        FunctionName="note", Runtime="provided.al2023", Handler="handler.handler", Timeout=30,
        Role=order.create_role(roles, "note", {"Service": "lambda.amazonaws.com"}), Code={"ZipFile": code},
        Environment={"Variables": {"LINES": stack.lines}},
    )
    stack.role_arn = order.create_role(roles, "baton-faults", {"AWS": stack.outputs["TaskRoleArn"]})
    may_invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    roles.put_role_policy(RoleName="baton-faults", PolicyName="invoke", PolicyDocument=order.policy(may_invoke))
    for name in ("CueQueueUrl", "TaskQueueUrl"):
        stack.aws.client("sqs").set_queue_attributes(
            QueueUrl=stack.outputs[name], Attributes={"VisibilityTimeout": str(HIDDEN_SECS)}
        )


def definition():
    """A task, then a wait or a fork with one more task, then the last task."""
    def task(**more):
        return {
            "Type": "Task",
            "Resource": f"arn:aws:lambda:{emulator.REGION}:{emulator.ACCOUNT}:function:note",
            "Parameters": {
                "execution.$": "$$.Execution.Name", "state.$": "$$.State.Name", "retry.$": "$$.State.RetryCount", "n.$": "$.n",
            },
            "ResultPath": "$.n",
            "TimeoutSeconds": TASK_SECS,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 50, "BackoffRate": 1}],
            **more,
        }

    branches = [
        {"StartAt": "Beside", "States": {"Beside": task(End=True)}},
        {"StartAt": "Rest", "States": {
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Pass"}, "Pass": {"Type": "Pass", "End": True},
        }},
    ]
    return json.dumps({"StartAt": "First", "States": {
        "First": task(Next="Is it wide?"),
        "Is it wide?": {
            "Type": "Choice", "Default": "Wait",
            "Choices": [{"Variable": "$.wide", "BooleanEquals": True, "Next": "Both"}],
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Last"},
        "Both": {"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "Next": "Last"},
        "Last": task(End=True),
    }})


def outcome(number):
    """What the execution of this number has to end with."""
    value = {"n": number + 2, "wide": is_wide(number)}
    if is_wide(number):
        value["both"] = [{"n": number + 2, "wide": True}, {"n": number + 1, "wide": True}]
    return value


def is_wide(number):
    return number % WIDE_EVERY == 0


def survive(stack):
    """executions end as they should whatever befalls the functions, and no attempt is made twice"""
    machine = stack.baton.create_state_machine(
        name="faults", definition=definition(), roleArn=stack.role_arn
    )["stateMachineArn"]
    weather = Weather(stack)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients, weather.bad():
        executions = list(clients.map(lambda number: start(stack, machine, number), range(EXECUTIONS)))
        time.sleep(STORM_SECS)
    assert len(set(executions)) == EXECUTIONS
    wait_for_all(stack, machine)
    attempts = check_attempts(stack)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda number: check(stack, executions[number], number), range(EXECUTIONS)))
    print(f"    {EXECUTIONS} executions, {attempts} attempts; seed {SEED}, {weather.words()}", flush=True)


def start(stack, machine, number):
    """Starts an execution, again where the function was killed meanwhile: the same start is the same execution."""
    value = json.dumps({"n": number, "wide": is_wide(number)})
    deadline = time.monotonic() + order.END_SECS_MAX
    while True:
        try:
            started = stack.baton.start_execution(stateMachineArn=machine, name=f"n{number}", input=value)
            return started["executionArn"]
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            if "AlreadyExists" in str(error):
                # It is there, and has ended in the meantime.
                return machine.replace(":stateMachine:", ":execution:") + f":n{number}"
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def wait_for_all(stack, machine):
    def running():
        page = stack.baton.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1000)
        return [execution["name"] for execution in page["executions"]]

    try:
        stack.wait_for("the end of all executions", lambda: not running())
    except AssertionError as error:
        raise AssertionError(f"these do not end: {running()}") from error


def check(stack, arn, number):
    execution = stack.baton.describe_execution(executionArn=arn)
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"]) == outcome(number), execution
    order.check_history(arn, execution, stack.history(arn))


def check_attempts(stack):
    """Each attempt was made once; the retries before one that worked were made at most once, too."""
    with open(stack.lines, encoding="utf-8") as file:
        attempts = collections.Counter(file.read().splitlines())
    repeated = [attempt for attempt, count in attempts.items() if count > 1]
    assert not repeated, repeated
    done = {tuple(attempt.split()[:2]) for attempt in attempts}
    wanted = {(f"n{number}", state) for number in range(EXECUTIONS) for state in ("First", "Last")}
    wanted |= {(f"n{number}", "Beside") for number in range(EXECUTIONS) if is_wide(number)}
    assert done == wanted, done ^ wanted
    return len(attempts)


class Weather(threading.Thread):
    """Bad weather until it is over: processes killed, mappings paused, and a line that lets no request through for a moment."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.stack, self.functions = stack, stack.aws.client("lambda")
        self.is_over = threading.Event()
        self.tally = collections.Counter()
        self.dice = random.Random(SEED)
        self.failure = None

    @contextlib.contextmanager
    def bad(self):
        self.stack.line.is_bad = True
        self.start()
        try:
            yield
        finally:
            self.is_over.set()
            self.join()
            self.stack.line.is_bad = False
        if self.failure is not None:
            raise self.failure
        for what in ("kill", "pause", "outage"):
            assert self.tally[what], f"no {what} came to pass"

    def run(self):
        try:
            while not self.is_over.wait(0.3 + self.dice.random() * 0.7):
                self.dice.choice([self.kill, self.kill, self.pause, self.outage])()
        except Exception as error:  # told when the weather is over
            self.failure = error

    def kill(self):
        """Kills a process of some function, whatever it is doing."""
        processes = self.stack.aws.functions()
        if processes:
            pids = processes[self.dice.choice(sorted(processes))]
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dice.choice(sorted(pids)), signal.SIGKILL)
                self.tally["kill"] += 1

    def pause(self):
        """Stops a queue's consumer for a while."""
        mappings = self.functions.list_event_source_mappings()["EventSourceMappings"]
        mapping = self.dice.choice(sorted(mapping["UUID"] for mapping in mappings))
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        self.is_over.wait(1)
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
        self.tally["pause"] += 1

    def outage(self):
        """Refuses all that is asked of a service, for longer than a request is tried again."""
        self.stack.line.outage = self.dice.choice(["dynamodb", "sqs", "lambda"])
        self.is_over.wait(1.5)
        self.stack.line.outage = None
        self.tally["outage"] += 1

    def words(self):
        counted = sorted((self.tally + self.stack.line.tally).items())
        return ", ".join(f"{what}: {count}" for what, count in counted)


def bury(stack):
    """a poison cue reaches the dead-letter queue, ends its execution with a clear error, and is kept"""
    queues, functions = stack.aws.client("sqs"), stack.aws.client("lambda")
    url, dead_url = stack.outputs["CueQueueUrl"], stack.outputs["CueDeadLetterQueueUrl"]
    redrive = json.loads(queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"])
    # A hundred deliveries are too many to wait for.
    queues.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps({**redrive, "maxReceiveCount": 2})})
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]

    def consume(queue_url, is_enabled):
        [mapping] = [it["UUID"] for it in mappings if it["EventSourceArn"].endswith(f":{queue_url.rpartition('/')[2]}")]
        functions.update_event_source_mapping(UUID=mapping, Enabled=is_enabled)

    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}
    machine = stack.baton.create_state_machine(
        name="poison", definition=json.dumps({"StartAt": "A", "States": states}), roleArn=stack.role_arn
    )["stateMachineArn"]
    consume(url, False)
    consume(dead_url, False)
    healthy, sick = [
        stack.baton.start_execution(stateMachineArn=machine, name=name, input="{}")["executionArn"] for name in ("well", "sick")
    ]
    # What the sick one is about to write is refused.
    stack.line.refuse = lambda request: request.operation() == "PutItem" and b":sick" in request.body
    consume(url, True)

    def dead():
        attributes = queues.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["All"])["Attributes"]
        return attributes["ApproximateNumberOfMessages"] != "0"

    stack.wait_for("the poison cue in the dead-letter queue", dead)
    stack.line.refuse = lambda request: False
    consume(dead_url, True)
    execution = stack.wait_for_end(sick)
    assert (execution["status"], execution["error"]) == ("FAILED", "States.Runtime"), execution
    assert "delivered over and over" in execution["cause"], execution
    assert stack.history(sick)[-1]["type"] == "ExecutionFailed"
    assert stack.wait_for_end(healthy)["status"] == "SUCCEEDED"
    kept = queues.receive_message(QueueUrl=stack.outputs["KeptQueueUrl"], WaitTimeSeconds=20)["Messages"]
    assert all(":sick" in message["Body"] for message in kept), kept


if __name__ == "__main__":
    main()
