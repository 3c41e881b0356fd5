//! A tree on a terminal, drawn in place; or a line for each change.

use super::super::show;
use super::tree::{Index, Node, Standing, Tree};
use crate::meter::Reading;
use crate::paint::{Paint, span};
use console::Term;
use std::collections::BTreeMap;

/// Of a wider Parallel or Map only what fails and what runs is shown.
const WIDTH_MAX: usize = 12;
/// How many of those.
const SHOWN_MAX: usize = 5;
/// The lines of a terminal that does not say how many it has.
const HEIGHT: usize = 24;

/// What is on the screen.
pub(super) struct Drawing {
    terminal: Term,
    paint: Paint,
    lines: usize,
    /// How each node was last told, where nothing is drawn in place.
    told: BTreeMap<Index, (Standing, u32, u64)>,
}

impl Drawing {
    pub(super) fn new(terminal: Term, paint: Paint) -> Self {
        Drawing { terminal, paint, lines: 0, told: BTreeMap::new() }
    }

    /// Shows the tree as it is.
    pub(super) fn show(&mut self, tree: &Tree, is_running: bool) {
        if !self.terminal.is_term() {
            self.tell(tree, tree.roots(), 0);
            return;
        }
        let mut lines = lines(tree, self.paint);
        if is_running {
            let (height, _) = self.terminal.size();
            let height = if height == 0 { HEIGHT } else { usize::from(height) };
            // The newest is what a person looks for; the whole tree follows at the end.
            let over = lines.len().saturating_sub(height.saturating_sub(2));
            lines.drain(..over);
        }
        // A terminal that is gone is nobody's loss.
        let _ = self.terminal.clear_last_lines(self.lines);
        self.lines = lines.len();
        for line in lines {
            let _ = self.terminal.write_line(&line);
        }
    }

    fn tell(&mut self, tree: &Tree, nodes: &[Index], depth: usize) {
        for index in nodes {
            let Some(node) = tree.node(*index) else { continue };
            let step = node.progress.as_ref().map_or(0, Reading::step);
            let now = (node.standing, node.attempts, step);
            if self.told.insert(*index, now) != Some(now) {
                show::say(&line(node, depth, tree.times(), self.paint));
            }
            self.tell(tree, &node.children, depth.saturating_add(1));
        }
    }
}

/// The tree's lines.
fn lines(tree: &Tree, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    add(&mut lines, tree, tree.roots(), 0, paint);
    lines
}

fn add(lines: &mut Vec<String>, tree: &Tree, nodes: &[Index], depth: usize, paint: Paint) {
    let is_wide = nodes.len() > WIDTH_MAX && depth > 0;
    if is_wide {
        lines.push(format!("{}{}", "  ".repeat(depth), paint.dim(counts(tree, nodes))));
    }
    let mut shown = [0_usize; 2];
    for index in nodes {
        let Some(node) = tree.node(*index) else { continue };
        let place = match node.standing {
            Standing::Running => 0,
            Standing::Failed | Standing::Caught => 1,
            Standing::Succeeded | Standing::Aborted if is_wide => continue,
            Standing::Succeeded | Standing::Aborted => 0,
        };
        let shown = shown.get_mut(place).map_or(0, |count| std::mem::replace(count, *count + 1));
        if is_wide && shown >= SHOWN_MAX {
            continue;
        }
        lines.push(line(node, depth, tree.times(), paint));
        add(lines, tree, &node.children, depth.saturating_add(1), paint);
    }
}

/// How many of a wide state's children stand how.
fn counts(tree: &Tree, nodes: &[Index]) -> String {
    let count = |standing: &[Standing]| {
        let stands = |index: &&Index| {
            tree.node(**index).is_some_and(|node| standing.contains(&node.standing))
        };
        nodes.iter().filter(stands).count()
    };
    format!(
        "{} begun: {} done, {} running, {} failed",
        nodes.len(),
        count(&[Standing::Succeeded, Standing::Caught]),
        count(&[Standing::Running]),
        count(&[Standing::Failed, Standing::Aborted]),
    )
}

