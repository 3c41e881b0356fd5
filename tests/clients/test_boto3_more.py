"""boto3, through activities, redrive, versions, aliases and tags, and from several accounts and regions."""

import concurrent.futures
import json
import time
import unittest

import boto3
import botocore.config

import served
from served import FAIL, PASS, ROLE, WAIT


class Activities(served.Case):
    """Workers that fetch their tasks."""

    def activity(self, name):
        return self.api.create_activity(name=name)["activityArn"]

    def machine(self, name, activity, **options):
        return self.create(name, {"Do": {"Type": "Task", "Resource": activity, "End": True, **options}})

    def test_an_activity_from_its_creation_to_its_deletion(self):
        activity = self.activity("kept")
        self.assertEqual(self.activity("kept"), activity)
        described = self.api.describe_activity(activityArn=activity)
        self.assertEqual((described["name"], described["encryptionConfiguration"]), ("kept", {"type": "AWS_OWNED_KEY"}))
        self.api.tag_resource(resourceArn=activity, tags=[{"key": "a", "value": "b"}])
        self.assertEqual(self.api.list_tags_for_resource(resourceArn=activity)["tags"], [{"key": "a", "value": "b"}])
        self.api.untag_resource(resourceArn=activity, tagKeys=["a"])
        self.assertEqual(self.api.list_tags_for_resource(resourceArn=activity)["tags"], [])
        pages = self.api.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 1})
        self.assertIn("kept", [item["name"] for page in pages for item in page["activities"]])
        self.api.delete_activity(activityArn=activity)
        self.api.delete_activity(activityArn=activity)
        self.refused("ActivityDoesNotExist", activity, self.api.describe_activity, activityArn=activity)
        self.refused("ActivityDoesNotExist", activity, self.api.get_activity_task, activityArn=activity)

    def test_a_worker_does_a_task(self):
        activity = self.activity("done")
        execution = self.start(self.machine("done", activity, HeartbeatSeconds=60), {"n": 1})
        task = self.api.get_activity_task(activityArn=activity, workerName="worker")
        self.assertEqual(json.loads(task["input"]), {"n": 1})
        self.api.send_task_heartbeat(taskToken=task["taskToken"])
        self.api.send_task_success(taskToken=task["taskToken"], output='{"n": 2}')
        self.assertEqual(json.loads(self.end(execution)["output"]), {"n": 2})
        events = {event["type"]: event for event in self.history(execution)}
        self.assertEqual(events["ActivityStarted"]["activityStartedEventDetails"], {"workerName": "worker"})
        self.refused("TaskTimedOut", "", self.api.send_task_failure, taskToken=task["taskToken"])

    def test_waiting_workers_are_woken_and_each_task_is_done_once(self):
        activity = self.activity("many")
        machine = self.machine("many", activity)

        def work(_):
            task = self.api.get_activity_task(activityArn=activity)
            self.api.send_task_success(taskToken=task["taskToken"], output=task["input"])
            return json.loads(task["input"])["n"], time.monotonic()

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            working = [pool.submit(work, number) for number in range(16)]
            time.sleep(0.5)
            begun = time.monotonic()
            executions = [self.start(machine, {"n": number}) for number in range(16)]
            done = [future.result(30) for future in working]
        self.assertEqual(sorted(number for number, _ in done), list(range(16)))
        self.assertLess(max(at for _, at in done) - begun, 10)
        self.assertEqual({self.end(execution)["status"] for execution in executions}, {"SUCCEEDED"})

    def test_a_task_that_was_handed_out_survives_the_server(self):
        server = served.Server()
        self.addCleanup(server.close)
        api = server.boto3()
        activity = api.create_activity(name="kept")["activityArn"]
        definition = json.dumps({"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": activity, "End": True}}})
        machine = api.create_state_machine(name="kept", definition=definition, roleArn=ROLE)["stateMachineArn"]
        executions = [api.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2)]
        first = api.get_activity_task(activityArn=activity)
        server.kill()
        server.drain.join()
        server.start()
        api = server.boto3()
        second = api.get_activity_task(activityArn=activity)
        self.assertNotEqual(first["taskToken"], second["taskToken"])
        for task in (first, second):
            api.send_task_success(taskToken=task["taskToken"], output="1")
        for execution in executions:
            served.wait_for("its end", lambda: api.describe_execution(executionArn=execution)["status"] == "SUCCEEDED" or None)


