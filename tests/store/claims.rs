//! Claims.

use crate::home::Home;
use crate::samples::{claim, header, record, scope};
use baton_engine::Sequence;
use baton_store::{ClaimAnswer, Durability, Journal};

pub async fn one_of_many_racing_claims_is_granted(home: &impl Home) {
    let arn = header("n").arn();
    let backend = home.backend();
    backend.create(&header("n")).await.unwrap();
    for sequence in 0..20 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
        let racers: Vec<_> = (0..16)
            .map(|racer| {
                let (backend, arn) = (home.backend(), arn.clone());
                tokio::spawn(async move {
                    let claim = claim(&racer.to_string());
                    let (top, number) = (scope("top"), Sequence(sequence));
                    let answer = backend.claim(&arn, &top, number, &claim).await.unwrap();
                    (claim, answer)
                })
            })
            .collect();
        let mut answers = Vec::new();
        for racer in racers {
            answers.push(racer.await.unwrap());
        }
        let granted: Vec<_> =
            answers.iter().filter(|(_, answer)| *answer == ClaimAnswer::Granted).collect();
        assert_eq!(granted.len(), 1);
        let held = ClaimAnswer::Held(granted[0].0.clone());
        assert_eq!(answers.iter().filter(|(_, answer)| *answer == held).count(), 15);
    }
}

pub async fn a_claim_stays_on_its_record(home: &impl Home) {
    let arn = header("n").arn();
    let backend = home.backend();
    backend.create(&header("n")).await.unwrap();
    for name in ["top", "0.0"] {
        backend.commit(&arn, &record(name, 0), Durability::Later).await.unwrap();
    }
    let answer = backend.claim(&arn, &scope("0.0"), Sequence(0), &claim("w")).await.unwrap();
    assert_eq!(answer, ClaimAnswer::Granted);
    backend.commit(&arn, &record("0.0", 1), Durability::Now).await.unwrap();
    for (name, sequence, expected) in
        [("top", 0, None), ("0.0", 0, Some(claim("w"))), ("0.0", 1, None)]
    {
        let loaded = backend.load(&arn, &scope(name), Sequence(sequence)).await.unwrap().unwrap();
        assert_eq!(loaded.record.unwrap().marks.claim, expected, "{name} {sequence}");
    }
}
