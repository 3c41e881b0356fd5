//! The template's rules: what a chain of cues through Lambda and SQS depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).expect("a file of the repository")
}

/// The functions: the folders of `functions/`.
fn functions() -> Vec<String> {
    let folders = std::fs::read_dir(Path::new(ROOT).join("functions")).expect("a folder");
    let names = folders.filter_map(|entry| {
        let entry = entry.expect("an entry");
        entry.path().is_dir().then(|| entry.file_name().into_string().expect("a plain name"))
    });
    names.collect()
}

/// A function's logical id: `dead-letter` is `DeadLetterFunction`.
fn logical_id(function: &str) -> String {
    let words = function.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.chain(["Function".to_owned()]).collect()
}

/// The template's resources by logical id, each with its lines.
fn resources() -> BTreeMap<String, String> {
    let template = text("template.yaml");
    let (_, rest) = template.split_once("\nResources:\n").expect("resources");
    let (rest, _) = rest.split_once("\nOutputs:\n").expect("outputs");
    let mut resources: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in rest.lines() {
        let is_name = line.starts_with("  ") && !line.starts_with("   ") && !line.contains('#');
        if is_name {
            current = line.trim().strip_suffix(':').map(str::to_owned);
        } else if let Some(name) = &current {
            let body = resources.entry(name.clone()).or_default();
            body.push_str(line);
            body.push('\n');
        }
    }
    resources
}

/// The number that follows a name.
fn number(resource: &str, name: &str) -> u32 {
    let (_, rest) = resource.split_once(name).unwrap_or_else(|| panic!("no {name} in {resource}"));
    let digits = rest.split_whitespace().next().expect("a number");
    digits.parse().unwrap_or_else(|_| panic!("{name} is `{digits}`"))
}

#[test]
fn every_function_is_in_the_template_and_can_be_built() {
    let (resources, makefile) = (resources(), text("functions/Makefile"));
    let functions = functions();
    assert!(!functions.is_empty());
    for function in &functions {
        let id = logical_id(function);
        let resource = resources.get(&id).unwrap_or_else(|| panic!("no {id} in the template"));
        assert!(resource.contains("Type: AWS::Serverless::Function"), "{id}");
        assert!(resource.contains("BuildMethod: makefile"), "{id}");
        let target = format!("build-{id}:\n\t$(call build,{function}");
        // Features may follow the name.
        let is_built = [")", ","].iter().any(|end| makefile.contains(&format!("{target}{end}")));
        assert!(is_built, "functions/Makefile lacks {target}");
    }
    let count = resources.values().filter(|it| it.contains("AWS::Serverless::Function")).count();
    assert_eq!(count, functions.len(), "the template has functions without a folder");
}

#[test]
fn no_chain_of_cues_is_stopped_by_lambda() {
    let template = text("template.yaml");
    let (globals, _) = template.split_once("\nResources:\n").expect("resources");
    assert!(globals.contains("    RecursiveLoop: Allow\n"));
    assert_eq!(template.matches("RecursiveLoop").count(), 1, "a function overrides it");
    assert!(!template.contains("ReservedConcurrentExecutions"));
}

#[test]
fn every_queue_s_consumer_reports_partial_batches_and_limits_its_concurrency() {
    let resources = resources();
    let consumers: Vec<_> = resources.iter().filter(|(_, it)| it.contains("Type: SQS\n")).collect();
    assert!(consumers.len() >= 2);
    for (id, consumer) in consumers {
        assert!(consumer.contains("FunctionResponseTypes: [ReportBatchItemFailures]"), "{id}");
        assert!(consumer.contains("ScalingConfig: {MaximumConcurrency: "), "{id}");
        let (_, queue) = consumer.split_once("Queue: !GetAtt ").expect("a queue");
        let queue = queue.split('.').next().expect("a name");
        let (timeout, hidden) =
            (number(consumer, "Timeout:"), number(&resources[queue], "VisibilityTimeout:"));
        assert!(hidden > timeout, "{queue} shows a cue again while {id} works on it");
    }
}

#[test]
fn every_queue_has_a_dead_letter_queue() {
    for (id, queue) in resources() {
        if queue.contains("Type: AWS::SQS::Queue\n") && !id.ends_with("DeadLetterQueue") {
            assert!(queue.contains("deadLetterTargetArn"), "{id}");
        }
    }
}

#[test]
fn nothing_is_granted_on_everything() {
    for (id, resource) in resources() {
        let is_policy = resource.contains("Type: AWS::IAM::");
        assert!(!is_policy || !resource.contains("\"*\""), "{id}");
    }
}

/// The rule of the ends of jobs as the table of events has it.
fn job_pattern() -> String {
    let events = baton_integrations::job_events();
    let sources: BTreeSet<&str> = events.iter().map(|event| event.source).collect();
    let mut ends: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events {
        ends.entry(event.status).or_default().extend(event.ends);
    }
    let list = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
    let mut pattern = format!("        source: [{}]\n        detail-type:\n", list(&sources));
    for event in events {
        pattern += &format!("          - {}\n", event.detail_type);
    }
    pattern += "        detail:\n          $or:\n";
    for (status, ends) in &ends {
        pattern += &format!("            - {status}: [{}]\n", list(ends));
    }
    pattern
}

#[test]
fn the_rule_of_jobs_is_the_table_of_their_events() {
    let resources = resources();
    let (_, rule) = resources["JobRule"].split_once("EventPattern:\n").expect("a pattern");
    let (rule, _) = rule.split_once("      Targets:").expect("targets");
    assert_eq!(rule, job_pattern());
}
