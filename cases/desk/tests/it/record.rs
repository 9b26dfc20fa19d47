//! From matches to alerts, groups and cases.

use crate::world::{
    GENT, GHENT_WEB, MINUTE, SWITCH, T0, WEB, act, alert, analyst, because, by_hand, cases, groups, open,
    policy, record,
};
use desk::{ALERTS_PER_GROUP_MAX, Change, GroupState, Level, NewAlert, Policy, State, alert_id, alerts_of};
use event::{ClientId, EventId, Scope};
use proptest::prelude::*;

#[tokio::test]
async fn the_same_rule_about_the_same_thing_is_one_group() {
    let store = open().await;
    let alerts = [
        alert("a", Level::Medium, WEB, 1, 0),
        alert("b", Level::Low, WEB, 1, 0),
        alert("a", Level::Medium, WEB, 2, 20),
        alert("a", Level::Medium, SWITCH, 3, 21),
        alert("a", Level::Medium, WEB, 4, 45),
        // More than half an hour later: another group.
        alert("a", Level::Medium, WEB, 9, 80),
    ];
    let recorded = record(&store, &alerts, &Policy::default()).await;
    assert_eq!((recorded.alerts, recorded.groups, recorded.cases.len()), (6, 4, 0));
    let groups = groups(&store).await;
    let shown: Vec<(&str, u64)> = groups.iter().map(|group| (group.rule_id.as_str(), group.count)).collect();
    assert_eq!(shown, [("a", 1), ("a", 3), ("a", 1), ("b", 1)]);
    assert_eq!((groups[1].first_ms, groups[1].last_ms), (T0, T0 + 45 * MINUTE));
    let alerts = alerts_of(&store, &Scope::every_client(), groups[1].id, 10).await.unwrap();
    assert_eq!(alerts.iter().map(|alert| alert.event.0).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(alerts[0].id, alert_id("a", EventId(1)));
    assert!(cases(&store).await.is_empty());
}

#[tokio::test]
async fn a_storm_is_counted_but_not_kept_whole() {
    let store = open().await;
    let storm: Vec<NewAlert> =
        (1..=ALERTS_PER_GROUP_MAX + 50).map(|event| alert("a", Level::High, WEB, event, 1)).collect();
    record(&store, &storm, &policy()).await;
    assert_eq!(record(&store, &storm, &policy()).await.alerts, 0);
    let group = groups(&store).await.remove(0);
    assert_eq!(group.count, ALERTS_PER_GROUP_MAX + 50);
    let kept = alerts_of(&store, &Scope::every_client(), group.id, 500).await.unwrap();
    assert_eq!(kept.len() as u64, ALERTS_PER_GROUP_MAX);
    assert_eq!(cases(&store).await.len(), 1);
}

#[tokio::test]
async fn the_policy_makes_one_case_of_what_belongs_together() {
    let store = open().await;
    let alerts = [
        alert("scan", Level::Low, WEB, 1, 0),
        alert("brute", Level::High, WEB, 2, 5),
        alert("root", Level::Critical, WEB, 3, 9),
        alert("brute", Level::High, GHENT_WEB, 4, 10),
    ];
    let recorded = record(&store, &alerts, &policy()).await;
    assert_eq!(recorded.cases.len(), 2);
    let cases = cases(&store).await;
    let web = &cases[0];
    assert_eq!((web.number.as_str(), web.title.as_str()), ("SC-2026-000001", "Rule brute"));
    // The critical alert that joined raised it: critical level on a CI of criticality 1.
    assert_eq!((web.level, web.priority, web.state), (Level::Critical, 1, State::New));
    assert_eq!((web.provider, web.always_on, web.acknowledged_ms), (Some(crate::world::CLOUD), true, None));
    assert_eq!(cases[1].client, GENT);
    let next_day = [alert("root", Level::Critical, WEB, 8, 25 * 60)];
    assert_eq!(record(&store, &next_day, &policy()).await.cases.len(), 1);
}

#[tokio::test]
async fn the_quarantine_makes_alerts_but_no_cases() {
    let store = open().await;
    let stranger = NewAlert {
        client: ClientId::QUARANTINE,
        ci: None,
        provider: None,
        entity: "ip:192.0.2.1".into(),
        ..alert("brute", Level::Critical, WEB, 1, 0)
    };
    assert!(record(&store, &[stranger], &policy()).await.cases.is_empty());
    assert_eq!(groups(&store).await.len(), 1);
    let seen =
        desk::alert_queue(&store, &Scope::every_client(), &desk::GroupFilter::default()).await.unwrap();
    assert!(seen.groups.is_empty());
}

#[tokio::test]
async fn a_dismissed_group_takes_no_more() {
    let store = open().await;
    record(&store, &[alert("a", Level::Low, WEB, 1, 0)], &policy()).await;
    let id = groups(&store).await[0].id;
    let mut tx = store.write().await.unwrap();
    let every = Scope::every_client();
    assert!(desk::dismiss(&mut tx, &every, &analyst(), T0, id, " ").await.is_err());
    desk::dismiss(&mut tx, &every, &analyst(), T0, id, "known scanner").await.unwrap();
    assert!(desk::dismiss(&mut tx, &every, &analyst(), T0, id, "again").await.is_err());
    tx.commit().await.unwrap();
    record(&store, &[alert("a", Level::Low, WEB, 2, 1)], &policy()).await;
    assert_eq!(groups(&store).await.len(), 2);
}

fn matches() -> impl Strategy<Value = Vec<NewAlert>> {
    let one = (0..3_usize, 0..4_usize, 0..3_u32, 0..40_i64);
    prop::collection::vec(one, 1..25).prop_map(|picks| {
        let mut minute = 0;
        let mut alerts = Vec::new();
        for (event, (rule, level, ci, wait)) in picks.into_iter().enumerate() {
            minute += wait;
            let ci = [WEB, SWITCH, GHENT_WEB][ci as usize];
            alerts.push(alert(["a", "b", "c"][rule], Level::ALL[level + 1], ci, event as u64 + 1, minute));
        }
        alerts
    })
}

type Summary = (Vec<(String, u64, i64, i64)>, Vec<(String, String, u8)>);

async fn summary(store: &store::Store) -> Summary {
    let mut groups: Vec<_> = groups(store)
        .await
        .into_iter()
        .map(|group| {
            (format!("{} {}", group.rule_id, group.entity), group.count, group.first_ms, group.last_ms)
        })
        .collect();
    groups.sort();
    let mut cases: Vec<_> =
        cases(store).await.into_iter().map(|case| (case.number, case.entity, case.priority)).collect();
    cases.sort();
    (groups, cases)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Replaying a tail of the journal after each batch, as after crashes, changes nothing.
    #[test]
    fn replays_change_nothing(alerts in matches(), cut in 0..25_usize, back in 0..25_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (twice, once) = runtime.block_on(async {
            let cut = cut.min(alerts.len());
            let store = open().await;
            record(&store, &alerts[..cut], &policy()).await;
            record(&store, &alerts[cut.saturating_sub(back)..], &policy()).await;
            let again = record(&store, &alerts, &policy()).await;
            assert_eq!((again.alerts, again.groups, again.cases.len()), (0, 0, 0));
            let other = open().await;
            record(&other, &alerts[..cut], &policy()).await;
            record(&other, &alerts[cut..], &policy()).await;
            (summary(&store).await, summary(&other).await)
        });
        prop_assert_eq!(twice, once);
    }
}

/// What a case that nobody works on any more would swallow.
#[tokio::test]
async fn an_attack_that_goes_on_after_its_case_is_seen_again() {
    for (steps, state) in [
        (vec![State::Triage, State::Resolved], State::Resolved),
        (vec![State::Triage, State::Resolved, State::Closed], State::Closed),
        (vec![State::Withdrawn], State::Withdrawn),
    ] {
        let store = open().await;
        record(&store, &[alert("a", Level::Medium, WEB, 1, 0)], &Policy::default()).await;
        let group = groups(&store).await[0].id;
        let case = by_hand(&store, vec![group]).await;
        let verdict = Change::Verdict { verdict: desk::Verdict::Benign, root_cause: None };
        let mut case = act(&store, &case, 1, verdict).await.unwrap();
        for step in steps {
            case = act(&store, &case, 2, because(step)).await.unwrap();
        }
        assert_eq!(case.state, state);
        let recorded = record(&store, &[alert("a", Level::Medium, WEB, 2, 5)], &Policy::default()).await;
        assert_eq!((recorded.alerts, recorded.groups), (1, 1), "{state:?}");
        let newest = groups(&store).await.into_iter().max_by_key(|group| group.id).unwrap();
        assert_eq!((newest.state, newest.case, newest.count), (GroupState::Open, None, 1), "{state:?}");
        // A replay finds both, and the third alert joins the second.
        let again = [alert("a", Level::Medium, WEB, 2, 5), alert("a", Level::Medium, WEB, 3, 6)];
        let recorded = record(&store, &again, &Policy::default()).await;
        assert_eq!((recorded.alerts, recorded.groups), (1, 0), "{state:?}");
    }
}

#[tokio::test]
async fn what_a_person_took_out_of_a_case_stays_out() {
    let store = open().await;
    record(&store, &[alert("brute", Level::High, WEB, 1, 0)], &policy()).await;
    record(&store, &[alert("root", Level::Critical, WEB, 2, 1)], &policy()).await;
    let case = cases(&store).await.remove(0);
    // Joining is a change that whoever looks at the case has not seen.
    assert_eq!(case.version, 2);
    let group = groups(&store).await.into_iter().find(|group| group.rule_id == "root").unwrap();
    let case = act(&store, &case, 3, Change::Unlink(group.id)).await.unwrap();
    let recorded = record(&store, &[alert("root", Level::Critical, WEB, 3, 4)], &policy()).await;
    assert_eq!((recorded.alerts, recorded.cases.len()), (1, 0));
    let group = groups(&store).await.into_iter().find(|group| group.rule_id == "root").unwrap();
    assert_eq!((group.state, group.case, group.count, group.hands_off), (GroupState::Open, None, 2, true));
    let case = act(&store, &case, 5, Change::Link(group.id)).await.unwrap();
    assert_eq!(case.level, Level::Critical);
    assert!(!groups(&store).await[0].hands_off);
}

#[tokio::test]
async fn the_policy_makes_a_bounded_number_of_cases() {
    let store = open().await;
    let few = Policy { cases_per_hour_max: 2, ..policy() };
    let one = |number: u64| NewAlert {
        ci: None,
        entity: format!("host:web{number}"),
        ..alert("brute", Level::High, WEB, number, 0)
    };
    let storm: Vec<NewAlert> = (1..=5).map(one).collect();
    let recorded = record(&store, &storm, &few).await;
    assert_eq!((recorded.groups, recorded.cases.len(), recorded.held_back), (5, 2, 3));
    let open = groups(&store).await.into_iter().filter(|group| group.state == GroupState::Open).count();
    assert_eq!(open, 3);
    // Another client has its own hour.
    let ghent = record(&store, &[alert("brute", Level::High, GHENT_WEB, 6, 1)], &few).await;
    assert_eq!((ghent.cases.len(), ghent.held_back), (1, 0));
    // A group that was held back is looked at again when it goes on an hour later.
    let mut tx = store.write().await.unwrap();
    let late = NewAlert { event: EventId(9), ..one(5) };
    let recorded = desk::record_alerts(&mut tx, &[late], &few, T0 + 61 * MINUTE).await.unwrap();
    assert_eq!((recorded.cases.len(), recorded.held_back), (1, 0));
}
