//! The life of a case.

use crate::world::{
    ANB, CLOUD, GENT, MINUTE, NETWERKEN, SWITCH, T0, WEB, act, alert, analyst, because, by_hand, cases,
    groups, open, policy, record,
};
use desk::{Case, CaseFilter, CaseId, Change, DeskError, Level, NewCase, Policy, State, Verdict};
use event::Scope;
use store::{Actor, Organisation, Store};

fn to(state: State) -> Change {
    Change::State { to: state, reason: None }
}

async fn titled(store: &Store, title: &str) -> Case {
    let mut tx = store.write().await.unwrap();
    let new = NewCase { client: ANB, title: title.into(), groups: vec![], ci: Some(WEB), level: None };
    let case = desk::register(&mut tx, &Scope::every_client(), &analyst(), T0, &new).await.unwrap();
    tx.commit().await.unwrap();
    case
}

async fn automatic(store: &Store) -> Case {
    record(store, &[alert("brute", Level::High, WEB, 1, 0)], &policy()).await;
    cases(store).await.remove(0)
}

#[tokio::test]
async fn from_new_to_closed_with_all_clocks() {
    let store = open().await;
    let case = automatic(&store).await;
    assert_eq!((case.priority, case.due_ms), (1, Some(T0 + 15 * MINUTE)));
    let case = act(&store, &case, 5, to(State::Triage)).await.unwrap();
    assert_eq!((case.acknowledged_ms, case.due_ms), (Some(T0 + 5 * MINUTE), Some(T0 + 240 * MINUTE)));
    let case = act(&store, &case, 6, to(State::Investigating)).await.unwrap();
    assert!(matches!(act(&store, &case, 7, to(State::OnHold)).await, Err(DeskError::Missing("reason"))));
    let case = act(&store, &case, 10, because(State::OnHold)).await.unwrap();
    assert_eq!(case.due_ms, None);
    let case = act(&store, &case, 40, to(State::Contained)).await.unwrap();
    assert_eq!(case.due_ms, Some(T0 + 270 * MINUTE));
    let case = act(&store, &case, 60, to(State::Resolved)).await.unwrap();
    assert!(matches!(act(&store, &case, 61, to(State::Closed)).await, Err(DeskError::Missing("verdict"))));
    let verdict =
        Change::Verdict { verdict: Verdict::TruePositive, root_cause: Some("weak password".into()) };
    let case = act(&store, &case, 62, verdict).await.unwrap();
    let case = act(&store, &case, 63, to(State::Closed)).await.unwrap();
    assert_eq!((case.contained_ms, case.resolved_ms), (Some(T0 + 40 * MINUTE), Some(T0 + 60 * MINUTE)));
    assert_eq!((case.closed_ms, case.verdict), (Some(T0 + 63 * MINUTE), Some(Verdict::TruePositive)));

    let every = Scope::every_client();
    let detail = desk::case_detail(&store, &every, Organisation::Integrator, case.id).await.unwrap().unwrap();
    assert_eq!(detail.clocks.held_ms(), 30 * MINUTE);
    let kinds: Vec<&str> = detail.timeline.iter().map(|event| event.kind.name()).collect();
    assert_eq!(
        kinds,
        ["registered", "assigned", "linked", "state", "state", "state", "state", "state", "verdict", "state"]
    );
    // One row for each change that happened, and for the registration.
    assert_eq!(store.audit_check().await.unwrap(), (8, None));
}

#[tokio::test]
async fn steps_that_the_workflow_lacks_are_refused() {
    let store = open().await;
    let case = automatic(&store).await;
    for state in [State::New, State::Contained, State::Resolved, State::Closed, State::Reopened] {
        let error = act(&store, &case, 1, because(state)).await.unwrap_err();
        assert!(matches!(error, DeskError::Step { .. }), "{state:?}: {error}");
    }
    assert!(matches!(act(&store, &case, 1, because(State::Merged)).await, Err(DeskError::Missing(_))));
    let gone = act(&store, &case, 1, because(State::Withdrawn)).await.unwrap();
    assert!(act(&store, &gone, 2, to(State::Triage)).await.is_err());
}

#[tokio::test]
async fn the_second_of_two_who_grab_a_case_is_told() {
    let store = open().await;
    let case = automatic(&store).await;
    let grab = |user: &str| Change::Assign { provider: case.provider, user: Some(user.into()), reason: None };
    let first = act(&store, &case, 1, grab("els")).await.unwrap();
    let error = act(&store, &case, 1, grab("jan")).await.unwrap_err();
    assert!(matches!(error, DeskError::Conflict { asked: 1, found: 2, .. }), "{error}");
    assert_eq!(first.assignee.as_deref(), Some("els"));
    assert_eq!(first.reassignments, 0);
}