class Redrive(served.Case):
    """What failed goes on."""

    def test_a_failed_execution_goes_on_and_fails_again(self):
        machine = self.create("redriven", FAIL)
        execution = self.start(machine)
        self.assertEqual(self.end(execution)["redriveStatus"], "REDRIVABLE")
        redriven = self.api.redrive_execution(executionArn=execution, clientToken="once")["redriveDate"]
        described = self.end(execution)
        self.assertEqual((described["redriveCount"], described["redriveDate"]), (1, redriven))
        again = self.api.redrive_execution(executionArn=execution, clientToken="once")["redriveDate"]
        self.assertEqual(again, redriven)
        types = [event["type"] for event in self.history(execution)]
        self.assertEqual(types[-2:], ["ExecutionRedriven", "ExecutionFailed"])
        listed = self.api.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
        self.assertEqual([item["redriveCount"] for item in listed], [1])

    def test_only_the_branch_that_failed_runs_again(self):
        activity = self.api.create_activity(name="branch")["activityArn"]
        task = {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": activity, "End": True}}}
        good = {"StartAt": "Pass", "States": PASS}
        machine = self.create("branches", {"Both": {"Type": "Parallel", "Branches": [good, task], "End": True}})
        execution = self.start(machine, {"n": 1})
        first = self.api.get_activity_task(activityArn=activity)
        self.api.send_task_failure(taskToken=first["taskToken"], error="Broken")
        self.assertEqual(self.end(execution)["status"], "FAILED")
        self.api.redrive_execution(executionArn=execution)
        second = self.api.get_activity_task(activityArn=activity)
        self.refused("TaskTimedOut", "", self.api.send_task_success, taskToken=first["taskToken"], output="1")
        self.api.send_task_success(taskToken=second["taskToken"], output="7")
        self.assertEqual(json.loads(self.end(execution)["output"]), [{"n": 1}, 7])
        types = [event["type"] for event in self.history(execution)]
        self.assertEqual((types.count("PassStateEntered"), types.count("ActivityScheduled")), (1, 2))

    def test_a_redriven_execution_survives_the_server(self):
        server = served.Server()
        self.addCleanup(server.close)
        api = server.boto3()
        definition = json.dumps({"StartAt": "Wait", "States": WAIT})
        machine = api.create_state_machine(name="kept", definition=definition, roleArn=ROLE)["stateMachineArn"]
        execution = api.start_execution(stateMachineArn=machine)["executionArn"]
        api.stop_execution(executionArn=execution)
        api.redrive_execution(executionArn=execution)
        server.kill()
        server.drain.join()
        server.start()
        described = server.boto3().describe_execution(executionArn=execution)
        self.assertEqual((described["status"], described["redriveCount"]), ("RUNNING", 1))

    def test_what_cannot_be_redriven_says_why(self):
        execution = self.start(self.create("good", PASS))
        self.end(execution)
        self.refused(
            "ExecutionNotRedrivable", "Execution is SUCCEEDED and cannot be redriven",
            self.api.redrive_execution, executionArn=execution,
        )


class Versions(served.Case):
    """Versions and aliases."""

    def test_versions_and_aliases(self):
        machine = self.create("published", PASS)
        first = self.api.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        definition = json.dumps({"StartAt": "Fail", "States": FAIL})
        second = self.api.update_state_machine(stateMachineArn=machine, definition=definition, publish=True)
        second = second["stateMachineVersionArn"]
        listed = self.api.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
        self.assertEqual([item["stateMachineVersionArn"] for item in listed], [second, first])
        routing = [{"stateMachineVersionArn": first, "weight": 100}]
        alias = self.api.create_state_machine_alias(name="live", routingConfiguration=routing)["stateMachineAliasArn"]
        execution = self.start(alias)
        described = self.end(execution)
        self.assertEqual((described["stateMachineAliasArn"], described["status"]), (alias, "SUCCEEDED"))
        routing = [{"stateMachineVersionArn": second, "weight": 100}]
        self.api.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routing)
        self.assertEqual(self.end(self.start(alias))["status"], "FAILED")
        listed = self.api.list_executions(stateMachineArn=alias)["executions"]
        self.assertEqual(len(listed), 2)
        described = self.api.describe_state_machine_alias(stateMachineAliasArn=alias)
        self.assertEqual(described["routingConfiguration"], routing)
        aliases = self.api.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"]
        self.assertEqual([item["stateMachineAliasArn"] for item in aliases], [alias])
        self.refused(
            "ConflictException", "must not be referenced by an alias",
            self.api.delete_state_machine_version, stateMachineVersionArn=second,
        )
        self.api.delete_state_machine_alias(stateMachineAliasArn=alias)
        self.api.delete_state_machine_version(stateMachineVersionArn=second)


class Worlds(served.Case):
    """Each account and region is a world of its own."""

    def client(self, account, region):
        config = botocore.config.Config(retries={"total_max_attempts": 1})
        client = boto3.session.Session(
            aws_access_key_id=account, aws_secret_access_key="test", region_name=region
        ).client("stepfunctions", endpoint_url=self.server.url, config=config)
        self.addCleanup(client.close)
        return client

    def test_what_one_has_another_does_not(self):
        definition = json.dumps({"StartAt": "Pass", "States": PASS})
        places = [("111111111111", "us-east-1"), ("111111111111", "eu-west-1"), ("222222222222", "us-east-1")]
        machines = []
        for account, region in places:
            api = self.client(account, region)
            machine = api.create_state_machine(name="same", definition=definition, roleArn=ROLE)["stateMachineArn"]
            self.assertEqual(machine, f"arn:aws:states:{region}:{account}:stateMachine:same")
            execution = api.start_execution(stateMachineArn=machine, name="x")["executionArn"]
            served.wait_for("its end", lambda: api.describe_execution(executionArn=execution)["status"] != "RUNNING" or None)
            machines.append(machine)
        for (account, region), machine in zip(places, machines):
            api = self.client(account, region)
            listed = api.list_state_machines()["stateMachines"]
            self.assertEqual([item["stateMachineArn"] for item in listed], [machine])
            for other in machines:
                if other != machine:
                    with self.assertRaises(api.exceptions.StateMachineDoesNotExist):
                        api.describe_state_machine(stateMachineArn=other)
        self.assertNotIn("same", [item["name"] for item in self.api.list_state_machines()["stateMachines"]])


if __name__ == "__main__":
    unittest.main()
