//! Two clients, two providers, three CIs, and alerts about them.

use desk::{Case, Change, DeskError, GroupId, Level, NewAlert, NewCase, Policy, Recorded, State};
use event::{CiId, ClientId, EventId, ProviderId, Scope, SourceId};
use store::testing::TestStore;
use store::{Actor, ClientEntry, Organisation, Store};

pub const ANB: ClientId = ClientId(1);
pub const GENT: ClientId = ClientId(2);
pub const CLOUD: ProviderId = ProviderId(1);
pub const NETWERKEN: ProviderId = ProviderId(2);

/// Of ANB, operated by CLOUD, critical, 24/7.
pub const WEB: CiId = CiId(1);
/// Of ANB, operated by NETWERKEN, not critical.
pub const SWITCH: CiId = CiId(2);
/// Of Ghent, operated by CLOUD.
pub const GHENT_WEB: CiId = CiId(3);

/// 2026-10-31T22:50:00Z, which is 23:50 in Brussels.
pub const T0: i64 = 1_793_487_000_000;
pub const MINUTE: i64 = 60_000;

pub async fn open() -> TestStore {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap(), ANB);
    assert_eq!(tx.put_client(&ClientEntry::new("gent", "Gent")).await.unwrap(), GENT);
    assert_eq!(tx.put_provider("cloud", "Cloud").await.unwrap(), CLOUD);
    assert_eq!(tx.put_provider("netwerken", "Netwerken").await.unwrap(), NETWERKEN);
    for (ci, client, provider, criticality, always_on) in
        [(WEB, ANB, CLOUD, 1, 1), (SWITCH, ANB, NETWERKEN, 4, 0), (GHENT_WEB, GENT, CLOUD, 2, 0)]
    {
        let sql =
            "INSERT INTO ci (id, client_id, class, name, provider_id, criticality, always_on, lifecycle,
                   logging, changed_ms) VALUES ($1, $2, 'server', 'ci', $3, $4, $5, 'active', 1, 0)";
        sqlx::query(sql)
            .bind(i64::from(ci.0))
            .bind(i64::from(client.0))
            .bind(i64::from(provider.0))
            .bind(i64::from(criticality))
            .bind(i64::from(always_on))
            .execute(tx.connection())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    store
}

/// An alert of a rule about a CI: `event` numbers the event, `minute` counts from [`T0`].
pub fn alert(rule: &str, level: Level, ci: CiId, event: u64, minute: i64) -> NewAlert {
    let (client, provider) = match ci {
        WEB => (ANB, CLOUD),
        SWITCH => (ANB, NETWERKEN),
        _ => (GENT, CLOUD),
    };
    NewAlert {
        rule_id: rule.to_owned(),
        rule_title: format!("Rule {rule}"),
        level,
        client,
        source: SourceId(1),
        source_type: "linux-sshd".to_owned(),
        ci: Some(ci),
        provider: Some(provider),
        entity: format!("ci:{ci}"),
        event: EventId(event),
        event_ms: T0 + minute * MINUTE,
        received_ms: T0 + minute * MINUTE,
        summary: format!("event {event}"),
    }
}

pub fn policy() -> Policy {
    Policy::parse("[[case]]\nlevels = ['high', 'critical']\n").unwrap()
}

pub async fn record(store: &Store, alerts: &[NewAlert], policy: &Policy) -> Recorded {
    let mut tx = store.write().await.unwrap();
    let recorded = desk::record_alerts(&mut tx, alerts, policy, T0).await.unwrap();
    tx.commit().await.unwrap();
    recorded
}

pub fn analyst() -> Actor {
    Actor::person("els", Organisation::Integrator)
}

pub async fn groups(store: &Store) -> Vec<desk::AlertGroup> {
    let all = desk::GroupFilter::default();
    desk::alert_queue(store, &Scope::operator(), &all).await.unwrap().groups
}

pub async fn cases(store: &Store) -> Vec<Case> {
    let all = desk::CaseFilter::default();
    desk::case_queue(store, &Scope::every_client(), &all).await.unwrap().cases
}

/// A change by the analyst, so many minutes after [`T0`].
pub async fn act(store: &Store, case: &Case, minute: i64, change: Change) -> Result<Case, DeskError> {
    let mut tx = store.write().await?;
    let at_ms = T0 + minute * MINUTE;
    let every = Scope::every_client();
    let changed = desk::change(&mut tx, &every, &analyst(), at_ms, case.id, case.version, &change).await?;
    tx.commit().await?;
    Ok(changed)
}

pub fn because(to: State) -> Change {
    Change::State { to, reason: Some("because".into()) }
}

/// A case of ANB that the analyst registers at [`T0`].
pub async fn by_hand(store: &Store, groups: Vec<GroupId>) -> Case {
    let mut tx = store.write().await.unwrap();
    let new = NewCase { client: ANB, title: String::new(), groups, ci: None, level: None };
    let case = desk::register(&mut tx, &Scope::every_client(), &analyst(), T0, &new).await.unwrap();
    tx.commit().await.unwrap();
    case
}