fn line(node: &Node, depth: usize, (_, now): (i64, i64), paint: Paint) -> String {
    let mark = match node.standing {
        Standing::Running => paint.odd("●"),
        Standing::Succeeded => paint.good("✓"),
        Standing::Caught => paint.odd("↷"),
        Standing::Failed => paint.bad("✗"),
        Standing::Aborted => paint.dim("◌"),
    };
    let name = if node.kind == "iteration" {
        format!("[{}]", node.name)
    } else {
        paint.strong(&node.name)
    };
    let kind = if node.kind == "iteration" { String::new() } else { format!(" {}", node.kind) };
    let lasted = span(node.ended.unwrap_or(now).saturating_sub(node.entered));
    let attempts = match node.attempts {
        0 | 1 => String::new(),
        attempts => format!(", attempt {attempts}"),
    };
    let progress = node.progress.as_ref();
    let progress = progress.map_or_else(String::new, |reading| format!("  {reading}"));
    let note = node.note.as_ref().map_or_else(String::new, |note| format!("  {note}"));
    let facts = paint.dim(format!("{kind}  {lasted}{attempts}"));
    format!("{}{mark} {name}{facts}{progress}{note}", "  ".repeat(depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use serde_json::{Value, json};

    fn check(events: Value, expected: &Expect) {
        let mut tree = Tree::default();
        for event in events.as_array().unwrap() {
            tree.take(event);
        }
        expected.assert_eq(&lines(&tree, Paint { is_on: false }).join("\n"));
    }

    fn event(id: u64, previous: u64, kind: &str, details: Value) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let time = id as f64;
        json!({"id": id, "previousEventId": previous, "type": kind, "timestamp": time, "xEventDetails": details})
    }

    fn named(id: u64, previous: u64, kind: &str, name: &str) -> Value {
        event(id, previous, kind, json!({"name": name}))
    }

    #[test]
    fn states_stand_beside_each_other_and_branches_under_their_parallel() {
        check(
            json!([
                event(1, 0, "ExecutionStarted", json!({})),
                named(2, 0, "PassStateEntered", "Begin"),
                named(3, 2, "PassStateExited", "Begin"),
                named(4, 3, "ParallelStateEntered", "Both"),
                event(5, 4, "ParallelStateStarted", json!({})),
                named(6, 5, "TaskStateEntered", "Left"),
                named(7, 5, "WaitStateEntered", "Right"),
                event(8, 6, "TaskScheduled", json!({})),
                event(9, 8, "TaskFailed", json!({"error": "Busy", "cause": "no\nluck"})),
                event(10, 9, "TaskScheduled", json!({})),
                named(11, 7, "WaitStateExited", "Right"),
                named(12, 11, "PassStateEntered", "After"),
            ]),
            &expect![[r#"
                ✓ Begin Pass  1.0 s
                ● Both Parallel  8.0 s
                  ● Left Task  6.0 s, attempt 2  Busy: no luck
                  ✓ Right Wait  4.0 s
                  ● After Pass  0 ms"#]],
        );
    }

    #[test]
    fn what_a_failure_leaves_open_is_aborted() {
        check(
            json!([
                event(1, 0, "ExecutionStarted", json!({})),
                named(2, 0, "MapStateEntered", "Each"),
                event(3, 2, "MapStateStarted", json!({"length": 2})),
                event(4, 3, "MapIterationStarted", json!({"name": "Each", "index": 0})),
                event(5, 3, "MapIterationStarted", json!({"name": "Each", "index": 1})),
                named(6, 4, "FailStateEntered", "Give up"),
                named(7, 5, "WaitStateEntered", "Rest"),
                event(8, 6, "MapIterationFailed", json!({"name": "Each", "index": 0})),
                event(9, 6, "MapIterationAborted", json!({"name": "Each", "index": 1})),
                event(10, 6, "MapStateFailed", json!({})),
                named(11, 10, "MapStateExited", "Each"),
                named(12, 11, "PassStateEntered", "Mend"),
            ]),
            &expect![[r#"
                ↷ Each Map  9.0 s
                  ✗ [0]  4.0 s
                    ◌ Give up Fail  2.0 s
                  ◌ [1]  4.0 s
                    ◌ Rest Wait  2.0 s
                ● Mend Pass  0 ms"#]],
        );
    }

    #[test]
    fn of_a_map_run_the_progress_is_shown() {
        let mut tree = Tree::default();
        let arn = "arn:aws:states:us-east-1:1:mapRun:m/Each:u";
        for event in [
            event(1, 0, "ExecutionStarted", json!({})),
            named(2, 0, "MapStateEntered", "Each"),
            event(3, 2, "MapStateStarted", json!({"length": 0})),
            event(4, 3, "MapRunStarted", json!({"mapRunArn": arn})),
        ] {
            tree.take(&event);
        }
        assert_eq!(tree.map_runs(), [(0, arn.to_owned())]);
        let description = json!({"status": "RUNNING",
            "itemCounts": {"total": 50, "succeeded": 20, "running": 5}});
        let reading = crate::meter::Meter::default().read(&description, 0);
        tree.set_progress(0, reading);
        let shown = lines(&tree, Paint { is_on: false }).join("\n");
        expect!["● Each Map  2.0 s  20 of 50 items, 5 running"].assert_eq(&shown);
        tree.take(&event(5, 4, "MapRunSucceeded", json!({})));
        tree.take(&event(6, 5, "MapStateSucceeded", json!({})));
        tree.take(&named(7, 6, "MapStateExited", "Each"));
        assert!(tree.map_runs().is_empty());
    }

    #[test]
    fn of_a_wide_map_the_counts_are_shown() {
        let mut events = vec![
            event(1, 0, "ExecutionStarted", json!({})),
            named(2, 0, "MapStateEntered", "Each"),
            event(3, 2, "MapStateStarted", json!({"length": 20})),
        ];
        for index in 0..20 {
            let details = json!({"name": "Each", "index": index});
            events.push(event(4 + index, 3, "MapIterationStarted", details));
        }
        check(
            json!(events),
            &expect![[r#"
                ● Each Map  21.0 s
                  20 begun: 0 done, 20 running, 0 failed
                  ● [0]  19.0 s
                  ● [1]  18.0 s
                  ● [2]  17.0 s
                  ● [3]  16.0 s
                  ● [4]  15.0 s"#]],
        );
    }
}
