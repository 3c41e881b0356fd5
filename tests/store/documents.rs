//! Documents.

use crate::home::Home;
use crate::samples::noise;
use baton_store::{DocumentId, DocumentKind, Documents};

fn id(group: &str, key: &str) -> DocumentId {
    DocumentId { kind: DocumentKind::Alias, group: group.to_owned(), key: key.to_owned() }
}

pub async fn a_document_is_changed_by_who_knows_it(home: &impl Home) {
    let backend = home.backend();
    let there = async || backend.document(&id("g", "k")).await.unwrap();
    let swap = async |before: Option<&str>, after: Option<&str>| {
        backend.swap_document(&id("g", "k"), before, after).await.unwrap()
    };
    assert_eq!(there().await, None);
    assert!(!swap(Some("1"), Some("2")).await);
    assert!(swap(None, Some("1")).await);
    assert!(!swap(None, Some("2")).await);
    assert!(!swap(Some("2"), Some("3")).await);
    assert!(!swap(Some("2"), None).await);
    assert_eq!(there().await.as_deref(), Some("1"));
    assert!(swap(Some("1"), Some("2")).await);
    assert_eq!(there().await.as_deref(), Some("2"));
    assert!(swap(Some("2"), None).await);
    assert_eq!(there().await, None);
}

pub async fn the_same_change_again_is_answered_alike(home: &impl Home) {
    let backend = home.backend();
    for (before, after) in [
        (None, None),
        (None, Some("1")),
        (Some("1"), Some("2")),
        (Some("2"), Some("2")),
        (Some("2"), None),
    ] {
        for _ in 0..2 {
            assert!(backend.swap_document(&id("g", "k"), before, after).await.unwrap());
        }
        assert_eq!(backend.document(&id("g", "k")).await.unwrap().as_deref(), after);
    }
}

pub async fn one_of_many_racing_changes_is_made(home: &impl Home) {
    for before in [None, Some("\"racer0\"")] {
        let racers: Vec<_> = (0..16)
            .map(|racer| {
                let backend = home.backend();
                tokio::spawn(async move {
                    let text = match before {
                        None => "\"racer0\"".to_owned(),
                        Some(_) => format!("\"another{racer}\""),
                    };
                    backend.swap_document(&id("g", "k"), before, Some(&text)).await.unwrap()
                })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            winners += u32::from(racer.await.unwrap());
        }
        // All who want the same have it.
        assert_eq!(winners, if before.is_none() { 16 } else { 1 });
    }
}

pub async fn documents_survive_and_may_be_large(home: &impl Home) {
    let backend = home.backend();
    let large = noise(600_000).text().to_owned();
    assert!(backend.swap_document(&id("g", "k"), None, Some(&large)).await.unwrap());
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    assert_eq!(backend.document(&id("g", "k")).await.unwrap(), Some(large.clone()));
    assert!(backend.swap_document(&id("g", "k"), Some(&large), None).await.unwrap());
}

pub async fn a_group_is_listed_in_order_page_by_page(home: &impl Home) {
    let backend = home.backend();
    let put = async |id: DocumentId| {
        let text = format!("\"{}\"", id.key);
        assert!(backend.swap_document(&id, None, Some(&text)).await.unwrap());
    };
    for key in ["b", "a", "c", "a-1", "B", "é"] {
        put(id("g", key)).await;
    }
    put(id("g2", "a")).await;
    put(id("", "a")).await;
    put(DocumentId { kind: DocumentKind::Version, ..id("g", "a0") }).await;
    for items_max in [1, 2, 6, 100] {
        let (mut seen, mut from) = (Vec::new(), None);
        loop {
            let kind = DocumentKind::Alias;
            let page = backend.documents(kind, "g", items_max, from.as_deref()).await.unwrap();
            assert!(page.items.len() <= items_max as usize);
            for (key, text) in page.items {
                assert_eq!(text, format!("\"{key}\""));
                seen.push(key);
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["B", "a", "a-1", "b", "c", "é"], "{items_max} a page");
    }
    let none = backend.documents(DocumentKind::Tags, "g", 9, None).await.unwrap();
    assert!(none.items.is_empty() && none.next.is_none());
}
