"""A `baton serve` of one's own, and the clients that AWS publishes, as anybody points them at it: boto3 and the AWS CLI."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import boto3
import botocore.config

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/clients"
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
START_SECS_MAX = 60
STOP_SECS_MAX = 60
LOOKS_MAX = 1200
LOOK_SECS = 0.05

# Credentials that nobody checks here, as the documentation of every SDK has them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


class Server:
    """A running server. `{folder}` in a task's command stands for a folder that is removed in the end."""

    def __init__(self, tasks=()):
        self.folder = tempfile.mkdtemp(prefix="baton-clients-")
        self.tasks = [task.replace("{folder}", self.folder) for task in tasks]
        self.process = None
        self.start()

    def start(self):
        command = [binary(), "serve", "--port", "0", "--data", os.path.join(self.folder, "baton.db")]
        for task in self.tasks:
            command += ["--task", task]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace",
        )
        timer = threading.Timer(START_SECS_MAX, self.process.kill)
        timer.start()
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(r"Step Functions API at (http://\S+)", line)
            if found:
                self.url = found.group(1)
                break
        else:
            raise RuntimeError(f"`baton serve` did not start: {''.join(said)}")
        timer.cancel()
        # What else it says must not fill the pipe.
        self.drain = threading.Thread(target=drain, args=(self.process.stderr,))
        self.drain.start()

    def stop(self):
        """Asks it to stop; answers its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECS_MAX)

    def kill(self):
        """Ends it without a word to it."""
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.drain.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def boto3(self):
        config = botocore.config.Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
        return boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        ).client("stepfunctions", endpoint_url=self.url, config=config)

    def cli(self, *arguments, variables=None):
        """Runs the AWS CLI; answers its exit code, its answer, and what it says of an error."""
        environment = {
            **CREDENTIALS,
            **(variables or {}),
            "PATH": os.environ.get("PATH", ""),
            "HOME": self.folder,
            "AWS_ENDPOINT_URL_SFN": self.url,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1",
        }
        # The one installed beside this Python.
        aws = os.path.join(os.path.dirname(sys.executable), "aws")
        done = subprocess.run(
            [sys.executable, aws, "stepfunctions", *arguments, "--output", "json"],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr

    def kept(self, name):
        """What a task wrote into the folder, once it is there as a whole."""
        path = os.path.join(self.folder, name)

        def look():
            try:
                with open(path, encoding="utf-8") as file:
                    return json.load(file)
            except (OSError, ValueError):
                return None

        return wait_for(path, look)


class Case(unittest.TestCase):
    """Tests of one server."""

    tasks = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.tasks)
        cls.addClassCleanup(cls.server.close)
        cls.connect()

    @classmethod
    def connect(cls):
        """Makes a client of the server that runs now."""
        cls.api = cls.server.boto3()
        cls.addClassCleanup(cls.api.close)

    def create(self, name, states, start=None, **options):
        """Creates a state machine of these states, which begins with the first; answers its ARN."""
        definition = json.dumps({"StartAt": start or next(iter(states)), "States": states, **options})
        created = self.api.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        return created["stateMachineArn"]

    def start(self, machine, value=None, **options):
        started = self.api.start_execution(stateMachineArn=machine, input=json.dumps(value or {}), **options)
        return started["executionArn"]

    def end(self, execution):
        """Waits for an execution's end; answers its description."""
        def look():
            described = self.api.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return wait_for(f"the end of {execution}", look)

    def history(self, execution, **options):
        pages = self.api.get_paginator("get_execution_history").paginate(executionArn=execution, **options)
        return [event for page in pages for event in page["events"]]

    def refused(self, code, message, call, **arguments):
        """Calls, and expects an exception of this code that says this; answers it."""
        with self.assertRaises(self.api.exceptions.ClientError) as raised:
            call(**arguments)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(message, error["Message"])
        self.assertEqual(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        return raised.exception


PASS = {"Pass": {"Type": "Pass", "End": True}}
FAIL = {"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "It is meant to be."}}
# Longer than any test runs.
WAIT = {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Pass"}, **PASS}


def callback(function, **options):
    """A state that waits for its token, which it hands to a function."""
    return {"Ask": {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": function,
            "Payload": {"token.$": "$$.Task.Token", "input.$": "$"},
        },
        "End": True,
        **options,
    }}


def machine_arn(name):
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def execution_arn(machine, name):
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}:{name}"


def drain(stream):
    with stream:
        stream.read()


def wait_for(what, look):
    """Looks until there is something to see; answers it."""
    for _ in range(LOOKS_MAX):
        seen = look()
        if seen is not None:
            return seen
        time.sleep(LOOK_SECS)
    raise AssertionError(f"waited in vain for {what}")


def binary():
    folder = os.environ.get("BATON_BINARIES") or os.path.join(ROOT, "target", "debug")
    return os.path.join(folder, "baton")
