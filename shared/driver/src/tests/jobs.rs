//! Jobs: their ends are noted once, and what follows is done whatever dies.

use super::definitions::job;
use super::support::{World, answer};
use crate::Taken;
use baton_engine::{Cue, Due, ScopePath, Sequence, Signal};
use baton_store::Outgoing;
use serde_json::json;

#[tokio::test]
async fn what_follows_from_the_end_of_a_job_is_done_though_its_cue_fails_after_noting_it() {
    // The cue is about the record that began the job, as when a nested execution tells its end, or about the one that waits.
    for sequence in [0, 1] {
        let states = json!({ "A": job(json!({"Next": "B"})), "B": {"Type": "Pass", "End": true} });
        let world = World::new(json!({ "StartAt": "A", "States": states })).await;
        world.start().await;
        world.drain().await;
        assert_eq!(world.journal("top").await, ["A calls", "A awaits"]);
        world.tasks.end_job("A", answer(json!({"done": true})));
        let cue =
            Cue { scope: ScopePath::top(), sequence: Sequence(sequence), signal: Signal::Poll };
        let poll = Outgoing { execution: world.arn(), cue, due: Due::Now };
        world.memory().lose_cues();
        // The commit has two points; the next is the cue of what comes after.
        world.backend.die_at(2);
        world.take(&poll).await.unwrap_err();
        world.backend.live();
        assert_eq!(world.journal("top").await.len(), 3, "the end is noted");
        assert_eq!(world.take(&poll).await.unwrap(), Taken::Repeated);
        world.drain().await;
        assert_eq!(world.ended().await, r#"SUCCEEDED {"done":true}"#, "cue of record {sequence}");
    }
}
