//! Values out of facts that can be checked by hand.

use super::*;
use crate::Flag;
use ledger::month::instant;

fn at(text: &str) -> Timestamp {
    instant(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
}

fn facts() -> Facts {
    let month: Month = "2026-11".parse().unwrap();
    Facts {
        month,
        as_of: Timestamp(month.end().0 - 1),
        cis: Vec::new(),
        sources: Vec::new(),
        cases: Vec::new(),
    }
}

fn source(id: u32, client: u32, provider: Option<u32>, silent: bool) -> SourceFact {
    let flags = if silent { vec![Flag::Silent { silent_ms: 9 }] } else { Vec::new() };
    let last_ms = Some(at("2026-11-30 12:00").millis());
    SourceFact {
        source: SourceId(id),
        name: format!("source {id}"),
        client: ClientId(client),
        provider: provider.map(ProviderId),
        active: true,
        health: Health { flags, silence_bound_ms: 1, learned: true, last_ms },
        events: 1000,
        raw: 0,
    }
}

fn ci(id: u32, client: u32, provider: Option<u32>, sources: &[u32]) -> CiFact {
    let sources = sources.iter().map(|id| SourceId(*id)).collect();
    let provider = provider.map(ProviderId);
    CiFact { ci: CiId(id), name: format!("ci {id}"), client: ClientId(client), provider, sources }
}

fn case(id: i64, client: u32, priority: u8, registered: &str) -> CaseFact {
    CaseFact {
        id,
        number: format!("SC-{id}"),
        client: ClientId(client),
        provider: Some(ProviderId(7)),
        priority,
        always_on: false,
        alerted: at(registered),
        started: at(registered),
        acknowledged: None,
        resolved: None,
        holds: Vec::new(),
    }
}

fn values(facts: &Facts, kri: &str) -> Vec<KriValue> {
    let mut values = compute(&KriPack::shipped(), &Calendar::shipped(), facts);
    values.retain(|value| value.kri == kri);
    values
}

/// `subject priority: part/n value (p90) status | rows`
fn shown(values: &[KriValue]) -> String {
    let line = |value: &KriValue| {
        let subject = match value.subject {
            Subject::Total => "total".to_owned(),
            Subject::Client(id) => format!("client {id}"),
            Subject::Provider(id) => format!("provider {id}"),
        };
        let priority = value.priority.map_or(String::new(), |priority| format!(" P{priority}"));
        let part = value.part.map_or(String::new(), |part| format!("{part}/"));
        let figure = |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"));
        let status = value.status.map_or("-".to_owned(), |status| format!("{status:?}"));
        let rows: Vec<_> = value.rows.iter().map(|row| format!("{} {}", row.label, row.note)).collect();
        let (n, value, p90) = (value.n, figure(value.value), figure(value.p90));
        format!("{subject}{priority}: {part}{n} {value} ({p90}) {status} | {}", rows.join(", "))
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn coverage_counts_cis_with_a_healthy_source() {
    let mut facts = facts();
    facts.sources = vec![source(1, 1, None, false), source(2, 1, None, true), source(3, 2, None, false)];
    facts.sources[2].active = false;
    facts.cis = vec![
        ci(1, 1, Some(7), &[1]),
        ci(2, 1, Some(8), &[1, 2]),
        ci(3, 1, Some(7), &[2]),
        ci(4, 2, Some(7), &[]),
        ci(5, 2, None, &[3]),
    ];
    insta::assert_snapshot!(shown(&values(&facts, "K09")), @r"
    total: 2/5 40.0 (-) Red | ci 3 no healthy source, ci 4 no source, ci 5 no healthy source
    client 1: 2/3 66.7 (-) Red | ci 3 no healthy source
    client 2: 0/2 0.0 (-) Red | ci 4 no source, ci 5 no healthy source
    provider 7: 1/3 33.3 (-) Red | ci 3 no healthy source, ci 4 no source
    provider 8: 1/1 100.0 (-) Green | 
    ");
}

#[test]
fn silent_sources_are_a_part_of_the_active_ones() {
    let mut facts = facts();
    facts.sources = vec![
        source(1, 1, Some(7), true),
        source(2, 1, Some(7), false),
        source(3, 2, None, false),
        source(4, 2, None, true),
    ];
    facts.sources[3].active = false;
    insta::assert_snapshot!(shown(&values(&facts, "K11")), @r"
    total: 1/3 33.3 (-) Red | source 1 silent since 2026-11-30T11:00:00Z
    client 1: 1/2 50.0 (-) Red | source 1 silent since 2026-11-30T11:00:00Z
    client 2: 0/1 0.0 (-) Green | 
    provider 7: 1/2 50.0 (-) Red | source 1 silent since 2026-11-30T11:00:00Z
    ");
}

#[test]
fn parse_failures_weigh_by_events() {
    let mut facts = facts();
    facts.sources = vec![source(1, 1, None, false), source(2, 2, Some(7), false)];
    facts.sources[0].raw = 5;
    facts.sources[1].events = 9000;
    facts.sources[1].raw = 195;
    insta::assert_snapshot!(shown(&values(&facts, "K14")), @r"
    total: 200/10000 2.0 (-) Amber | source 2 195 of 9000 events, source 1 5 of 1000 events
    client 1: 5/1000 0.5 (-) Green | source 1 5 of 1000 events
    client 2: 195/9000 2.2 (-) Red | source 2 195 of 9000 events
    provider 7: 195/9000 2.2 (-) Red | source 2 195 of 9000 events
    ");
}

#[test]
fn acknowledgement_is_by_the_wall_and_few_cases_are_only_counted() {
    let mut facts = facts();
    for (id, minutes) in [(1, "12:05"), (2, "12:10"), (3, "12:15"), (4, "12:20"), (5, "14:00")] {
        let mut one = case(id, 1, 1, "2026-11-21 12:00");
        one.acknowledged = Some(at(&format!("2026-11-21 {minutes}")));
        facts.cases.push(one);
    }
    let mut other = case(6, 2, 2, "2026-11-21 12:00");
    other.alerted = at("2026-11-21 12:00");
    other.started = at("2026-11-21 12:58");
    other.acknowledged = Some(at("2026-11-21 13:00"));
    facts.cases.push(other);
    // Acknowledged in another month, and not yet: neither belongs to November.
    let mut october = case(7, 2, 2, "2026-10-31 12:00");
    october.acknowledged = Some(at("2026-10-31 12:01"));
    facts.cases.push(october);
    facts.cases.push(case(8, 2, 2, "2026-11-21 12:00"));
    insta::assert_snapshot!(shown(&values(&facts, "K02")), @r"
    total: 6 17.5 (120.0) Green | SC-5 priority 1, SC-6 priority 2, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    total P1: 5 15.0 (120.0) Green | SC-5 priority 1, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    total P2: 1 - (-) - | SC-6 priority 2
    client 1: 5 15.0 (120.0) Green | SC-5 priority 1, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    client 1 P1: 5 15.0 (120.0) Green | SC-5 priority 1, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    client 2: 1 - (-) - | SC-6 priority 2
    client 2 P2: 1 - (-) - | SC-6 priority 2
    provider 7: 6 17.5 (120.0) Green | SC-5 priority 1, SC-6 priority 2, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    provider 7 P1: 5 15.0 (120.0) Green | SC-5 priority 1, SC-4 priority 1, SC-3 priority 1, SC-2 priority 1, SC-1 priority 1
    provider 7 P2: 1 - (-) - | SC-6 priority 2
    ");
}

#[test]
fn resolution_counts_office_hours_without_time_on_hold() {
    // The worked examples of D5.2 as five cases of one priority.
    let mut facts = facts();
    let resolved = |id, registered, resolved, always_on| {
        let mut one = case(id, 1, 1, registered);
        one.acknowledged = Some(at(registered));
        one.resolved = Some(at(resolved));
        one.always_on = always_on;
        one
    };
    facts.cases = vec![
        resolved(1, "2026-11-20 16:30", "2026-11-23 09:45", false),
        resolved(2, "2026-11-20 16:30", "2026-11-23 09:45", true),
        resolved(3, "2026-11-21 03:00", "2026-11-21 06:30", true),
        resolved(4, "2026-11-21 03:00", "2026-11-23 10:00", false),
        resolved(5, "2026-11-10 16:00", "2026-11-12 10:00", false),
    ];
    let figures = |facts: &Facts| {
        let values = values(facts, "K04");
        let total = values.iter().find(|value| value.subject == Subject::Total).unwrap();
        total.rows.iter().map(|row| (row.id, row.figure)).collect::<Vec<_>>()
    };
    assert_eq!(figures(&facts), [(2, 3915.0), (3, 210.0), (5, 120.0), (1, 75.0), (4, 60.0)]);
    // On hold from Thu 9:30 on: half an hour less.
    facts.cases[4].holds = vec![(at("2026-11-12 09:30"), at("2026-11-12 12:00"))];
    assert_eq!(figures(&facts)[2], (5, 90.0));
    let values = values(&facts, "K04");
    assert_eq!(
        (values[0].value, values[0].p90, values[0].status),
        (Some(90.0), Some(3915.0), Some(Status::Green))
    );
}

/// EXAMPLES, critical-case clock: by the hours of registration, whatever the clock then counts.
#[test]
fn critical_cases_are_measured_by_the_hours_in_which_they_began() {
    let mut facts = facts();
    let resolved = |id, priority, started, resolved, always_on| {
        let mut one = case(id, 1, priority, started);
        // Nobody's reaction moves this clock.
        one.acknowledged = Some(at(resolved));
        one.resolved = Some(at(resolved));
        one.always_on = always_on;
        one
    };
    facts.cases = vec![
        resolved(1, 1, "2026-11-20 16:30", "2026-11-23 09:45", false),
        resolved(2, 1, "2026-11-20 16:30", "2026-11-23 09:45", true),
        resolved(3, 1, "2026-11-21 03:00", "2026-11-21 06:30", true),
        resolved(4, 1, "2026-11-21 03:00", "2026-11-23 10:00", false),
        resolved(5, 1, "2026-11-10 16:00", "2026-11-12 10:00", false),
        resolved(6, 2, "2026-11-10 16:00", "2026-11-12 10:00", false),
        resolved(7, 1, "2026-11-10 16:00", "2026-12-12 10:00", false),
    ];
    let total = |kri| {
        let found = values(&facts, kri).into_iter().find(|value| value.subject == Subject::Total).unwrap();
        let late = found.rows.iter().filter(|row| row.counted).map(|row| row.id).collect::<Vec<_>>();
        (found.n, found.value, found.status, late)
    };
    // (75 + 3915 + 120) / 3 and (210 + 60) / 2 minutes.
    assert_eq!(total("K31"), (3, Some(1370.0), Some(Status::Red), vec![2, 5]));
    assert_eq!(total("K32"), (2, Some(135.0), Some(Status::Green), vec![]));
}

#[test]
fn open_cases_are_judged_at_the_end_of_the_month() {
    let mut facts = facts();
    // Mon 30 Nov: 15:30 to 17:00 are exactly the 90 minutes of priority 1; 15:29 is a minute over.
    facts.cases = vec![
        case(1, 1, 1, "2026-11-30 15:30"),
        case(2, 1, 1, "2026-11-30 15:29"),
        case(3, 2, 4, "2026-11-30 15:00"),
        case(4, 2, 1, "2026-12-01 00:00"),
        // Registered on a Sunday: four hours, which end at 13:00 and at 17:01.
        case(7, 3, 1, "2026-11-29 12:00"),
    ];
    let mut held = case(8, 3, 1, "2026-11-29 12:00");
    held.holds = vec![(at("2026-11-30 10:00"), at("2026-11-30 14:01"))];
    facts.cases.push(held);
    let mut solved = case(5, 2, 1, "2026-11-02 09:00");
    solved.resolved = Some(at("2026-11-30 20:00"));
    facts.cases.push(solved);
    let mut later = case(6, 2, 1, "2026-11-03 09:00");
    later.resolved = Some(at("2026-12-02 09:00"));
    later.holds = vec![(at("2026-11-03 10:00"), at("2026-12-01 09:00"))];
    facts.cases.push(later);
    insta::assert_snapshot!(shown(&values(&facts, "K06")), @r"
    total: 2/6 2.0 (-) Amber | SC-7 priority 1, SC-2 priority 1
    client 1: 1/2 1.0 (-) Amber | SC-2 priority 1
    client 2: 0/2 0.0 (-) Green | 
    client 3: 1/2 1.0 (-) Amber | SC-7 priority 1
    provider 7: 2/6 2.0 (-) Amber | SC-7 priority 1, SC-2 priority 1
    ");
}

#[test]
fn with_nothing_to_measure_there_is_an_empty_end_to_end_value() {
    insta::assert_snapshot!(shown(&compute(&KriPack::shipped(), &Calendar::shipped(), &facts())), @r"
    total: 0 - (-) - | 
    total: 0 - (-) - | 
    total: 0/0 0.0 (-) Green | 
    total: 0/0 - (-) - | 
    total: 0/0 - (-) - | 
    total: 0/0 - (-) - | 
    total: 0 - (-) - | 
    total: 0 - (-) - | 
    ");
}
