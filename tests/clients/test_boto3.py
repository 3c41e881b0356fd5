"""boto3, unchanged, through every operation that Baton answers."""

import concurrent.futures
import datetime
import json
import socket
import unittest
import urllib.error
import urllib.request

import botocore.exceptions

import served
from served import FAIL, PASS, ROLE, WAIT, callback, execution_arn, machine_arn


class StateMachines(served.Case):
    """Creating, describing, changing, listing and deleting state machines."""

    def test_a_state_machine_is_described_as_it_was_created(self):
        definition = '{ "StartAt":"Pass",\n "States": {"Pass": {"Type": "Pass", "End": true}} }'
        created = self.api.create_state_machine(name="described", definition=definition, roleArn=ROLE)
        self.assertEqual(created["stateMachineArn"], machine_arn("described"))
        self.assertIs(type(created["creationDate"]), datetime.datetime)
        described = self.api.describe_state_machine(stateMachineArn=created["stateMachineArn"])
        self.assertEqual(described["definition"], definition)
        self.assertEqual(described["creationDate"], created["creationDate"])
        expected = {"name": "described", "status": "ACTIVE", "type": "STANDARD", "roleArn": ROLE}
        self.assertEqual({key: described[key] for key in expected}, expected)
        self.assertEqual(described["loggingConfiguration"], {"level": "OFF", "includeExecutionData": False})
        self.assertEqual(described["tracingConfiguration"], {"enabled": False})

    def test_creating_it_again_is_no_error_unless_it_is_another(self):
        first = self.create("again", PASS)
        self.assertEqual(self.create("again", PASS), first)
        definition = json.dumps({"StartAt": "Fail", "States": FAIL})
        self.refused(
            "StateMachineAlreadyExists", f"State Machine Already Exists: '{first}'",
            self.api.create_state_machine, name="again", definition=definition, roleArn=ROLE,
        )

    def test_an_update_counts_for_executions_started_after_it(self):
        machine = self.create("updated", WAIT)
        before = self.start(machine)
        revision = self.api.describe_state_machine(stateMachineArn=machine).get("revisionId")
        definition = json.dumps({"StartAt": "Fail", "States": FAIL})
        updated = self.api.update_state_machine(stateMachineArn=machine, definition=definition)
        self.assertIs(type(updated["updateDate"]), datetime.datetime)
        self.assertNotEqual(updated["revisionId"], revision)
        after = self.end(self.start(machine))
        self.assertEqual((after["status"], after["error"], after["cause"]), (
            "FAILED", "Broken", "It is meant to be."
        ))
        used = self.api.describe_state_machine_for_execution(executionArn=before)
        self.assertEqual(json.loads(used["definition"])["StartAt"], "Wait")
        self.assertEqual((used["name"], used["stateMachineArn"]), ("updated", machine))
        self.api.stop_execution(executionArn=before)
        self.refused(
            "MissingRequiredParameter", "Either the definition, the role ARN",
            self.api.update_state_machine, stateMachineArn=machine,
        )

    def test_a_deleted_state_machine_is_gone_once_its_executions_are(self):
        machine = self.create("deleted", PASS)
        self.end(self.start(machine))
        self.api.delete_state_machine(stateMachineArn=machine)

        def is_gone():
            try:
                self.api.describe_state_machine(stateMachineArn=machine)
            except self.api.exceptions.StateMachineDoesNotExist:
                return True
            return None

        self.assertTrue(served.wait_for("the deletion", is_gone))
        # Deleting what is not there is no error.
        self.api.delete_state_machine(stateMachineArn=machine)
        self.refused(
            "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'",
            self.api.start_execution, stateMachineArn=machine,
        )

    def test_what_is_wrong_with_a_definition_is_said(self):
        for definition, expected in [
            ("{", "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION"),
            ({"StartAt": "Nowhere", "States": PASS}, "MISSING_TRANSITION_TARGET"),
            ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "at /States/A"),
            ({"StartAt": "A", "States": {"A": {"Type": "Teapot", "End": True}}}, "/States/A/Type"),
        ]:
            text = definition if isinstance(definition, str) else json.dumps(definition)
            raised = self.refused(
                "InvalidDefinition", expected, self.api.create_state_machine,
                name="wrong", definition=text, roleArn=ROLE,
            )
            self.assertIsInstance(raised, self.api.exceptions.InvalidDefinition)
        self.refused(
            "InvalidName", "Invalid Name: 'a b'", self.api.create_state_machine,
            name="a b", definition=json.dumps({"StartAt": "Pass", "States": PASS}), roleArn=ROLE,
        )

    def test_a_definition_is_validated_without_being_kept(self):
        good = self.api.validate_state_machine_definition(
            definition=json.dumps({"StartAt": "Pass", "States": PASS})
        )
        self.assertEqual((good["result"], good["diagnostics"]), ("OK", []))
        bad = self.api.validate_state_machine_definition(
            definition=json.dumps({"StartAt": "Nowhere", "States": PASS})
        )
        self.assertEqual(bad["result"], "FAIL")
        self.assertEqual(bad["diagnostics"][0]["severity"], "ERROR")

    def test_state_machines_are_listed_page_by_page(self):
        names = {f"listed-{number}" for number in range(7)}
        for name in sorted(names):
            self.create(name, PASS)
        pages = list(self.api.get_paginator("list_state_machines").paginate(
            PaginationConfig={"PageSize": 2}
        ))
        self.assertTrue(all(len(page["stateMachines"]) <= 2 for page in pages))
        listed = [machine["name"] for page in pages for machine in page["stateMachines"]]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(names - set(listed), set())
        self.refused("InvalidToken", "Invalid Token", self.api.list_state_machines, nextToken="x")
        self.refused(
            "ValidationException", "Value '1001' at 'maxResults' failed to satisfy constraint",
            self.api.list_state_machines, maxResults=1001,
        )


