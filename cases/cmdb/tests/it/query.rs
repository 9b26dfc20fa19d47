//! Reading: pages, impact, and that nobody sees another's CIs.

use crate::world::{ANB, CLOUD, GENT, NETWERKEN, open, put};
use cmdb::{CiFilter, impact};
use event::{CiId, Scope};
use store::Store;

async fn find(store: &Store, scope: &Scope, text: &str) -> Vec<cmdb::Ci> {
    let filter = CiFilter { text: Some(text.into()), ..CiFilter::default() };
    cmdb::list(store, scope, &filter).await.unwrap().cis
}

#[tokio::test]
async fn pages_join_up() {
    let store = open().await;
    let mut filter = CiFilter { limit: 3, ..CiFilter::default() };
    let mut names = Vec::new();
    loop {
        let page = cmdb::list(&store, &Scope::every_client(), &filter).await.unwrap();
        assert_eq!(page.total, 8);
        names.extend(page.cis.into_iter().map(|ci| ci.name));
        if page.next.is_none() {
            break;
        }
        filter.after = page.next;
    }
    assert_eq!(names.len(), 8);
    assert!(names.is_sorted());
}

#[tokio::test]
async fn filters_limit() {
    let store = open().await;
    let scope = Scope::every_client();
    let should_log = CiFilter { logging: Some(true), client: Some(ANB), ..CiFilter::default() };
    assert_eq!(cmdb::list(&store, &scope, &should_log).await.unwrap().total, 4);
    let devices = CiFilter { class: Some("network_device".into()), ..CiFilter::default() };
    assert_eq!(cmdb::list(&store, &scope, &devices).await.unwrap().cis[0].name, "fw01");
    assert!(find(&store, &scope, "100%").await.is_empty());
    assert_eq!(find(&store, &scope, "10.1.0.21").await[0].name, "db01");
}

#[tokio::test]
async fn impact_walks_up_and_ends_in_a_circle() {
    let store = open().await;
    let scope = Scope::clients([ANB]);
    let db = find(&store, &scope, "db01").await[0].id;
    let up = |nodes: Vec<cmdb::ImpactNode>| -> Vec<(String, usize)> {
        nodes.into_iter().map(|node| (node.ci.name, node.depth)).collect()
    };
    let all = [("Vergunningenloket".to_owned(), 1), ("Vergunningen".to_owned(), 2)];
    assert_eq!(up(impact(&store, &scope, db, 10).await.unwrap()), all);
    assert_eq!(up(impact(&store, &scope, db, 1).await.unwrap()), all[..1]);
    put(&store, "central", 2_000, "id,depends_on\ndb,svc\nsvc,app\n").await;
    assert_eq!(up(impact(&store, &scope, db, 10).await.unwrap()), all);
    assert!(impact(&store, &Scope::clients([GENT]), db, 10).await.unwrap().is_empty());
}

/// D1: every reading function, asked by everybody about everything, shows only what is theirs.
#[tokio::test]
async fn nobody_sees_anothers_items() {
    let store = open().await;
    let all = cmdb::list(&store, &Scope::every_client(), &CiFilter::default()).await.unwrap().cis;
    let scopes = [
        Scope::clients([ANB]),
        Scope::clients([GENT]),
        Scope::clients([]),
        Scope::provider(CLOUD),
        Scope::provider(NETWERKEN),
        Scope::provider(CLOUD).narrowed_to(GENT),
    ];
    for scope in &scopes {
        let mine = |ci: &cmdb::Ci| {
            scope.allows(ci.client)
                && scope.provider_filter().is_none_or(|provider| ci.provider == Some(provider))
        };
        let listed = cmdb::list(&store, scope, &CiFilter::default()).await.unwrap();
        assert_eq!(listed.total as usize, all.iter().filter(|ci| mine(ci)).count(), "{scope:?}");
        assert!(listed.cis.iter().all(mine));
        for ci in &all {
            assert_eq!(cmdb::ci(&store, scope, ci.id).await.unwrap().is_some(), mine(ci));
            let detail = cmdb::detail(&store, scope, ci.id).await.unwrap();
            assert_eq!(detail.is_some(), mine(ci));
            assert!(detail.iter().flat_map(|detail| &detail.relations).all(|related| mine(&related.ci)));
            let nodes = impact(&store, scope, ci.id, 10).await.unwrap();
            assert!(nodes.iter().all(|node| mine(&node.ci)));
        }
        assert!(cmdb::ci(&store, scope, CiId(999)).await.unwrap().is_none());
    }
}
