// The AWS SDK for JavaScript, version 3, through what it takes to live with Baton. Exits with 0 if all is as it should be.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { createRequire } = require("node:module");

const [url, packages] = process.argv.slice(2);
const sfn = createRequire(path.join(packages, "package.json"))("@aws-sdk/client-sfn");

const client = new sfn.SFNClient({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "333333333333", secretAccessKey: "test" },
  // TestState and StartSyncExecution would go to a host named sync-….
  disableHostPrefix: true,
  maxAttempts: 1,
});
const roleArn = "arn:aws:iam::333333333333:role/r";
const call = (name, input) => client.send(new sfn[`${name}Command`](input));

async function refused(name, input, code) {
  await assert.rejects(call(name, input), (error) => {
    assert.equal(error.name, code);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.ok(error.message);
    return true;
  });
}

async function ended(executionArn) {
  for (let look = 0; look < 600; look += 1) {
    const described = await call("DescribeExecution", { executionArn });
    if (described.status !== "RUNNING") return described;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${executionArn} does not end`);
}

async function create(name, states, more = {}) {
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  return call("CreateStateMachine", { name, definition, roleArn, ...more });
}

async function machines() {
  const { stateMachineArn, creationDate } = await create("m", { A: { Type: "Pass", End: true } });
  assert.ok(creationDate instanceof Date);
  const described = await call("DescribeStateMachine", { stateMachineArn });
  assert.equal(described.status, "ACTIVE");
  const definition = JSON.stringify({ StartAt: "F", States: { F: { Type: "Fail", Error: "E" } } });
  await call("UpdateStateMachine", { stateMachineArn, definition });
  await call("UpdateStateMachine", { stateMachineArn, definition: described.definition });
  const { stateMachineVersionArn } = await call("PublishStateMachineVersion", { stateMachineArn });
  const routes = [{ stateMachineVersionArn, weight: 100 }];
  const { stateMachineAliasArn } = await call("CreateStateMachineAlias", { name: "live", routingConfiguration: routes });
  await call("UpdateStateMachineAlias", { stateMachineAliasArn, description: "d" });
  assert.equal((await call("DescribeStateMachineAlias", { stateMachineAliasArn })).description, "d");
  assert.equal((await call("ListStateMachineAliases", { stateMachineArn })).stateMachineAliases.length, 1);
  assert.equal((await call("ListStateMachineVersions", { stateMachineArn })).stateMachineVersions.length, 1);
  await call("TagResource", { resourceArn: stateMachineArn, tags: [{ key: "k", value: "v" }] });
  assert.equal((await call("ListTagsForResource", { resourceArn: stateMachineArn })).tags[0].value, "v");
  await call("UntagResource", { resourceArn: stateMachineArn, tagKeys: ["k"] });
  let names = [];
  for await (const page of sfn.paginateListStateMachines({ client, pageSize: 1 }, {})) {
    names = names.concat(page.stateMachines.map((machine) => machine.name));
  }
  assert.deepEqual(names, ["m"]);
  assert.equal((await call("ValidateStateMachineDefinition", { definition: "{}" })).result, "FAIL");
  const tried = await call("TestState", { definition: JSON.stringify({ Type: "Pass", End: true }), input: "7" });
  assert.equal(tried.output, "7");
  return { stateMachineArn, stateMachineVersionArn, stateMachineAliasArn };
}

async function executions({ stateMachineAliasArn, stateMachineArn }) {
  const { executionArn } = await call("StartExecution", { stateMachineArn: stateMachineAliasArn, input: "[1]" });
  assert.equal((await ended(executionArn)).output, "[1]");
  await call("DescribeStateMachineForExecution", { executionArn });
  const { events } = await call("GetExecutionHistory", { executionArn, reverseOrder: true });
  assert.equal(events[0].type, "ExecutionSucceeded");
  const listed = await call("ListExecutions", { stateMachineArn, statusFilter: "SUCCEEDED" });
  assert.equal(listed.executions[0].executionArn, executionArn);
  await refused("RedriveExecution", { executionArn }, "ExecutionNotRedrivable");
  await refused("StopExecution", { executionArn: `${executionArn}x` }, "ExecutionDoesNotExist");
}

async function activities() {
  const { activityArn } = await call("CreateActivity", { name: "a" });
  assert.equal((await call("DescribeActivity", { activityArn })).name, "a");
  assert.equal((await call("ListActivities", {})).activities.length, 1);
  const { stateMachineArn } = await create("work", { W: { Type: "Task", Resource: activityArn, End: true } });
  const { executionArn } = await call("StartExecution", { stateMachineArn });
  const first = await call("GetActivityTask", { activityArn, workerName: "w" });
  await call("SendTaskHeartbeat", { taskToken: first.taskToken });
  await call("SendTaskFailure", { taskToken: first.taskToken, error: "E" });
  assert.equal((await ended(executionArn)).error, "E");
  const { redriveDate } = await call("RedriveExecution", { executionArn });
  assert.ok(redriveDate instanceof Date);
  const second = await call("GetActivityTask", { activityArn });
  await call("SendTaskSuccess", { taskToken: second.taskToken, output: "7" });
  assert.equal((await ended(executionArn)).output, "7");
  const { executionArn: stopped } = await call("StartExecution", { stateMachineArn });
  await call("StopExecution", { executionArn: stopped, error: "S" });
  assert.equal((await ended(stopped)).status, "ABORTED");
  await call("DeleteActivity", { activityArn });
  await refused("GetActivityTask", { activityArn }, "ActivityDoesNotExist");
}

async function express() {
  const { stateMachineArn } = await create("fast", { A: { Type: "Pass", End: true } }, { type: "EXPRESS" });
  const ran = await call("StartSyncExecution", { stateMachineArn, input: "[3]" });
  assert.deepEqual([ran.status, ran.output], ["SUCCEEDED", "[3]"]);
  assert.deepEqual(ran.billingDetails, { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: 100 });
  assert.ok(ran.startDate instanceof Date && ran.stopDate instanceof Date);
  const { stateMachineArn: standard } = await create("slow", { A: { Type: "Pass", End: true } });
  await refused("StartSyncExecution", { stateMachineArn: standard }, "StateMachineTypeNotSupported");
  await call("DeleteStateMachine", { stateMachineArn });
  await call("DeleteStateMachine", { stateMachineArn: standard });
}

async function mapRuns() {
  const processor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    StartAt: "A",
    States: { A: { Type: "Pass", End: true } },
  };
  const { stateMachineArn } = await create("each", { Each: { Type: "Map", ItemProcessor: processor, Label: "Items", End: true } });
  const { executionArn } = await call("StartExecution", { stateMachineArn, input: "[1,2]" });
  assert.equal((await ended(executionArn)).output, "[1,2]");
  const { mapRuns: listed } = await call("ListMapRuns", { executionArn });
  const { mapRunArn } = listed[0];
  const described = await call("DescribeMapRun", { mapRunArn });
  assert.deepEqual([described.status, described.itemCounts.succeeded], ["SUCCEEDED", 2]);
  assert.ok(described.stopDate instanceof Date);
  const { executions: children } = await call("ListExecutions", { mapRunArn });
  assert.deepEqual(children.map((child) => child.mapRunArn), [mapRunArn, mapRunArn]);
  await refused("UpdateMapRun", { mapRunArn, maxConcurrency: 1 }, "ValidationException");
}

async function main() {
  const made = await machines();
  await executions(made);
  await activities();
  await express();
  await mapRuns();
  await call("DeleteStateMachineAlias", { stateMachineAliasArn: made.stateMachineAliasArn });
  await call("DeleteStateMachineVersion", { stateMachineVersionArn: made.stateMachineVersionArn });
  await call("DeleteStateMachine", { stateMachineArn: made.stateMachineArn });
  await refused("DescribeStateMachine", { stateMachineArn: made.stateMachineArn }, "StateMachineDoesNotExist");
  client.destroy();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