class Executions(served.Case):
    """Starting, describing, listing and stopping executions; histories."""

    def test_an_execution_is_described_as_it_ran(self):
        machine = self.create("ran", PASS)
        started = self.api.start_execution(
            stateMachineArn=machine, name="one", input='{"text": "Größe", "number": 1.0}'
        )
        self.assertEqual(started["executionArn"], execution_arn("ran", "one"))
        ended = self.end(started["executionArn"])
        expected = {
            "name": "one", "status": "SUCCEEDED", "stateMachineArn": machine,
            "input": '{"text": "Größe", "number": 1.0}', "inputDetails": {"included": True},
            "outputDetails": {"included": True}, "redriveCount": 0,
        }
        self.assertEqual({key: ended[key] for key in expected}, expected)
        self.assertEqual(json.loads(ended["output"]), {"text": "Größe", "number": 1.0})
        self.assertEqual(ended["startDate"], started["startDate"])
        self.assertLessEqual(ended["startDate"], ended["stopDate"])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs(now - ended["stopDate"]), datetime.timedelta(minutes=5))

    def test_a_name_is_good_for_one_execution(self):
        machine = self.create("named", WAIT)
        first = self.start(machine, {"a": 1}, name="once")
        self.assertEqual(self.start(machine, {"a": 1}, name="once"), first)
        self.refused(
            "ExecutionAlreadyExists", f"Execution Already Exists: '{first}'",
            self.api.start_execution, stateMachineArn=machine, name="once", input='{"a": 2}',
        )
        self.api.stop_execution(executionArn=first)
        self.refused(
            "ExecutionAlreadyExists", "Execution Already Exists",
            self.api.start_execution, stateMachineArn=machine, name="once", input='{"a": 1}',
        )
        # Without a name each start is another execution.
        unnamed = {self.start(machine) for _ in range(3)}
        self.assertEqual(len(unnamed), 3)
        for execution in unnamed:
            self.api.stop_execution(executionArn=execution)

    def test_inputs_that_are_no_json_are_refused(self):
        machine = self.create("inputs", PASS)
        for text, expected in [
            ("", "Invalid execution input."),
            ("not", "Unrecognized token 'not'"),
            ("{'a': 1}", "Unexpected character"),
        ]:
            self.refused(
                "InvalidExecutionInput", expected,
                self.api.start_execution, stateMachineArn=machine, input=text,
            )

    def test_a_stopped_execution_is_aborted(self):
        machine = self.create("stopped", WAIT)
        execution = self.start(machine)
        stopped = self.api.stop_execution(executionArn=execution, error="Enough", cause="No more.")
        ended = self.end(execution)
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), ("ABORTED", "Enough", "No more."))
        self.assertEqual(ended["stopDate"], stopped["stopDate"])
        last = self.history(execution)[-1]
        self.assertEqual(last["type"], "ExecutionAborted")
        self.assertEqual(last["executionAbortedEventDetails"], {"error": "Enough", "cause": "No more."})
        # Stopping what has ended changes nothing.
        again = self.api.stop_execution(executionArn=execution)
        self.assertEqual(again["stopDate"], stopped["stopDate"])

    def test_a_history_is_read_in_pages_in_both_directions(self):
        states = {
            f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(9)
        } | {"S9": {"Type": "Pass", "End": True}}
        execution = self.start(self.create("paged", states), {"a": 1})
        self.end(execution)
        events = self.history(execution, PaginationConfig={"PageSize": 5})
        self.assertEqual([event["id"] for event in events], list(range(1, 23)))
        self.assertEqual([event["type"] for event in events], [
            "ExecutionStarted", *["PassStateEntered", "PassStateExited"] * 10, "ExecutionSucceeded",
        ])
        self.assertEqual(events[0]["previousEventId"], 0)
        self.assertTrue(all(event["previousEventId"] == event["id"] - 1 for event in events[2:]))
        self.assertEqual(events[1]["stateEnteredEventDetails"], {
            "name": "S0", "input": '{"a": 1}', "inputDetails": {"truncated": False},
        })
        backwards = self.history(execution, reverseOrder=True, PaginationConfig={"PageSize": 5})
        self.assertEqual(backwards, events[::-1])
        bare = self.history(execution, includeExecutionData=False)
        self.assertNotIn("input", bare[1]["stateEnteredEventDetails"])
        self.refused(
            "InvalidToken", "Invalid Token",
            self.api.get_execution_history, executionArn=execution, nextToken="x",
        )

    def test_executions_are_listed_by_status_newest_first(self):
        machine = self.create("many", {
            "Which": {"Type": "Choice", "Choices": [
                {"Variable": "$.fail", "BooleanEquals": True, "Next": "Fail"},
                {"Variable": "$.wait", "BooleanEquals": True, "Next": "Wait"},
            ], "Default": "Pass"},
            **WAIT, **FAIL,
        })
        wanted = {"SUCCEEDED": set(), "FAILED": set(), "RUNNING": set(), "ABORTED": set()}
        for number in range(8):
            for status, value in [("SUCCEEDED", {}), ("FAILED", {"fail": True}), ("RUNNING", {"wait": True})]:
                value = {"fail": False, "wait": False, **value}
                name = f"{status.lower()}-{number}"
                wanted[status].add(self.start(machine, value, name=name))
        for execution in wanted["SUCCEEDED"] | wanted["FAILED"]:
            self.end(execution)
        aborted = sorted(wanted["RUNNING"])[:3]
        for execution in aborted:
            self.api.stop_execution(executionArn=execution)
            self.end(execution)
        wanted["RUNNING"] -= set(aborted)
        wanted["ABORTED"] = set(aborted)
        lister = self.api.get_paginator("list_executions")
        for status, arns in wanted.items():
            pages = list(lister.paginate(
                stateMachineArn=machine, statusFilter=status, PaginationConfig={"PageSize": 3}
            ))
            self.assertTrue(all(len(page["executions"]) <= 3 for page in pages))
            listed = [execution for page in pages for execution in page["executions"]]
            self.assertEqual({execution["executionArn"] for execution in listed}, arns)
            self.assertEqual(len(listed), len(arns))
            self.assertEqual({execution["status"] for execution in listed} or {status}, {status})
            self.assertTrue(all(("stopDate" in execution) == (status != "RUNNING") for execution in listed))
        everything = lister.paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 10})
        dates = [execution["startDate"] for page in everything for execution in page["executions"]]
        self.assertEqual(len(dates), 24)
        self.assertEqual(dates, sorted(dates, reverse=True))
        self.refused(
            "ValidationException", "Value 'succeeded' at 'statusFilter' failed to satisfy constraint",
            self.api.list_executions, stateMachineArn=machine, statusFilter="succeeded",
        )
        for execution in wanted["RUNNING"]:
            self.api.stop_execution(executionArn=execution)

    def test_what_does_not_exist_is_said_so(self):
        execution = execution_arn("nobody", "nothing")
        for call in [
            self.api.describe_execution, self.api.get_execution_history, self.api.stop_execution,
            self.api.describe_state_machine_for_execution,
        ]:
            raised = self.refused(
                "ExecutionDoesNotExist", f"Execution Does Not Exist: '{execution}'", call, executionArn=execution
            )
            self.assertIsInstance(raised, self.api.exceptions.ExecutionDoesNotExist)
            self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'", call, executionArn="x")
        machine = machine_arn("nobody")
        for call in [
            self.api.describe_state_machine, self.api.start_execution, self.api.list_executions,
        ]:
            self.refused(
                "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'", call,
                stateMachineArn=machine,
            )

    def test_payloads_end_at_aws_limit(self):
        machine = self.create("sized", PASS)
        fits = json.dumps({"text": "x" * (262_144 - 12)})
        self.assertEqual(len(fits), 262_144)
        ended = self.end(self.api.start_execution(stateMachineArn=machine, input=fits)["executionArn"])
        self.assertEqual(ended["output"], fits)
        with self.assertRaises(botocore.exceptions.ClientError):
            self.api.start_execution(stateMachineArn=machine, input=fits + " ")

    def test_a_second_a_hundred_times_is_still_a_second(self):
        states = {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Pass"}, **PASS}
        machine = self.create("hundred", states)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            executions = list(pool.map(lambda number: self.start(machine, {"n": number}), range(100)))
            ends = list(pool.map(self.end, executions))
        self.assertEqual({end["status"] for end in ends}, {"SUCCEEDED"})
        self.assertEqual([json.loads(end["output"])["n"] for end in ends], list(range(100)))
        for end in ends:
            took = end["stopDate"] - end["startDate"]
            self.assertGreaterEqual(took, datetime.timedelta(seconds=1))


class Callbacks(served.Case):
    """Task tokens: they come with a function's event, and go back through the API."""

    tasks = ("keep-*=tee {folder}/{name}.json",)

    def ask(self, name, **options):
        """Starts an execution that waits for its token; answers both."""
        machine = self.create(name, callback(f"keep-{name}", **options))
        execution = self.start(machine, {"question": name})
        kept = self.server.kept(f"keep-{name}.json")
        self.assertEqual(kept["input"], {"question": name})
        return execution, kept["token"]

    def test_a_success_is_the_states_result(self):
        execution, token = self.ask("success", HeartbeatSeconds=600)
        self.api.send_task_heartbeat(taskToken=token)
        self.assertEqual(self.api.describe_execution(executionArn=execution)["status"], "RUNNING")
        self.api.send_task_success(taskToken=token, output='{"answer": 42}')
        ended = self.end(execution)
        self.assertEqual((ended["status"], json.loads(ended["output"])), ("SUCCEEDED", {"answer": 42}))
        types = [event["type"] for event in self.history(execution)]
        self.assertEqual(types, [
            "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
            "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
        ])

    def test_a_failure_is_the_states_error(self):
        execution, token = self.ask("failure")
        self.api.send_task_failure(taskToken=token, error="NoIdea", cause="Ask somebody else.")
        ended = self.end(execution)
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), (
            "FAILED", "NoIdea", "Ask somebody else."
        ))

    def test_a_failure_can_be_caught(self):
        execution, token = self.ask(
            "caught", Catch=[{"ErrorEquals": ["NoIdea"], "ResultPath": "$.why", "Next": "Ask"}],
        )
        self.api.send_task_failure(taskToken=token, error="NoIdea")

        def asked_again():
            kept = self.server.kept("keep-caught.json")
            return kept if kept["token"] != token else None

        again = served.wait_for("the second question", asked_again)
        self.assertEqual(again["input"]["why"]["Error"], "NoIdea")
        self.api.send_task_success(taskToken=again["token"], output='"well"')
        self.assertEqual(self.end(execution)["output"], '"well"')

    def test_a_token_is_good_for_one_answer(self):
        execution, token = self.ask("once")
        self.api.send_task_success(taskToken=token, output="1")
        for call, arguments in [
            (self.api.send_task_success, {"output": "2"}),
            (self.api.send_task_failure, {"error": "Late"}),
            (self.api.send_task_heartbeat, {}),
        ]:
            self.refused("TaskTimedOut", "", call, taskToken=token, **arguments)
        self.assertEqual(self.end(execution)["output"], "1")

    def test_only_our_own_tokens_are_good(self):
        execution, token = self.ask("forged")
        place = len(token) // 2
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
        for wrong in ["x", forged]:
            self.refused(
                "InvalidToken", "Invalid Token", self.api.send_task_success, taskToken=wrong, output="{}"
            )
        self.refused("InvalidOutput", "", self.api.send_task_success, taskToken=token, output="{")
        self.api.send_task_success(taskToken=token, output="{}")
        self.assertEqual(self.end(execution)["status"], "SUCCEEDED")

    def test_a_question_without_an_answer_times_out(self):
        execution, token = self.ask("silent", TimeoutSeconds=1)
        ended = self.end(execution)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "States.Timeout"))
        self.assertIn("TaskTimedOut", [event["type"] for event in self.history(execution)])
        self.refused("TaskTimedOut", "", self.api.send_task_success, taskToken=token, output="{}")

    def test_silence_is_not_taken_for_work(self):
        execution, _ = self.ask("still", HeartbeatSeconds=1)
        ended = self.end(execution)
        # Its own name is for catchers; AWS records this one.
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "States.Timeout"))


