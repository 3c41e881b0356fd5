use super::*;

#[test]
fn names_are_given_once() {
    let mut names: Vec<String> = names().collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[cfg(feature = "aws-sdk")]
mod with_models {
    use super::*;
    use crate::lambda::tests::response;
    use baton_asl::Resource;
    use expect_test::{Expect, expect};
    use serde_json::json;

    const ORIGIN: Origin<'_> = Origin {
        execution_arn: "arn:aws:states:us-east-1:1:execution:m:e",
        machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m",
        attempt: 7,
    };

    fn resource(text: &str) -> ServiceResource {
        let Ok(Resource::Service(service)) = Resource::parse(&format!("arn:aws:states:::{text}"))
        else {
            panic!("{text}")
        };
        service
    }

    #[test]
    fn every_row_s_actions_and_members_are_there() {
        for service in SERVICES {
            for row in service.actions {
                let (sdk, action) = row.sdk;
                assert!(baton_services::action(sdk, action).is_ok(), "{sdk}:{action}");
                let Some(job) = &row.job else { continue };
                // What each member is taken from: a text for each will do.
                let calls = [Some(job.describe), job.stop];
                for (name, given) in calls.into_iter().flatten() {
                    let action =
                        baton_services::action(sdk, name).unwrap_or_else(|error| panic!("{error}"));
                    let members = given.iter().map(|Given(member, from)| {
                        let value = match from {
                            Source::AnswerList(_) => json!(["x"]),
                            Source::Argument(_) | Source::Answer(_) | Source::Text(_) => json!("x"),
                        };
                        ((*member).to_owned(), value)
                    });
                    let context = Context { region: "us-east-1", token: "t" };
                    let request = action.request(&members.collect(), &context);
                    assert!(request.is_ok(), "{sdk}:{name}: {}", request.unwrap_err());
                }
            }
        }
    }

    fn check(
        text: &str,
        arguments: Value,
        answer: &str,
        described: &[(u16, &str)],
        expected: &Expect,
    ) {
        let (resource, arguments) = (resource(text), Payload::new(arguments));
        let call = TableCall::new(&resource, &arguments, &ORIGIN).unwrap().unwrap();
        let submitted = match call.result(&response(200, &[], answer)) {
            Ok(submitted) => submitted,
            Err(failure) => {
                return expected.assert_eq(&format!("not begun: {}", failure.error.unwrap()));
            }
        };
        let job = TableJob::new(&resource, &arguments, &submitted, &ORIGIN).unwrap();
        let body = String::from_utf8_lossy(&job.describe().body).into_owned();
        let mut told = format!("asks {} {body}", job.describe().path);
        for (status, description) in described {
            told += &match job.state(&response(*status, &[], description)) {
                JobState::Running => "\ngoes on".to_owned(),
                JobState::Asking(request) => format!("\nasks {}", request.path),
                JobState::Succeeded(output) => format!("\nended {}", output.text()),
                JobState::Failed(failure) => {
                    let (error, cause) = (failure.error.unwrap(), failure.cause.unwrap());
                    format!("\nfailed {error}: {cause}")
                }
            };
        }
        if let Some(stop) = job.stop() {
            told += &format!("\nstops {} {}", stop.path, String::from_utf8_lossy(&stop.body));
        }
        expected.assert_eq(&told);
    }

    #[test]
    fn an_ecs_task_has_ended_well_when_all_its_containers_have() {
        let arguments = json!({"Cluster": "c", "TaskDefinition": "d"});
        let answer = r#"{"tasks":[{"taskArn":"arn:t","lastStatus":"PROVISIONING"}],"failures":[]}"#;
        let stopped = |code: i32| {
            format!(
                r#"{{"tasks":[{{"taskArn":"arn:t","lastStatus":"STOPPED","containers":[{{"exitCode":{code}}}]}}]}}"#
            )
        };
        let (well, badly) = (stopped(0), stopped(1));
        let running = r#"{"tasks":[{"lastStatus":"RUNNING"}]}"#;
        check(
            "ecs:runTask.sync",
            arguments.clone(),
            answer,
            &[(200, running), (500, "{}"), (200, &well), (200, &badly)],
            &expect![[r#"
                asks / {"cluster":"c","tasks":["arn:t"]}
                goes on
                goes on
                ended {"Attachments":[],"Attributes":[],"Containers":[{"ExitCode":0,"GpuIds":[],"ManagedAgents":[],"NetworkBindings":[],"NetworkInterfaces":[],"NeuronDeviceIds":[]}],"InferenceAccelerators":[],"LastStatus":"STOPPED","Tags":[],"TaskArn":"arn:t"}
                failed States.TaskFailed: {"Attachments":[],"Attributes":[],"Containers":[{"ExitCode":1,"GpuIds":[],"ManagedAgents":[],"NetworkBindings":[],"NetworkInterfaces":[],"NeuronDeviceIds":[]}],"InferenceAccelerators":[],"LastStatus":"STOPPED","Tags":[],"TaskArn":"arn:t"}
                stops / {"cluster":"c","task":"arn:t","reason":"Stopped by the execution that waited for it"}"#]],
        );
        check(
            "ecs:runTask.sync",
            arguments,
            r#"{"tasks":[],"failures":[{"reason":"RESOURCE:CPU"}]}"#,
            &[],
            &expect!["not begun: States.TaskFailed"],
        );
    }

    #[test]
    fn jobs_of_other_services_are_followed_by_their_rows() {
        check(
            "glue:startJobRun.sync",
            json!({"JobName": "j"}),
            r#"{"JobRunId":"r"}"#,
            &[
                (200, r#"{"JobRun":{"JobRunState":"RUNNING"}}"#),
                (200, r#"{"JobRun":{"Id":"r","JobRunState":"SUCCEEDED"}}"#),
                (200, r#"{"JobRun":{"Id":"r","JobRunState":"TIMEOUT"}}"#),
                (400, r#"{"__type":"EntityNotFoundException","Message":"no such run"}"#),
            ],
            &expect![[r#"
                asks / {"JobName":"j","RunId":"r"}
                goes on
                ended {"Id":"r","JobRunState":"SUCCEEDED"}
                failed States.TaskFailed: {"Id":"r","JobRunState":"TIMEOUT"}
                failed Glue.EntityNotFoundException: no such run (Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException; Request ID: null; Proxy: null)
                stops / {"JobName":"j","JobRunIds":["r"]}"#]],
        );
        check(
            "elasticmapreduce:addStep.sync",
            json!({"ClusterId": "c", "Step": {"Name": "s", "HadoopJarStep": {"Jar": "x"}}}),
            r#"{"StepIds":["s-1"]}"#,
            &[(200, r#"{"Step":{"Id":"s-1","Status":{"State":"COMPLETED"}}}"#)],
            &expect![[r#"
                asks / {"ClusterId":"c","StepId":"s-1"}
                ended {"Step":{"Id":"s-1","Status":{"State":"COMPLETED"}}}
                stops / {"ClusterId":"c","StepIds":["s-1"]}"#]],
        );
        check(
            "eks:deleteCluster.sync",
            json!({"Name": "c"}),
            "{}",
            &[
                (200, r#"{"cluster":{"status":"DELETING"}}"#),
                (404, r#"{"__type":"ResourceNotFoundException","message":"gone"}"#),
            ],
            &expect![[r#"
                asks /clusters/c 
                goes on
                ended {}"#]],
        );
        check(
            "codebuild:startBuild.sync",
            json!({"ProjectName": "p"}),
            r#"{"build":{"id":"p:1"}}"#,
            &[(200, r#"{"builds":[{"id":"p:1","buildStatus":"SUCCEEDED"}]}"#)],
            &expect![[r#"
                asks / {"ids":["p:1"]}
                ended {"Build":{"BuildStatus":"SUCCEEDED","Id":"p:1"}}
                stops / {"id":"p:1"}"#]],
        );
    }

    /// What a change by name asks and sends, given these answers to its questions.
    fn change(resource_name: &str, arguments: Value, pages: &[(u16, &str)], expected: &Expect) {
        let call = TableCall::new(&resource(resource_name), &arguments.into(), &ORIGIN).unwrap();
        let mut call = match call {
            Ok(call) => call,
            Err(failure) => return expected.assert_eq(&failure.cause.unwrap()),
        };
        let mut lines = Vec::new();
        let told = |call: &TableCall| {
            let target = call.request().headers.iter().find(|(name, _)| name == "x-amz-target");
            let (_, target) = target.unwrap();
            format!("{target} {}", String::from_utf8_lossy(&call.request().body))
        };
        for (status, page) in pages {
            lines.push(told(&call));
            if let Err(failure) = call.answer(&response(*status, &[], page)) {
                lines.push(format!(
                    "failed {}: {}",
                    failure.error.unwrap(),
                    failure.cause.unwrap()
                ));
                return expected.assert_eq(&lines.join("\n"));
            }
        }
        assert!(!call.is_question());
        lines.push(told(&call));
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn what_has_a_name_is_looked_up_page_by_page() {
        let fleet = json!({
            "ClusterId": "j-1", "InstanceFleetName": "core",
            "InstanceFleet": {"TargetOnDemandCapacity": 8},
        });
        let other = r#"{"InstanceFleets":[{"Id":"if-1","Name":"task"}],"Marker":"2"}"#;
        let core = r#"{"InstanceFleets":[{"Id":"if-2","Name":"core"}]}"#;
        let name = "elasticmapreduce:modifyInstanceFleetByName";
        change(
            name,
            fleet.clone(),
            &[(200, other), (200, core)],
            &expect![[r#"
            ElasticMapReduce.ListInstanceFleets {"ClusterId":"j-1"}
            ElasticMapReduce.ListInstanceFleets {"ClusterId":"j-1","Marker":"2"}
            ElasticMapReduce.ModifyInstanceFleet {"ClusterId":"j-1","InstanceFleet":{"TargetOnDemandCapacity":8,"InstanceFleetId":"if-2"}}"#]],
        );
        change(
            name,
            fleet.clone(),
            &[(200, "{}")],
            &expect![[r#"
            ElasticMapReduce.ListInstanceFleets {"ClusterId":"j-1"}
            failed ElasticMapReduce.InvalidRequestException: There is no InstanceFleet named `core` in `j-1`."#]],
        );
        let refusal = r#"{"__type":"InvalidRequestException","Message":"no such cluster"}"#;
        change(
            name,
            fleet.clone(),
            &[(400, refusal)],
            &expect![[r#"
            ElasticMapReduce.ListInstanceFleets {"ClusterId":"j-1"}
            failed ElasticMapReduce.InvalidRequestException: no such cluster (Service: AmazonElasticMapReduce; Status Code: 400; Error Code: InvalidRequestException; Request ID: null; Proxy: null)"#]],
        );
        change(
            name,
            json!({"ClusterId": "j-1", "InstanceFleetName": "core"}),
            &[],
            &expect![[
                r#"The Parameters '{"ClusterId":"j-1","InstanceFleetName":"core"}' could not be used to start the Task: [The field "InstanceFleet" is required but was missing]"#
            ]],
        );
        let id = json!({"InstanceFleetId": "if-2"});
        change(
            name,
            json!({"ClusterId": "j-1", "InstanceFleetName": "core", "InstanceFleet": id}),
            &[],
            &expect![[
                r#"The Parameters '{"ClusterId":"j-1","InstanceFleetName":"core","InstanceFleet":{"InstanceFleetId":"if-2"}}' could not be used to start the Task: [The field "InstanceFleetId" is not supported by Step Functions]"#
            ]],
        );
        let group = json!({
            "ClusterId": "j-1", "InstanceGroupName": "core", "InstanceGroup": {"InstanceCount": 8},
        });
        let groups = r#"{"InstanceGroups":[{"Id":"ig-1","Name":"core"}]}"#;
        let name = "elasticmapreduce:modifyInstanceGroupByName";
        change(
            name,
            group,
            &[(200, groups)],
            &expect![[r#"
            ElasticMapReduce.ListInstanceGroups {"ClusterId":"j-1"}
            ElasticMapReduce.ModifyInstanceGroups {"ClusterId":"j-1","InstanceGroups":[{"InstanceCount":8,"InstanceGroupId":"ig-1"}]}"#]],
        );
    }

    #[test]
    fn answers_have_metadata_and_bad_arguments_do_not_start() {
        let plain = resource("athena:getQueryResults");
        let arguments = Payload::new(json!({"QueryExecutionId": "q"}));
        let call = TableCall::new(&plain, &arguments, &ORIGIN).unwrap().unwrap();
        let result = call
            .result(&response(200, &[("x-amzn-requestid", "7")], r#"{"UpdateCount":1}"#))
            .unwrap();
        assert_eq!(result.value().pointer("/SdkResponseMetadata/RequestId"), Some(&json!("7")));
        for hostile in ["<html>", "", "[1]", "{"] {
            let failure = call.result(&response(502, &[], hostile)).unwrap_err();
            assert_eq!(failure.error.as_deref(), Some("Athena.AmazonAthenaException"), "{hostile}");
        }
        let wrong = Payload::new(json!({"QueryExecutionId": "q", "Wrong": 1}));
        let failure = TableCall::new(&plain, &wrong, &ORIGIN).unwrap().unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
        assert!(failure.cause.unwrap().contains("\"Wrong\" is not supported by Step Functions"));
    }
}
