"""Any request at all, made up from the API's own model: the answer is AWS's, and never our fault.

FUZZ_SECS says how long (15 seconds), FUZZ_SEED with what (a new one each time, which a failure prints)."""

import http.client
import json
import os
import random
import string
import time
import unittest
import urllib.parse

import botocore.session

import served
from served import FAIL, PASS, WAIT, machine_arn

SECS = float(os.environ.get("FUZZ_SECS", "15"))
GROWTH_KIB_MAX = 200_000
# What waits is not waited for.
WAITING = {"GetActivityTask": 1.0}
DEFINITIONS = [
    json.dumps({"StartAt": next(iter(states)), "States": states}) for states in (PASS, FAIL, WAIT)
] + ['{"StartAt":', "{}", "[]", '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "x", "End": true}}}']


class Maker:
    """Makes values for the shapes of the model: mostly fit, sometimes not at all."""

    def __init__(self, dice, arns):
        self.dice = dice
        self.arns = arns

    def request(self, shape):
        if self.strikes(0.03):
            return self.anything(3)
        return self.structure(shape, 0)

    def structure(self, shape, depth):
        made = {}
        for name, member in shape.members.items():
            is_required = name in shape.required_members
            if self.strikes(0.95 if is_required else 0.35):
                made[name] = self.value(name, member, depth + 1)
        if self.strikes(0.05):
            made[self.text(12)] = self.anything(2)
        return made

    def value(self, name, shape, depth):
        if self.strikes(0.08) or depth > 8:
            return self.anything(3)
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            count = self.dice.choice([0, 1, 1, 2, 3, 60])
            return [self.value(name, shape.member, depth + 1) for _ in range(count)]
        if kind == "map":
            return {self.text(5): self.value(name, shape.value, depth + 1) for _ in range(self.dice.randrange(3))}
        if kind == "boolean":
            return self.strikes(0.5)
        if kind in ("integer", "long", "float", "double"):
            return self.dice.choice([0, 1, 2, 50, 1000, 1001, -1, 2**31, 2**63, 1.5, 1e300])
        if kind == "timestamp":
            return time.time()
        return self.string(name, shape)

    def string(self, name, shape):
        if shape.enum and self.strikes(0.9):
            return self.dice.choice(shape.enum)
        lowered = name.lower()
        if lowered.endswith("arn"):
            return self.dice.choice(self.arns)
        if lowered == "definition":
            return self.dice.choice(DEFINITIONS)
        if lowered in ("input", "output", "context", "variables"):
            return self.dice.choice(["{}", "[1]", "7", "", "{'a'}", '{"a": 1e999}', "[" * 5000, json.dumps("x" * 300_000)])
        bounds = shape.metadata
        length = self.dice.choice([bounds.get("min", 1), bounds.get("min", 1) + 3, min(bounds.get("max", 80), 300), bounds.get("max", 80) + 1])
        return self.text(min(length, 2_000))

    def text(self, length):
        letters = self.dice.choice([string.ascii_letters + string.digits + "-_", string.printable, "é💡\u0000 \"'{}[]:/#%"])
        return "".join(self.dice.choice(letters) for _ in range(length))

    def anything(self, depth):
        kind = self.dice.randrange(8 if depth else 6)
        if kind == 6:
            return [self.anything(depth - 1) for _ in range(self.dice.randrange(4))]
        if kind == 7:
            return {self.text(4): self.anything(depth - 1) for _ in range(self.dice.randrange(4))}
        return [None, True, -7, 1.25, self.text(20), ""][kind]

    def strikes(self, rate):
        return self.dice.random() < rate

    def bytes(self, request):
        """The body: as it should be, or cut, doubled, overwritten."""
        body = json.dumps(request).encode()
        if self.strikes(0.05):
            body = body[: self.dice.randrange(len(body) + 1)]
        if self.strikes(0.03):
            place = self.dice.randrange(len(body) + 1)
            body = body[:place] + bytes(self.dice.randrange(256) for _ in range(3)) + body[place:]
        if self.strikes(0.01):
            body += b" " * 1_100_000
        return body


class Fuzz(served.Case):
    """Requests made up from the model of every operation."""

    def test_every_answer_is_one_of_aws_s(self):
        seed = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(2**32))
        maker = Maker(random.Random(seed), self.arns())
        model = botocore.session.get_session().get_service_model("stepfunctions")
        operations = [model.operation_model(name) for name in model.operation_names]
        until, count, errors, before = time.monotonic() + SECS, 0, set(), None
        while time.monotonic() < until:
            for operation in operations:
                body = maker.bytes(maker.request(operation.input_shape))
                if maker.strikes(0.01):
                    self.hang_up(operation.name, body)
                    continue
                answer = self.ask(operation.name, body)
                if answer is None:
                    continue
                with self.subTest(seed=seed, operation=operation.name, body=body[:2000]):
                    errors.add(self.check(*answer))
                count += 1
            before = before or self.memory()
        growth = self.memory() - before
        print(f"fuzz: {count} requests, {len(errors)} kinds of answers, {growth} KiB more memory, seed {seed}")
        self.assertGreater(count, 100)
        self.assertLess(growth, GROWTH_KIB_MAX)
        self.assertIsNone(self.server.process.poll())

    def arns(self):
        machine = self.create("fuzzed", PASS)
        execution = self.start(machine)
        activity = self.api.create_activity(name="fuzzed")["activityArn"]
        version = self.api.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        return [
            machine, machine, execution, activity, version, f"{machine}:alias", f"{machine}:999", machine_arn("none"),
            f"{machine}/label", execution.replace(":execution:", ":express:") + ":1", execution + "x", "arn", "", "arn:aws:states:::",
            "arn:aws:iam::123456789012:role/r", "arn:aws:lambda:us-east-1:123456789012:function:f", "arn:" + "x" * 3000, ":" * 50,
        ]

    def ask(self, operation, body):
        """The status and the body; nothing if it was not waited for."""
        address = urllib.parse.urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=WAITING.get(operation, 30))
        try:
            headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0"}
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError:
            self.assertIn(operation, WAITING)
            return None
        finally:
            connection.close()

    def hang_up(self, operation, body):
        """Sends a part of a request and leaves."""
        address = urllib.parse.urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
        connection.putrequest("POST", "/")
        connection.putheader("X-Amz-Target", f"AWSStepFunctions.{operation}")
        connection.putheader("Content-Length", str(len(body) + 10))
        connection.endheaders()
        connection.send(body[:1000])
        connection.close()

    def check(self, status, body):
        self.assertLess(status, 500, body[:500])
        answer = json.loads(body)
        self.assertIsInstance(answer, dict)
        if status == 200:
            self.assertNotIn("__type", answer)
            return "200"
        self.assertIsInstance(answer["__type"], str)
        self.assertIsInstance(answer["message"], str)
        return answer["__type"]

    def memory(self):
        try:
            with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        except (OSError, StopIteration):
            return 0


if __name__ == "__main__":
    unittest.main()