#[tokio::test]
async fn a_case_that_is_handed_on_too_often_stands_out() {
    let store = open().await;
    let mut case = automatic(&store).await;
    for (turn, provider) in [NETWERKEN, CLOUD, NETWERKEN, CLOUD].into_iter().enumerate() {
        assert!(!case.needs_coordination());
        let change = Change::Assign { provider: Some(provider), user: None, reason: None };
        case = act(&store, &case, turn as i64, change).await.unwrap();
    }
    assert_eq!((case.reassignments, case.needs_coordination()), (4, true));
}

#[tokio::test]
async fn an_overruled_priority_needs_a_reason_and_stays() {
    let store = open().await;
    let case = automatic(&store).await;
    let overrule = |priority, reason: &str| Change::Priority { priority, reason: reason.into() };
    assert!(act(&store, &case, 1, overrule(3, "")).await.is_err());
    assert!(act(&store, &case, 1, overrule(5, "x")).await.is_err());
    let case = act(&store, &case, 1, overrule(3, "test machine")).await.unwrap();
    assert_eq!((case.priority, case.proposed_priority), (3, 1));
    record(&store, &[alert("root", Level::Critical, WEB, 2, 2)], &policy()).await;
    let case = cases(&store).await.remove(0);
    assert_eq!((case.level, case.priority), (Level::Critical, 3));
}

#[tokio::test]
async fn a_case_that_is_given_back_and_handed_on_counts() {
    let store = open().await;
    let case = automatic(&store).await;
    assert_eq!(case.provider, Some(CLOUD));
    let give = |provider| Change::Assign { provider, user: Some("els".into()), reason: None };
    let case = act(&store, &case, 1, give(None)).await.unwrap();
    let case = act(&store, &case, 2, give(Some(CLOUD))).await.unwrap();
    assert_eq!(case.reassignments, 0);
    let case = act(&store, &case, 3, give(None)).await.unwrap();
    let case = act(&store, &case, 4, give(Some(NETWERKEN))).await.unwrap();
    assert_eq!(case.reassignments, 1);
}

#[tokio::test]
async fn linking_by_hand_raises_a_case() {
    let store = open().await;
    record(&store, &[alert("low", Level::Low, WEB, 1, 0)], &Policy::default()).await;
    record(&store, &[alert("root", Level::Critical, WEB, 2, 0)], &Policy::default()).await;
    let all = groups(&store).await;
    let of = |rule: &str| all.iter().find(|group| group.rule_id == rule).unwrap().id;
    let case = by_hand(&store, vec![of("low")]).await;
    assert_eq!((case.level, case.urgency, case.priority), (Level::Low, 4, 3));
    let case = act(&store, &case, 1, Change::Link(of("root"))).await.unwrap();
    assert_eq!((case.level, case.urgency, case.proposed_priority, case.priority), (Level::Critical, 1, 1, 1));
    // Its targets are those of the new priority.
    assert_eq!(case.due_ms, Some(T0 + 240 * MINUTE));
}

