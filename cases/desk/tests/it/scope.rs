//! D1: every reading and changing function, asked by everybody about everything, gives only what is theirs.

use crate::world::{
    ANB, CLOUD, GENT, GHENT_WEB, NETWERKEN, SWITCH, T0, WEB, alert, analyst, cases, groups, open, policy,
    record,
};
use desk::{Case, CaseFilter, Change, DeskError, GroupFilter, Level, State};
use event::Scope;
use store::Organisation;

#[tokio::test]
async fn nobody_sees_or_touches_anothers_cases() {
    let store = open().await;
    let alerts = [
        alert("brute", Level::High, WEB, 1, 0),
        alert("brute", Level::High, SWITCH, 2, 0),
        alert("brute", Level::High, GHENT_WEB, 3, 0),
        alert("low", Level::Low, WEB, 4, 0),
        alert("low", Level::Low, GHENT_WEB, 5, 0),
    ];
    record(&store, &alerts, &policy()).await;
    // Ghent's case is handed to the other provider; the one that operates its CI keeps seeing it.
    let ghent = cases(&store).await.into_iter().find(|case| case.client == GENT).unwrap();
    let mut tx = store.write().await.unwrap();
    let hand_on = Change::Assign { provider: Some(NETWERKEN), user: None, reason: None };
    desk::change(&mut tx, &Scope::every_client(), &analyst(), T0, ghent.id, ghent.version, &hand_on)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let all = cases(&store).await;
    let all_groups = groups(&store).await;
    let operator = |case: &Case| if case.ci == Some(SWITCH) { NETWERKEN } else { CLOUD };
    for scope in [
        Scope::clients([ANB]),
        Scope::clients([GENT]),
        Scope::clients([]),
        Scope::provider(CLOUD),
        Scope::provider(NETWERKEN),
        Scope::provider(NETWERKEN).narrowed_to(ANB),
    ] {
        let mine = |case: &Case| {
            let provider = scope.provider_filter();
            scope.allows(case.client)
                && provider.is_none_or(|id| case.provider == Some(id) || operator(case) == id)
        };
        let page = desk::case_queue(&store, &scope, &CaseFilter::default()).await.unwrap();
        assert_eq!(page.total as usize, all.iter().filter(|case| mine(case)).count(), "{scope:?}");
        assert!(page.cases.iter().all(mine));
        let counted: u64 = desk::case_counts(&store, &scope).await.unwrap().iter().map(|count| count.2).sum();
        assert_eq!(counted, page.total);
        for case in &all {
            let by_number = desk::case_by_number(&store, &scope, &case.number).await.unwrap();
            assert_eq!(by_number.is_some(), mine(case));
            let viewer = Organisation::Integrator;
            let detail = desk::case_detail(&store, &scope, viewer, case.id).await.unwrap();
            assert_eq!(detail.is_some(), mine(case), "{scope:?} {}", case.number);
            let near = desk::nearby(&store, &scope, case).await.unwrap();
            assert!(near.iter().all(|group| scope.allows(group.client)));
            let mut tx = store.write().await.unwrap();
            let triage = Change::State { to: State::Triage, reason: None };
            let changed = desk::change(&mut tx, &scope, &analyst(), T0, case.id, case.version, &triage).await;
            match changed {
                Ok(_) => assert!(mine(case)),
                Err(error) => assert!(matches!(error, DeskError::NotFound { .. }) && !mine(case)),
            }
            tx.rollback().await.unwrap();
        }
        let seen = desk::alert_queue(&store, &scope, &GroupFilter::default()).await.unwrap();
        assert!(seen.groups.iter().all(|group| scope.allows(group.client)));
        for group in &all_groups {
            let listed = seen.groups.iter().any(|other| other.id == group.id);
            assert_eq!(desk::group(&store, &scope, group.id).await.unwrap().is_some(), listed);
            let alerts = desk::alerts_of(&store, &scope, group.id, 10).await.unwrap();
            assert_eq!(alerts.is_empty(), !listed);
            let mut tx = store.write().await.unwrap();
            let dismissed = desk::dismiss(&mut tx, &scope, &analyst(), T0, group.id, "x").await;
            assert_eq!(matches!(dismissed, Err(DeskError::NotFound { .. })), !listed);
            tx.rollback().await.unwrap();
        }
    }
    // Assigned to a provider: it sees the evidence, though it does not operate the CI.
    let seen = desk::alert_queue(&store, &Scope::provider(NETWERKEN), &GroupFilter::default()).await.unwrap();
    assert!(seen.groups.iter().any(|group| group.ci == Some(GHENT_WEB)));
    assert!(!seen.groups.iter().any(|group| group.rule_id == "low"));
}
