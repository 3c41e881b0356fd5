//! State machines.

use crate::home::Home;
use crate::samples::{machine, machine_arn, noise, start};
use baton_store::{Machine, Machines, RevisionId};

pub async fn a_machine_is_created_once(home: &impl Home) {
    let backend = home.backend();
    assert_eq!(backend.machine(&machine_arn("m")).await.unwrap(), None);
    assert_eq!(backend.create_machine(&machine("m", "r1")).await.unwrap(), None);
    let there = backend.create_machine(&machine("m", "r2")).await.unwrap();
    assert_eq!(there, Some(machine("m", "r1")));
    assert_eq!(backend.machine(&machine_arn("m")).await.unwrap(), Some(machine("m", "r1")));
    assert_eq!(backend.revision(&machine_arn("m"), &RevisionId("r2".into())).await.unwrap(), None);
    let mut large = machine("large", "r1");
    large.revision.definition = noise(900_000).text().into();
    assert_eq!(backend.create_machine(&large).await.unwrap(), None);
    drop(backend);
    home.crash().await;
    assert_eq!(home.backend().machine(&large.arn).await.unwrap(), Some(large));
    assert_eq!(home.backend().machine(&machine_arn("m")).await.unwrap(), Some(machine("m", "r1")));
}

pub async fn an_update_needs_the_current_revision(home: &impl Home) {
    let backend = home.backend();
    let revision = |text: &str| RevisionId(text.into());
    let next = Machine { updated: Some(start()), ..machine("m", "r2") };
    assert!(!backend.update_machine(&next, &revision("r1")).await.unwrap());
    backend.create_machine(&machine("m", "r1")).await.unwrap();
    assert!(!backend.update_machine(&next, &revision("r0")).await.unwrap());
    assert!(backend.update_machine(&next, &revision("r1")).await.unwrap());
    assert!(!backend.update_machine(&machine("m", "r3"), &revision("r1")).await.unwrap());
    assert_eq!(backend.machine(&next.arn).await.unwrap(), Some(next));
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let backend = home.backend();
            tokio::spawn(async move {
                let next = machine("m", &format!("racer{racer}"));
                backend.update_machine(&next, &RevisionId("r2".into())).await.unwrap()
            })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        winners += u32::from(racer.await.unwrap());
    }
    assert_eq!(winners, 1);
}

pub async fn revisions_outlive_their_machine(home: &impl Home) {
    let backend = home.backend();
    backend.create_machine(&machine("m", "r1")).await.unwrap();
    let next = machine("m", "r2");
    assert!(backend.update_machine(&next, &RevisionId("r1".into())).await.unwrap());
    backend.delete_machine(&machine_arn("m")).await.unwrap();
    backend.delete_machine(&machine_arn("m")).await.unwrap();
    assert_eq!(backend.machine(&machine_arn("m")).await.unwrap(), None);
    for id in ["r1", "r2"] {
        let there = backend.revision(&machine_arn("m"), &RevisionId(id.into())).await.unwrap();
        assert_eq!(there, Some(machine("m", id).revision));
    }
}

pub async fn machines_come_in_order_page_by_page(home: &impl Home) {
    let backend = home.backend();
    let names = ["b", "a", "c", "a-1", "B"];
    for name in names {
        backend.create_machine(&machine(name, "r1")).await.unwrap();
    }
    for items_max in [1, 2, 5, 100] {
        let (mut seen, mut from) = (Vec::new(), None);
        loop {
            let page = backend.machines("", items_max, from.as_deref()).await.unwrap();
            assert!(page.items.len() <= items_max as usize);
            seen.extend(page.items.iter().map(|machine| machine.arn.name().to_owned()));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["B", "a", "a-1", "b", "c"], "{items_max} a page");
    }
}
