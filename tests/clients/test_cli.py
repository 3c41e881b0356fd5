"""The AWS CLI, unchanged, through every operation that Baton answers: with an endpoint in the environment, as people use it."""

import json
import unittest

import served
from served import FAIL, PASS, ROLE, WAIT, callback, execution_arn, machine_arn


class Cli(served.Case):
    """Each test is a short session at a terminal."""

    tasks = ("keep-*=tee {folder}/{name}.json",)

    def run_cli(self, *arguments):
        code, answer, said = self.server.cli(*arguments)
        self.assertEqual(code, 0, said)
        return answer

    def refused_cli(self, code, message, *arguments):
        exit_code, answer, said = self.server.cli(*arguments)
        # Version 2 of the CLI says 254 to an error of the service, version 1 255.
        self.assertIn(exit_code, (254, 255), said)
        self.assertIsNone(answer)
        self.assertIn(f"({code})", said)
        self.assertIn(message, said)

    def definition(self, states):
        return json.dumps({"StartAt": next(iter(states)), "States": states})

    def test_a_state_machine_from_its_creation_to_its_deletion(self):
        arn = machine_arn("life")
        created = self.run_cli(
            "create-state-machine", "--name", "life", "--role-arn", ROLE, "--definition", self.definition(PASS)
        )
        self.assertEqual(created["stateMachineArn"], arn)
        described = self.run_cli("describe-state-machine", "--state-machine-arn", arn)
        self.assertEqual((described["name"], described["status"]), ("life", "ACTIVE"))
        self.assertEqual(described["definition"], self.definition(PASS))
        self.run_cli("update-state-machine", "--state-machine-arn", arn, "--definition", self.definition(FAIL))
        names = [machine["name"] for machine in self.run_cli("list-state-machines")["stateMachines"]]
        self.assertIn("life", names)
        checked = self.run_cli("validate-state-machine-definition", "--definition", self.definition(FAIL))
        self.assertEqual(checked["result"], "OK")
        self.run_cli("delete-state-machine", "--state-machine-arn", arn)
        self.refused_cli(
            "StateMachineDoesNotExist", "State Machine Does Not Exist",
            "start-execution", "--state-machine-arn", arn,
        )

    def test_an_execution_from_its_start_to_its_history(self):
        machine = self.create("history", PASS)
        started = self.run_cli(
            "start-execution", "--state-machine-arn", machine, "--name", "one", "--input", '{"a": 1}'
        )
        arn = started["executionArn"]
        self.assertEqual(arn, execution_arn("history", "one"))
        self.end(arn)
        described = self.run_cli("describe-execution", "--execution-arn", arn)
        self.assertEqual((described["status"], described["output"]), ("SUCCEEDED", '{"a": 1}'))
        used = self.run_cli("describe-state-machine-for-execution", "--execution-arn", arn)
        self.assertEqual(used["stateMachineArn"], machine)
        # The CLI puts pages together by itself.
        for paging in ([], ["--page-size", "1"]):
            events = self.run_cli("get-execution-history", "--execution-arn", arn, *paging)["events"]
            self.assertEqual([event["type"] for event in events], [
                "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
            ])
        newest = self.run_cli(
            "get-execution-history", "--execution-arn", arn, "--reverse-order", "--no-include-execution-data",
            "--max-items", "1",
        )
        self.assertEqual([event["type"] for event in newest["events"]], ["ExecutionSucceeded"])
        self.assertNotIn("output", newest["events"][0]["executionSucceededEventDetails"])
        self.assertIn("NextToken", newest)

    def test_executions_are_listed_and_stopped(self):
        machine = self.create("stops", WAIT)
        arns = [self.start(machine, name=f"wait-{number}") for number in range(3)]
        listing = ["list-executions", "--state-machine-arn", machine, "--status-filter"]
        running = self.run_cli(*listing, "RUNNING", "--page-size", "2")["executions"]
        self.assertEqual([execution["executionArn"] for execution in running], arns[::-1])
        for arn in arns:
            self.run_cli("stop-execution", "--execution-arn", arn, "--error", "Enough", "--cause", "No more.")
        aborted = self.run_cli(*listing, "ABORTED")["executions"]
        self.assertEqual({execution["executionArn"] for execution in aborted}, set(arns))
        self.assertEqual(self.run_cli(*listing, "RUNNING")["executions"], [])

    def test_an_activity_and_a_redrive(self):
        activity = self.run_cli("create-activity", "--name", "work")["activityArn"]
        self.assertEqual(self.run_cli("describe-activity", "--activity-arn", activity)["name"], "work")
        self.assertEqual(len(self.run_cli("list-activities")["activities"]), 1)
        machine = self.create("works", {"Work": {"Type": "Task", "Resource": activity, "End": True}})
        execution = self.start(machine)
        poll = ["get-activity-task", "--activity-arn", activity, "--worker-name", "cli"]
        first = self.run_cli(*poll)["taskToken"]
        self.run_cli("send-task-heartbeat", "--task-token", first)
        self.run_cli("send-task-failure", "--task-token", first, "--error", "Broken")
        self.assertEqual(self.end(execution)["error"], "Broken")
        self.assertIn("redriveDate", self.run_cli("redrive-execution", "--execution-arn", execution))
        second = self.run_cli(*poll)["taskToken"]
        self.run_cli("send-task-success", "--task-token", second, "--task-output", "7")
        self.assertEqual(self.end(execution)["output"], "7")
        self.run_cli("delete-activity", "--activity-arn", activity)
        self.refused_cli("ActivityDoesNotExist", "Activity Does Not Exist", *poll)

    def test_versions_aliases_and_tags(self):
        machine = self.create("published", PASS)
        version = self.run_cli("publish-state-machine-version", "--state-machine-arn", machine)["stateMachineVersionArn"]
        routing = f"stateMachineVersionArn={version},weight=100"
        alias = self.run_cli("create-state-machine-alias", "--name", "live", "--routing-configuration", routing)
        alias = alias["stateMachineAliasArn"]
        self.run_cli("update-state-machine-alias", "--state-machine-alias-arn", alias, "--description", "d")
        described = self.run_cli("describe-state-machine-alias", "--state-machine-alias-arn", alias)
        self.assertEqual(described["description"], "d")
        for what in ("versions", "aliases"):
            self.assertTrue(self.run_cli(f"list-state-machine-{what}", "--state-machine-arn", machine))
        self.run_cli("tag-resource", "--resource-arn", machine, "--tags", "key=k,value=v")
        self.assertEqual(self.run_cli("list-tags-for-resource", "--resource-arn", machine)["tags"], [{"key": "k", "value": "v"}])
        self.run_cli("untag-resource", "--resource-arn", machine, "--tag-keys", "k")
        self.run_cli("delete-state-machine-alias", "--state-machine-alias-arn", alias)
        self.run_cli("delete-state-machine-version", "--state-machine-version-arn", version)

    def test_callbacks_are_answered(self):
        machine = self.create("asks", callback("keep-asks"))
        for answer, status in [
            (["send-task-success", "--task-output", '{"approved": true}'], "SUCCEEDED"),
            (["send-task-failure", "--error", "No", "--cause", "Not today."], "FAILED"),
        ]:
            execution = self.start(machine, {"status": status})

            def asked():
                kept = self.server.kept("keep-asks.json")
                return kept["token"] if kept["input"] == {"status": status} else None

            token = served.wait_for("the question", asked)
            self.run_cli("send-task-heartbeat", "--task-token", token)
            self.run_cli(*answer, "--task-token", token)
            self.assertEqual(self.end(execution)["status"], status)
        self.refused_cli(
            "InvalidToken", "Invalid Token", "send-task-success", "--task-token", "x", "--task-output", "{}"
        )

    def test_errors_are_those_of_aws(self):
        arn = execution_arn("nobody", "nothing")
        self.refused_cli(
            "ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'",
            "describe-execution", "--execution-arn", arn,
        )
        self.refused_cli(
            "InvalidDefinition", "MISSING_TRANSITION_TARGET",
            "create-state-machine", "--name", "wrong", "--role-arn", ROLE,
            "--definition", json.dumps({"StartAt": "Nowhere", "States": PASS}),
        )


if __name__ == "__main__":
    unittest.main()
