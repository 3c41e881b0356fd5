//! Journals of any shape, against a model: a map from numbers to records.

use crate::home::Home;
use crate::samples::{claim, fork, header, record, record_with, scope};
use baton_engine::{Pending, Record, Sequence};
use baton_store::{ClaimAnswer, Clock, CommitError, Durability, Journal};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SCOPES: [&str; 6] = ["top", "1.0", "1.1", "1.0/2.0", "2.0", "5.7"];

/// What a model keeps of an execution.
#[derive(Default)]
struct Model {
    records: BTreeMap<(String, u32), Arc<Record>>,
    claimed: BTreeSet<(String, u32)>,
}

/// Does many things in an order that a seed gives, some of them nonsense, with the process dying in between; the backend has
/// to agree with the model.
pub async fn a_journal_of_any_shape_is_kept(home: &impl Home) {
    for seed in 0..4_u64 {
        let header = header(&format!("n{seed}"));
        home.backend().create(&header).await.unwrap();
        let arn = header.arn();
        let mut model = Model::default();
        let mut chance = Chance(seed);
        for _ in 0..200 {
            let backend = home.backend();
            let name = SCOPES[chance.below(SCOPES.len())];
            let next = model.next(name);
            let sequence = next.saturating_sub(chance.below(3) as u32);
            match chance.below(12) {
                0..6 => {
                    let pending = [
                        Pending::Continue,
                        Pending::Until(backend.now() + SignedDuration::from_hours(9)),
                        crate::samples::forked(9, 9),
                    ];
                    let record = record_with(name, sequence, pending[chance.below(3)].clone());
                    let durability =
                        if chance.below(4) == 0 { Durability::Now } else { Durability::Later };
                    let result = backend.commit(&arn, &record, durability).await;
                    if sequence == next {
                        result.unwrap();
                        model.records.insert((name.to_owned(), sequence), record);
                    } else {
                        assert!(matches!(result, Err(CommitError::Superseded { .. })));
                    }
                }
                6..9 => {
                    let loaded =
                        backend.load(&arn, &scope(name), Sequence(sequence)).await.unwrap();
                    let expected = model.records.get(&(name.to_owned(), sequence));
                    let marked = loaded.unwrap().record;
                    assert_eq!(marked.as_ref().map(|marked| &marked.record), expected);
                }
                9 if next > 0 => {
                    let claim = claim("w");
                    let answer = backend
                        .claim(&arn, &scope(name), Sequence(next - 1), &claim)
                        .await
                        .unwrap();
                    let is_first = model.claimed.insert((name.to_owned(), next - 1));
                    assert_eq!(answer == ClaimAnswer::Granted, is_first);
                }
                10 => {
                    let newest = backend.newest(&arn, &scope(name)).await.unwrap();
                    let expected = next.checked_sub(1).map(Sequence);
                    assert_eq!(newest.map(|marked| marked.record.sequence), expected);
                }
                11 => {
                    // Everything becomes durable, so that the model need not forget.
                    let last = model.next("9.9");
                    let record = record("9.9", last);
                    backend.commit(&arn, &record, Durability::Now).await.unwrap();
                    model.records.insert(("9.9".to_owned(), last), record);
                    drop(backend);
                    home.crash().await;
                }
                _ => {}
            }
        }
        check_all(home, &arn, &model).await;
    }
}

async fn check_all(home: &impl Home, arn: &baton_store::ExecutionArn, model: &Model) {
    let backend = home.backend();
    let (mut seen, mut from) = (BTreeMap::new(), None);
    loop {
        let page = backend.records(arn, from.as_deref()).await.unwrap();
        for marked in page.items {
            let key = (marked.record.scope.to_string(), marked.record.sequence.0);
            assert_eq!(marked.marks.claim.is_some(), model.claimed.contains(&key), "{key:?}");
            assert!(seen.insert(key, marked.record).is_none());
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen, model.records);
    let children = backend.children(arn, &fork("top:1")).await.unwrap();
    let expected: Vec<(u32, u32)> = [(0, "1.0"), (1, "1.1")]
        .into_iter()
        .filter_map(|(child, name)| Some((child, model.next(name).checked_sub(1)?)))
        .collect();
    let shown: Vec<(u32, u32)> =
        children.iter().map(|(child, marked)| (*child, marked.record.sequence.0)).collect();
    assert_eq!(shown, expected);
}

impl Model {
    fn next(&self, scope: &str) -> u32 {
        self.records.keys().filter(|(name, _)| name == scope).count() as u32
    }
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}
