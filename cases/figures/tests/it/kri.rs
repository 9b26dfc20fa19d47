//! KRIs from registered cases, CIs, sources and metered events to values, frozen months and trends.

use desk::{Case, Change, NewCase, State};
use event::{
    CiId, ClientId, Event, EventId, Origin, ParseStatus, ProviderId, Scope, SourceId, Timestamp, Transport,
};
use figures::kri::{freeze, month_values, trend};
use figures::{FigureError, KriSettings, KriValue, Status, Subject};
use ledger::month::instant;
use ledger::{Month, NewSource, SourceTransport, Tally};
use store::testing::TestStore;
use store::{Actor, ClientEntry, Organisation, Tx};

struct World {
    store: TestStore,
    a: ClientId,
    b: ClientId,
    provider: ProviderId,
    settings: KriSettings,
}

/// A local time such as `2026-11-20 16:30`.
fn at(text: &str) -> Timestamp {
    instant(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
}

fn november() -> Month {
    "2026-11".parse().unwrap()
}

fn els() -> Actor {
    Actor::person("els", Organisation::Integrator)
}

async fn world() -> World {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    let a = tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap();
    let b = tx.put_client(&ClientEntry::new("gent", "Gent")).await.unwrap();
    let provider = tx.put_provider("netwerk", "Netwerk NV").await.unwrap();
    for (id, client, logging) in [(1, a, 1), (2, a, 1), (3, a, 0), (4, b, 1)] {
        let sql = "INSERT INTO ci (id, client_id, class, name, provider_id, lifecycle, logging, changed_ms)
                   VALUES ($1, $2, 'server', $3, $4, 'active', $5, 0)";
        sqlx::query(sql)
            .bind(i64::from(id))
            .bind(i64::from(client.0))
            .bind(format!("srv-{id}"))
            .bind((id != 2).then_some(i64::from(provider.0)))
            .bind(i64::from(logging))
            .execute(tx.connection())
            .await
            .unwrap();
        let provider = if id == 2 { "[]" } else { "[\"netwerk\"]" };
        let slug = if client == a { "anb" } else { "gent" };
        record(&mut tx, id, 1, 0, None, &format!(
            r#"{{"client":["{slug}"],"class":["server"],"name":["srv-{id}"],"provider":{provider},"lifecycle":["active"],"logging":["{logging}"]}}"#
        ))
        .await;
    }
    tx.commit().await.unwrap();
    World { store, a, b, provider, settings: KriSettings::shipped() }
}

/// The record of a CI for a time, as an import writes it.
async fn record(tx: &mut Tx, ci: i32, version: i64, from: i64, to: Option<i64>, record: &str) {
    let sql = "INSERT INTO ci_version (ci_id, version, valid_from_ms, valid_to_ms, record)
               VALUES ($1, $2, $3, $4, $5)";
    let query = sqlx::query(sql).bind(i64::from(ci)).bind(version).bind(from).bind(to);
    query.bind(record).execute(tx.connection()).await.unwrap();
}

impl World {
    async fn tx(&self) -> Tx {
        self.store.write().await.unwrap()
    }

    async fn source(&self, client: ClientId, name: &str, cis: &[u32], created: &str) -> SourceId {
        let mut new = NewSource::new(client, name, "linux-sshd", SourceTransport::Tcp);
        new.provider = Some(self.provider);
        new.cis = cis.iter().map(|id| CiId(*id)).collect();
        let mut tx = self.tx().await;
        let source = ledger::source::put_source(&mut tx, &new, &els(), at(created)).await.unwrap();
        tx.commit().await.unwrap();
        source
    }

    async fn send(
        &self,
        client: ClientId,
        source: SourceId,
        ci: Option<u32>,
        received: &str,
        raw: usize,
        parsed: usize,
    ) {
        let mut tally = Tally::new();
        for index in 0..raw + parsed {
            let status = if index < raw { ParseStatus::Raw } else { ParseStatus::Parsed };
            tally.add(&Event {
                id: EventId(index as u64),
                raw: b"line",
                received: at(received),
                origin: Origin { client, source, transport: Transport::Tcp, peer: None },
                time: at(received),
                status,
                source_type: "linux-sshd",
                message: "",
                fields: &[],
                defects: &[],
                ci: ci.map(CiId),
                provider: None,
            });
        }
        let mut tx = self.tx().await;
        tally.write(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Registered by the platform, so that registering is no reaction.
    async fn case(&self, client: ClientId, registered: &str) -> Case {
        let title = "brute force".to_owned();
        let new = NewCase { client, title, groups: Vec::new(), ci: None, level: None };
        let mut tx = self.tx().await;
        let every = Scope::every_client();
        let policy = Actor::program("policy");
        let case = desk::register(&mut tx, &every, &policy, at(registered).millis(), &new).await.unwrap();
        tx.commit().await.unwrap();
        case
    }

    async fn step(&self, case: Case, to: State, when: &str) -> Case {
        let every = Scope::every_client();
        let change = Change::State { to, reason: Some("test".to_owned()) };
        let mut tx = self.tx().await;
        let at_ms = at(when).millis();
        let changed = desk::change(&mut tx, &every, &els(), at_ms, case.id, case.version, &change).await;
        tx.commit().await.unwrap();
        changed.unwrap()
    }

    async fn values(&self, scope: &Scope, now: &str) -> Vec<KriValue> {
        let mut connection = self.store.read().acquire().await.unwrap();
        month_values(&mut connection, scope, &self.settings, november(), at(now)).await.unwrap()
    }

    async fn value(&self, kri: &str, subject: Subject, now: &str) -> KriValue {
        let values = self.values(&Scope::every_client(), now).await;
        let found = values.into_iter().find(|v| v.kri == kri && v.subject == subject && v.priority.is_none());
        found.unwrap()
    }
}

#[tokio::test]
async fn coverage_silence_and_parse_failures_come_out_of_the_meter() {
    let world = world().await;
    let web = world.source(world.a, "web", &[1], "2026-11-01 00:00").await;
    world.source(world.a, "mute", &[2], "2026-11-01 00:00").await;
    let other = world.source(world.b, "mail", &[], "2026-11-01 00:00").await;
    world.send(world.a, web, Some(1), "2026-11-19 12:00", 1, 99).await;
    world.send(world.b, other, Some(4), "2026-11-19 12:00", 3, 97).await;
    let now = "2026-11-19 18:00";
    let coverage = world.value("K09", Subject::Total, now).await;
    assert_eq!((coverage.part, coverage.n, coverage.status), (Some(2), 3, Some(Status::Red)));
    assert_eq!(coverage.rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["srv-2"]);
    // The CI of the other client is covered by what was heard about it, without any link.
    assert_eq!(world.value("K09", Subject::Client(world.b.0), now).await.value, Some(100.0));
    assert_eq!(world.value("K09", Subject::Provider(world.provider.0), now).await.part, Some(2));
    let silent = world.value("K11", Subject::Total, now).await;
    assert_eq!((silent.part, silent.n), (Some(1), 3));
    assert_eq!(silent.rows[0].note, "never-heard");
    let failures = world.value("K14", Subject::Total, now).await;
    assert_eq!((failures.part, failures.n, failures.value), (Some(4), 200, Some(2.0)));
    // A day later both have been silent for longer than the default bears.
    assert_eq!(world.value("K11", Subject::Total, "2026-11-20 12:01").await.part, Some(3));
    assert_eq!(world.value("K09", Subject::Total, "2026-11-20 12:01").await.part, Some(0));
}

#[tokio::test]
async fn times_come_out_of_the_timeline_of_cases() {
    let world = world().await;
    for minute in ["10", "20", "30", "40", "50"] {
        let case = world.case(world.a, "2026-11-19 10:00").await;
        let case = world.step(case, State::Triage, &format!("2026-11-19 10:{minute}")).await;
        let case = world.step(case, State::Investigating, "2026-11-19 11:00").await;
        world.step(case, State::Resolved, "2026-11-20 10:00").await;
    }
    let open = world.case(world.b, "2026-11-02 10:00").await;
    let now = "2026-11-25 10:00";
    let acknowledged = world.value("K02", Subject::Total, now).await;
    assert_eq!((acknowledged.n, acknowledged.value, acknowledged.p90), (5, Some(30.0), Some(50.0)));
    // 10:30 to 17:00 and 09:00 to 10:00 the next day.
    let resolved = world.value("K04", Subject::Client(world.a.0), now).await;
    assert_eq!((resolved.n, resolved.value), (5, Some(450.0)));
    let over = world.value("K06", Subject::Client(world.b.0), now).await;
    assert_eq!((over.n, over.part, over.rows[0].id), (1, Some(1), open.id.0));
    // As of an earlier moment nothing of what came later is known.
    let before = world.value("K06", Subject::Total, "2026-11-19 10:05").await;
    assert_eq!(before.n, 6);
    assert_eq!(world.value("K02", Subject::Total, "2026-11-19 10:25").await.n, 2);
}

/// Yesterday's answer can be asked for again, whatever was decided since.
#[tokio::test]
async fn a_case_is_judged_as_it_was() {
    let world = world().await;
    let mut tx = world.tx().await;
    let cloud = tx.put_provider("cloud", "Cloud").await.unwrap();
    tx.commit().await.unwrap();
    let case = world.case(world.a, "2026-11-19 10:00").await;
    let change = async |case: Case, when: &str, change: Change| {
        let mut tx = world.tx().await;
        let at_ms = at(when).millis();
        let every = Scope::every_client();
        let changed = desk::change(&mut tx, &every, &els(), at_ms, case.id, case.version, &change).await;
        tx.commit().await.unwrap();
        changed.unwrap()
    };
    let give = |provider| Change::Assign { provider, user: None, reason: None };
    let case = change(case, "2026-11-20 10:00", give(Some(world.provider))).await;
    let case = change(case, "2026-11-23 10:00", give(Some(cloud))).await;
    let overrule = Change::Priority { priority: 1, reason: "test".to_owned() };
    change(case, "2026-11-24 10:00", overrule).await;
    let over = async |now: &str| {
        let values = world.values(&Scope::every_client(), now).await;
        let of_case = values.into_iter().filter(|value| value.kri == "K06" && value.n == 1);
        of_case
            .map(|value| (value.subject, value.rows.first().map(|row| row.note.clone())))
            .collect::<Vec<_>>()
    };
    let (total, anb) = (Subject::Total, Subject::Client(world.a.0));
    let (first, second) = (Subject::Provider(world.provider.0), Subject::Provider(cloud.0));
    assert_eq!(over("2026-11-19 12:00").await, [(total, None), (anb, None)]);
    assert_eq!(over("2026-11-20 12:00").await, [(total, None), (anb, None), (first, None)]);
    // Not critical yet, so not late; a day later it is both.
    assert_eq!(over("2026-11-23 12:00").await, [(total, None), (anb, None), (second, None)]);
    let late = Some("priority 1".to_owned());
    assert_eq!(over("2026-11-24 12:00").await, [(total, late.clone()), (anb, late.clone()), (second, late)]);
}

#[tokio::test]
async fn a_merged_case_keeps_the_older_clock() {
    let world = world().await;
    let older = world.case(world.a, "2026-11-19 09:00").await;
    let older = world.step(older, State::Triage, "2026-11-19 09:10").await;
    let stays = world.case(world.a, "2026-11-20 09:00").await;
    let mut tx = world.tx().await;
    let merge = Change::Merge { into: stays.id, reason: "zelfde".to_owned() };
    let (every, at_ms) = (Scope::every_client(), at("2026-11-20 10:00").millis());
    desk::change(&mut tx, &every, &els(), at_ms, older.id, older.version, &merge).await.unwrap();
    let stays = desk::case_by_number(&world.store, &every, &stays.number).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let stays = Case { version: stays.version + 1, ..stays };
    let stays = world.step(stays, State::Triage, "2026-11-20 10:10").await;
    world.step(stays, State::Resolved, "2026-11-20 11:00").await;
    let now = "2026-11-25 10:00";
    // From 9:10 on the day before: 7:50 of it, and two hours of this one.
    let resolved = world.value("K04", Subject::Total, now).await;
    assert_eq!((resolved.n, resolved.rows[0].figure), (1, 590.0));
    // Before the merge the one that stays had a clock of its own.
    assert_eq!(world.value("K02", Subject::Total, "2026-11-19 12:00").await.n, 1);
}

/// Coverage of a day is of the CIs of that day.
#[tokio::test]
async fn coverage_is_of_the_cis_as_they_were() {
    let world = world().await;
    let mut tx = world.tx().await;
    let change = at("2026-11-10 12:00").millis();
    sqlx::query("UPDATE ci_version SET valid_to_ms = $1 WHERE ci_id = 1")
        .bind(change)
        .execute(tx.connection())
        .await
        .unwrap();
    let retired =
        r#"{"client":["anb"],"class":["server"],"name":["srv-1"],"lifecycle":["retired"],"logging":["1"]}"#;
    record(&mut tx, 1, 2, change, None, retired).await;
    sqlx::query("UPDATE ci SET lifecycle = 'retired', provider_id = NULL WHERE id = 1")
        .execute(tx.connection())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let of_provider = Subject::Provider(world.provider.0);
    assert_eq!(world.value("K09", of_provider, "2026-11-10 11:00").await.n, 2);
    assert_eq!(world.value("K09", of_provider, "2026-11-10 13:00").await.n, 1);
}

#[tokio::test]
async fn withdrawn_and_merged_cases_do_not_count() {
    let world = world().await;
    let stays = world.case(world.a, "2026-11-19 10:00").await;
    let mistake = world.case(world.a, "2026-11-19 10:00").await;
    let twin = world.case(world.a, "2026-11-19 10:00").await;
    world.step(mistake, State::Withdrawn, "2026-11-19 11:00").await;
    let merge = Change::Merge { into: stays.id, reason: "zelfde".to_owned() };
    let mut tx = world.tx().await;
    let at_ms = at("2026-11-19 11:30").millis();
    desk::change(&mut tx, &Scope::every_client(), &els(), at_ms, twin.id, twin.version, &merge)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.value("K06", Subject::Total, "2026-11-19 12:00").await.n, 1);
    assert_eq!(world.value("K06", Subject::Total, "2026-11-19 11:15").await.n, 2);
}

#[tokio::test]
async fn each_sees_what_is_about_it() {
    let world = world().await;
    world.source(world.a, "web", &[1], "2026-11-01 00:00").await;
    world.source(world.b, "mail", &[4], "2026-11-01 00:00").await;
    let now = "2026-11-19 18:00";
    let subjects = async |scope: Scope| {
        let mut subjects: Vec<_> =
            world.values(&scope, now).await.iter().map(|value| value.subject).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    };
    let (a, b) = (Subject::Client(world.a.0), Subject::Client(world.b.0));
    let provider = Subject::Provider(world.provider.0);
    assert_eq!(subjects(Scope::clients([world.a])).await, [a]);
    assert_eq!(subjects(Scope::clients([world.b])).await, [b]);
    assert_eq!(subjects(Scope::clients([])).await, []);
    assert_eq!(subjects(Scope::provider(world.provider)).await, [provider]);
    assert_eq!(subjects(Scope::provider(ProviderId(99))).await, []);
    assert_eq!(subjects(Scope::every_client()).await, [Subject::Total, a, b, provider]);
    for value in world.values(&Scope::clients([world.a]), now).await {
        assert!(value.rows.iter().all(|row| row.client == world.a.0));
    }
}

#[tokio::test]
async fn a_frozen_month_stays_and_makes_the_trend() {
    let world = world().await;
    let web = world.source(world.a, "web", &[1], "2026-11-01 00:00").await;
    world.send(world.a, web, Some(1), "2026-11-30 12:00", 5, 95).await;
    let mut tx = world.tx().await;
    let early = freeze(&mut tx, &world.settings, november(), &els(), at("2026-11-30 23:59")).await;
    assert!(matches!(early, Err(FigureError::NotOver(_))));
    let count = freeze(&mut tx, &world.settings, november(), &els(), at("2026-12-01 09:00")).await.unwrap();
    let twice = freeze(&mut tx, &world.settings, november(), &els(), at("2026-12-01 09:00")).await;
    assert_eq!(twice.unwrap_err().to_string(), "the KRIs of 2026-11 are frozen");
    tx.commit().await.unwrap();
    // What arrives or changes later is not in it.
    world.send(world.a, web, Some(1), "2026-11-30 13:00", 95, 5).await;
    let now = "2026-12-02 09:00";
    assert_eq!(world.values(&Scope::every_client(), now).await.len(), count);
    let frozen = world.value("K14", Subject::Total, now).await;
    assert_eq!((frozen.frozen, frozen.value, frozen.version), (true, Some(5.0), 1));
    let mut connection = world.store.read().acquire().await.unwrap();
    let (every, december) = (Scope::every_client(), november().next());
    let past = trend(&mut connection, &every, "K14", Subject::Total, december).await.unwrap();
    assert_eq!(
        past.iter().map(|value| (value.month, value.value)).collect::<Vec<_>>(),
        [(november(), Some(5.0))]
    );
    let hidden = Scope::clients([world.b]);
    assert_eq!(trend(&mut connection, &hidden, "K14", Subject::Total, december).await.unwrap(), []);
    let year_later = november().plus(13);
    assert_eq!(trend(&mut connection, &every, "K14", Subject::Total, year_later).await.unwrap(), []);
}
