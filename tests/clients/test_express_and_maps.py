"""boto3 and the AWS CLI through StartSyncExecution, TestState and Map Runs.

Both SDKs put `sync-` before the host of the first two, which `127.0.0.1` has no room for: a setting switches that off.
"""

import json
import unittest

import boto3
import botocore.config

import served
from served import FAIL, PASS, REGION, ROLE


class Express(served.Case):
    """Executions that their callers wait for."""

    @classmethod
    def connect(cls):
        super().connect()
        config = botocore.config.Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
        cls.sync = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        ).client("stepfunctions", endpoint_url=cls.server.url, config=config)
        cls.addClassCleanup(cls.sync.close)

    def express(self, name, states):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        created = self.sync.create_state_machine(name=name, definition=definition, roleArn=ROLE, type="EXPRESS")
        return created["stateMachineArn"]

    def test_it_runs_while_its_caller_waits(self):
        machine = self.express("sync", PASS)
        ran = self.sync.start_sync_execution(
            stateMachineArn=machine, name="one", input='{"a": 1}', traceHeader="Root=1-67891233-abcdef012345678912345678"
        )
        self.assertEqual((ran["status"], ran["output"], ran["name"]), ("SUCCEEDED", '{"a": 1}', "one"))
        self.assertIn(":express:sync:one:", ran["executionArn"])
        self.assertEqual(ran["billingDetails"], {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100})
        self.assertEqual(ran["traceHeader"], "Root=1-67891233-abcdef012345678912345678")
        self.assertGreaterEqual(ran["stopDate"], ran["startDate"])
        self.assertEqual((ran["inputDetails"], ran["outputDetails"]), ({"included": True}, {"included": True}))
        self.refused(
            "InvalidArn", "Resource type not valid in this context: express",
            self.sync.describe_execution, executionArn=ran["executionArn"],
        )

    def test_a_failure_is_an_answer(self):
        failed = self.sync.start_sync_execution(stateMachineArn=self.express("fails", FAIL))
        self.assertEqual((failed["status"], failed["error"], failed["cause"]), ("FAILED", "Broken", "It is meant to be."))
        self.assertNotIn("output", failed)
        hidden = self.sync.start_sync_execution(stateMachineArn=self.express("hides", PASS), includedData="METADATA_ONLY")
        self.assertNotIn("output", hidden)
        self.assertEqual(hidden["outputDetails"], {"included": False})

    def test_only_express_machines_run_so(self):
        self.refused(
            "StateMachineTypeNotSupported", "not supported by this type",
            self.sync.start_sync_execution, stateMachineArn=self.create("standard", PASS),
        )
        self.refused(
            "StateMachineTypeNotSupported", "not supported by this type",
            self.sync.list_executions, stateMachineArn=self.express("unlisted", PASS),
        )

    def test_a_state_is_tried_out(self):
        tested = self.sync.test_state(
            definition=json.dumps({"Type": "Pass", "Parameters": {"b.$": "$.a"}, "End": True}), roleArn=ROLE,
            input='{"a": 7}', inspectionLevel="DEBUG",
        )
        self.assertEqual((tested["status"], json.loads(tested["output"])), ("SUCCEEDED", {"b": 7}))
        self.assertEqual(json.loads(tested["inspectionData"]["afterParameters"]), {"b": 7})

    def test_the_cli_runs_and_tries_too(self):
        machine = self.express("by-cli", PASS)
        variables = {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
        code, ran, said = self.server.cli(
            "start-sync-execution", "--state-machine-arn", machine, "--input", "[1]", variables=variables
        )
        self.assertEqual((code, ran and ran["output"]), (0, "[1]"), said)
        definition = json.dumps({"Type": "Succeed"})
        code, tested, said = self.server.cli(
            "test-state", "--definition", definition, "--role-arn", ROLE, "--input", "[2]", variables=variables
        )
        self.assertEqual((code, tested and tested["output"]), (0, "[2]"), said)


class MapRuns(served.Case):
    """A Distributed Map from its start over a failure and a redrive to its end."""

    def distributed(self, name, wait_secs=0):
        choice = {"Type": "Choice", "Default": "Lost", "Choices": [{"Variable": "$", "NumericGreaterThan": 0, "Next": "Rest"}]}
        states = {"Good": choice, "Rest": {"Type": "Wait", "Seconds": wait_secs, "End": True}, "Lost": FAIL["Fail"]}
        processor = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Good", "States": states,
        }
        each = {"Type": "Map", "ItemProcessor": processor, "Label": "Items", "MaxConcurrency": 2, "End": True}
        return self.create(name, {"Each": each})

    def map_run(self, execution):
        def look():
            runs = self.api.list_map_runs(executionArn=execution)["mapRuns"]
            return runs[0] if runs else None

        return served.wait_for(f"a Map Run of {execution}", look)

    def test_a_map_run_is_described_changed_and_stopped(self):
        machine = self.distributed("changed", wait_secs=3600)
        execution = self.api.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"]
        listed = self.map_run(execution)
        arn = listed["mapRunArn"]
        self.assertEqual((listed["executionArn"], listed["stateMachineArn"]), (execution, f"{machine}/Items"))

        def look():
            described = self.api.describe_map_run(mapRunArn=arn)
            return described if described["executionCounts"]["running"] == 2 else None

        described = served.wait_for("two running children", look)
        self.assertEqual((described["status"], described["maxConcurrency"]), ("RUNNING", 2))
        self.assertEqual((described["itemCounts"]["total"], described["itemCounts"]["pending"]), (3, 1))
        self.api.update_map_run(mapRunArn=arn, maxConcurrency=3, toleratedFailurePercentage=50.5)
        changed = self.api.describe_map_run(mapRunArn=arn)
        self.assertEqual((changed["maxConcurrency"], changed["toleratedFailurePercentage"]), (3, 50.5))
        children = self.api.list_executions(mapRunArn=arn, maxResults=1)
        [child] = children["executions"]
        self.assertEqual((child["mapRunArn"], child["stateMachineArn"]), (arn, f"{machine}/Items"))
        self.assertIn("nextToken", children)
        self.api.stop_execution(executionArn=execution)
        self.assertEqual(self.end(execution)["status"], "ABORTED")
        served.wait_for("the Map Run's end", lambda: self.api.describe_map_run(mapRunArn=arn)["status"] == "ABORTED" or None)
        self.refused(
            "ValidationException", "Map Run is completed and cannot be updated.",
            self.api.update_map_run, mapRunArn=arn, maxConcurrency=1,
        )

    def test_only_the_children_that_failed_run_again(self):
        machine = self.distributed("redriven")
        execution = self.api.start_execution(stateMachineArn=machine, input="[1, 0, 2]")["executionArn"]
        failed = self.end(execution)
        self.assertEqual((failed["status"], failed["error"]), ("FAILED", "States.ExceedToleratedFailureThreshold"))
        arn = self.map_run(execution)["mapRunArn"]
        self.api.redrive_execution(executionArn=execution)
        again = self.end(execution)
        self.assertEqual((again["status"], again["redriveCount"]), ("FAILED", 1))
        described = self.api.describe_map_run(mapRunArn=arn)
        self.assertEqual((described["status"], described["redriveCount"]), ("FAILED", 1))
        self.assertEqual((described["itemCounts"]["succeeded"], described["itemCounts"]["failed"]), (2, 1))
        failed = self.api.list_executions(mapRunArn=arn, statusFilter="FAILED")["executions"]
        self.assertEqual([child["redriveCount"] for child in failed], [1])
        types = [event["type"] for event in self.history(execution)]
        self.assertIn("MapRunRedriven", types)

    def test_the_cli_lists_and_describes_them(self):
        machine = self.distributed("by-cli")
        execution = self.api.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
        self.assertEqual(self.end(execution)["output"], "[1,2]")
        code, listed, said = self.server.cli("list-map-runs", "--execution-arn", execution)
        self.assertEqual(code, 0, said)
        arn = listed["mapRuns"][0]["mapRunArn"]
        code, described, said = self.server.cli("describe-map-run", "--map-run-arn", arn)
        self.assertEqual((code, described and described["status"]), (0, "SUCCEEDED"), said)
        code, children, said = self.server.cli("list-executions", "--map-run-arn", arn)
        self.assertEqual((code, len(children["executions"])), (0, 2), said)
        code, _, said = self.server.cli("update-map-run", "--map-run-arn", arn, "--max-concurrency", "1")
        self.assertIn("cannot be updated", said)


if __name__ == "__main__":
    unittest.main()