class Restarts(served.Case):
    """What was answered is there after a restart."""

    tasks = ("keep-*=tee {folder}/{name}.json",)

    def test_a_server_can_be_stopped_and_killed_at_any_time(self):
        machine = self.create("kept", callback("keep-kept"))
        execution = self.start(machine)
        token = self.server.kept("keep-kept.json")["token"]
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.connect()
        waiting = self.start(self.create("waits", WAIT), {"n": 1})
        self.server.kill()
        self.server.start()
        self.connect()
        self.api.send_task_success(taskToken=token, output='"still here"')
        self.assertEqual(self.end(execution)["output"], '"still here"')
        self.assertEqual(self.api.describe_execution(executionArn=waiting)["status"], "RUNNING")
        names = [one["name"] for one in self.api.list_state_machines()["stateMachines"]]
        self.assertEqual(sorted(names), ["kept", "waits"])


class Protocol(served.Case):
    """What no SDK sends."""

    def post(self, body, target="AWSStepFunctions.ListStateMachines", method="POST"):
        request = urllib.request.Request(self.server.url, data=body, method=method, headers={
            "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0",
        })
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def test_a_body_that_is_wrong_is_refused(self):
        for body, code in [
            (b"{", "SerializationException"),
            (b"[]", "SerializationException"),
            (b'{"maxResults": "many"}', "SerializationException"),
            (b"\xff\xfe", "SerializationException"),
            (b'{"maxResults": 1}' + b" " * 2_000_000, None),
        ]:
            status, answer = self.post(body)
            self.assertGreaterEqual(status, 400, body[:40])
            if code:
                self.assertEqual(answer["__type"].split("#")[-1], code, body[:40])
        self.assertEqual(self.post(b"{}")[0], 200)

    def test_operations_that_there_are_not_are_named(self):
        self.assertEqual(self.post(b"{}", "AWSStepFunctions.MakeCoffee")[0], 400)
        self.assertEqual(self.post(b"{}", "")[0], 400)

    def test_deep_json_is_no_danger(self):
        for body in [b"[" * 400_000, b'{"a":' * 100_000]:
            self.assertGreaterEqual(self.post(body)[0], 400)
        definition = '{"StartAt": "A", "States": ' * 5_000
        self.assertEqual(self.post(
            json.dumps({"name": "deep", "roleArn": ROLE, "definition": definition}).encode(),
            "AWSStepFunctions.CreateStateMachine",
        )[1]["__type"].split("#")[-1], "InvalidDefinition")
        self.assertEqual(self.post(b"{}")[0], 200)

    def test_clients_that_leave_harm_nobody(self):
        host, port = self.server.url.removeprefix("http://").split(":")
        for start in [b"", b"POST / HTT", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b"\x16\x03\x01" * 100]:
            with socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(start)
        self.assertEqual(self.post(b"{}")[0], 200)


if __name__ == "__main__":
    unittest.main()