#[tokio::test]
async fn merging_raises_the_case_that_stays_and_keeps_the_older_clock() {
    let store = open().await;
    record(&store, &[alert("root", Level::Critical, WEB, 1, 0)], &policy()).await;
    let older = cases(&store).await.remove(0);
    let older = act(&store, &older, 10, to(State::Triage)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let new = NewCase { client: ANB, title: "later".into(), groups: vec![], ci: Some(SWITCH), level: None };
    let every = Scope::every_client();
    let program = Actor::program("policy");
    let later = desk::register(&mut tx, &every, &program, T0 + 60 * MINUTE, &new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((later.level, later.priority, later.started_ms), (Level::Medium, 4, T0 + 60 * MINUTE));
    let merge = Change::Merge { into: later.id, reason: "the same".into() };
    act(&store, &older, 70, merge).await.unwrap();
    let detail =
        desk::case_detail(&store, &every, Organisation::Integrator, later.id).await.unwrap().unwrap();
    let later = detail.case;
    assert_eq!((later.level, later.impact, later.priority), (Level::Critical, 1, 1));
    assert_eq!((later.registered_ms, later.started_ms), (T0 + 60 * MINUTE, T0));
    assert_eq!(
        (later.acknowledged_ms, detail.clocks.acknowledged_ms),
        (Some(T0 + 10 * MINUTE), later.acknowledged_ms)
    );
    // What the older was about never waits for office hours.
    assert_eq!((later.always_on, later.due_ms), (true, Some(T0 + 240 * MINUTE)));
}

#[tokio::test]
async fn a_closed_case_that_is_reopened_did_not_wait() {
    let store = open().await;
    let case = automatic(&store).await;
    let mut case = act(&store, &case, 5, to(State::Triage)).await.unwrap();
    for (minute, state) in [(60, State::Resolved), (360, State::Reopened)] {
        case = act(&store, &case, minute, because(state)).await.unwrap();
    }
    assert_eq!(case.due_ms, Some(T0 + (240 + 300) * MINUTE));
}

#[tokio::test]
async fn what_lies_near_is_bounded_by_time_before_it_is_by_number() {
    let store = open().await;
    let day = 24 * 60;
    // More groups than a page, all more severe and all older than a day.
    let mut alerts: Vec<_> =
        (1..=201).map(|event| alert(&format!("r{event}"), Level::Critical, WEB, event, 0)).collect();
    alerts.push(alert("near", Level::Low, WEB, 300, 3 * day));
    alerts.push(alert("own", Level::Low, WEB, 301, 3 * day));
    record(&store, &alerts, &Policy::default()).await;
    let all = desk::GroupFilter { rule: Some("own".into()), ..Default::default() };
    let own = desk::alert_queue(&store, &Scope::every_client(), &all).await.unwrap().groups[0].id;
    let case = by_hand(&store, vec![own]).await;
    let near = desk::nearby(&store, &Scope::every_client(), &case).await.unwrap();
    assert_eq!(near.iter().map(|group| group.rule_id.as_str()).collect::<Vec<_>>(), ["near"]);
}

/// Neither the pattern's signs nor letters beyond ASCII keep a title from being found by its own words.
#[tokio::test]
async fn titles_are_found_by_what_they_hold() {
    let store = open().await;
    titled(&store, "100% geëscaleerd: État_x").await;
    titled(&store, "100 geescaleerd").await;
    let found = async |text: &str| {
        let filter = CaseFilter { text: Some(text.into()), ..CaseFilter::default() };
        desk::case_queue(&store, &Scope::every_client(), &filter).await.unwrap().total
    };
    assert_eq!((found("État").await, found("100%").await, found("t_X").await), (1, 1, 1));
    assert_eq!((found("GEËSC").await, found("geëSC").await, found("sc-").await), (0, 1, 2));
}

#[tokio::test]
async fn a_provider_registers_only_about_its_own_cis() {
    let store = open().await;
    let new = NewCase { client: ANB, title: "x".into(), groups: vec![], ci: Some(SWITCH), level: None };
    let mut tx = store.write().await.unwrap();
    let elsewhere = desk::register(&mut tx, &Scope::provider(CLOUD), &analyst(), T0, &new).await;
    assert!(matches!(elsewhere, Err(DeskError::NotFound { what: "CI", .. })));
    desk::register(&mut tx, &Scope::provider(NETWERKEN), &analyst(), T0, &new).await.unwrap();
}

/// EXAMPLES, what is a case: three registered, one merged into another: two are counted.
#[tokio::test]
async fn merging_counts_once_and_takes_the_alerts_along() {
    let store = open().await;
    let (one, two, three) =
        (titled(&store, "one").await, titled(&store, "two").await, titled(&store, "three").await);
    record(&store, &[alert("a", Level::Low, WEB, 1, 0)], &policy()).await;
    let group = groups(&store).await[0].id;
    let two = act(&store, &two, 1, Change::Link(group)).await.unwrap();
    assert!(act(&store, &one, 1, Change::Link(group)).await.is_err());
    let merge = |into: CaseId| Change::Merge { into, reason: "the same incident".into() };
    assert!(act(&store, &two, 2, merge(two.id)).await.is_err());
    let two = act(&store, &two, 2, merge(one.id)).await.unwrap();
    assert_eq!((two.state, two.merged_into), (State::Merged, Some(one.id)));
    let error = act(&store, &three, 3, merge(two.id)).await.unwrap_err();
    assert!(error.to_string().contains("is merged"), "{error}");
    assert_eq!(groups(&store).await[0].case, Some(one.id));

    let sql = "SELECT COUNT(*) FROM security_case WHERE merged_into_id IS NULL AND withdrawn_ms IS NULL
               AND client_id = 1 AND registered_ms >= 0";
    let counted: i64 = sqlx::query_scalar(sql).fetch_one(store.read()).await.unwrap();
    assert_eq!(counted, 2);
}

#[tokio::test]
async fn a_case_by_hand_is_acknowledged_and_of_one_client() {
    let store = open().await;
    record(&store, &[alert("a", Level::Medium, SWITCH, 1, 0)], &policy()).await;
    let group = groups(&store).await[0].id;
    let mut new = NewCase { client: GENT, title: String::new(), groups: vec![group], ci: None, level: None };
    let mut tx = store.write().await.unwrap();
    let every = Scope::every_client();
    assert!(matches!(
        desk::register(&mut tx, &every, &analyst(), T0, &new).await,
        Err(DeskError::Invalid { .. })
    ));
    let ghent = Scope::clients([GENT]);
    assert!(matches!(
        desk::register(&mut tx, &ghent, &analyst(), T0, &new).await,
        Err(DeskError::NotFound { .. })
    ));
    new.client = ANB;
    let case = desk::register(&mut tx, &every, &analyst(), T0, &new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((case.title.as_str(), case.ci, case.provider), ("Rule a", Some(SWITCH), Some(NETWERKEN)));
    assert_eq!((case.acknowledged_ms, case.priority), (Some(T0), 4));
    let unlinked = act(&store, &case, 1, Change::Unlink(group)).await.unwrap();
    let near = desk::nearby(&store, &every, &unlinked).await.unwrap();
    assert_eq!(near.len(), 1);
}

/// D4.7: internal notes are the author's organisation's, shared ones everybody's on the case.
#[tokio::test]
async fn notes_are_seen_by_whom_they_are_for() {
    let store = open().await;
    let case = automatic(&store).await;
    let provider = Actor::person("piet", Organisation::Provider(CLOUD));
    let client = Actor::person("karin", Organisation::Client(ANB));
    let mut tx = store.write().await.unwrap();
    for (actor, text, shared) in [
        (&analyst(), "soc internal", false),
        (&analyst(), "soc shared", true),
        (&provider, "cloud internal", false),
        (&client, "anb shared", true),
    ] {
        let scope = Scope::every_client();
        desk::add_note(&mut tx, &scope, actor, T0, case.id, text, shared).await.unwrap();
    }
    let elsewhere = Scope::clients([GENT]);
    let outside = desk::add_note(&mut tx, &elsewhere, &client, T0, case.id, "x", true).await;
    assert!(matches!(outside, Err(DeskError::NotFound { .. })));
    tx.commit().await.unwrap();
    for (viewer, seen) in [
        (Organisation::Integrator, vec!["soc internal", "soc shared", "anb shared"]),
        (Organisation::Provider(CLOUD), vec!["soc shared", "cloud internal", "anb shared"]),
        (Organisation::Provider(NETWERKEN), vec!["soc shared", "anb shared"]),
        (Organisation::Client(ANB), vec!["soc shared", "anb shared"]),
    ] {
        let every = Scope::every_client();
        let detail = desk::case_detail(&store, &every, viewer, case.id).await.unwrap().unwrap();
        let texts: Vec<&str> = detail.notes.iter().map(|note| note.body.as_str()).collect();
        assert_eq!(texts, seen, "{viewer:?}");
    }
}

#[tokio::test]
async fn the_queue_is_ranked_and_its_pages_join_up() {
    let store = open().await;
    for (title, level) in
        [("a", Level::Low), ("b", Level::Critical), ("c", Level::High), ("d", Level::Medium)]
    {
        let mut tx = store.write().await.unwrap();
        let new = NewCase {
            client: ANB,
            title: title.into(),
            groups: vec![],
            ci: Some(SWITCH),
            level: Some(level),
        };
        desk::register(&mut tx, &Scope::every_client(), &analyst(), T0, &new).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut filter = CaseFilter { limit: 3, ..CaseFilter::open() };
    let mut titles = Vec::new();
    loop {
        let page = desk::case_queue(&store, &Scope::every_client(), &filter).await.unwrap();
        assert_eq!(page.total, 4);
        titles.extend(page.cases.into_iter().map(|case| case.title));
        if page.next.is_none() {
            break;
        }
        filter.after = page.next;
    }
    assert_eq!(titles, ["b", "c", "a", "d"]);
    let counts = desk::case_counts(&store, &Scope::clients([ANB])).await.unwrap();
    assert_eq!(counts, [(State::New, 3, 2), (State::New, 4, 2)]);
}
