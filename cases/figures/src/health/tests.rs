//! Sources that are well and sources that are not.

use super::*;
use ledger::month::instant;

const HOUR_MS: i64 = MILLIS_PER_HOUR;

fn at(text: &str) -> Timestamp {
    instant(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
}

/// `events` a day over the four weeks before Fri 20 Nov 2026, on every day or on working days only, and today until 10:00.
fn source(events: i64, weekends: bool) -> SourceFacts {
    let calendar = Calendar::shipped();
    let today = Day::of(at("2026-11-20 10:00"));
    let mut days = Vec::new();
    let mut last: Option<Timestamp> = None;
    for day in (today.0 - 27..=today.0).map(Day) {
        if !weekends && !calendar.is_working_day(day.date()) {
            continue;
        }
        let first = Timestamp(day.start().0 + 8 * HOUR_MS * 1_000_000);
        let end = Timestamp(day.start().0 + if day == today { 10 } else { 20 } * HOUR_MS * 1_000_000);
        let gap_max_ms = last.map_or(60_000, |last| first.millis() - last.millis());
        last = Some(end);
        days.push(SourceDay {
            day,
            events,
            bytes: events,
            raw: 0,
            first,
            last: end,
            gap_max_ms,
            behind: 0,
            ahead: 0,
        });
    }
    SourceFacts {
        source: SourceId(1),
        name: "web".to_owned(),
        client: ClientId(1),
        provider: None,
        created: at("2026-01-01 00:00"),
        stopped: None,
        days,
        heard_before: None,
    }
}

fn flags(source: &SourceFacts, now: &str) -> Vec<&'static str> {
    let health = assess(source, &HealthSettings::default(), &Calendar::shipped(), at(now));
    health.flags.iter().map(Flag::name).collect()
}

#[test]
fn a_steady_source_is_healthy() {
    assert_eq!(flags(&source(1000, true), "2026-11-20 10:00"), [] as [&str; 0]);
}

#[test]
fn what_was_heard_long_ago_is_silent_and_not_unheard_of() {
    // All its days lie before the four weeks that are looked back over.
    let long_ago = source(1000, true);
    assert_eq!(flags(&long_ago, "2027-03-01 10:00"), ["silent"]);
    let mut before = SourceFacts { days: Vec::new(), ..long_ago };
    assert_eq!(flags(&before, "2026-11-20 10:00"), ["never-heard"]);
    before.heard_before = Some(at("2026-07-01 12:00"));
    assert_eq!(flags(&before, "2026-11-20 10:00"), ["silent"]);
    let health = assess(&before, &HealthSettings::default(), &Calendar::shipped(), at("2026-11-20 10:00"));
    assert_eq!(health.last_ms, Some(at("2026-07-01 12:00").millis()));
}

#[test]
fn silence_is_measured_by_the_source_s_own_habit() {
    // Nights of 12 h are usual: 24 h are borne. One that rests at weekends is borne over one.
    let nightly = source(1000, true);
    assert_eq!(flags(&nightly, "2026-11-21 09:59"), [] as [&str; 0]);
    assert_eq!(flags(&nightly, "2026-11-21 10:01"), ["silent"]);
    let weekly = source(1000, false);
    assert_eq!(flags(&weekly, "2026-11-23 09:00"), [] as [&str; 0]);
    let health = assess(&weekly, &HealthSettings::default(), &Calendar::shipped(), at("2026-11-23 09:00"));
    assert_eq!((health.learned, health.silence_bound_ms), (true, 2 * 60 * HOUR_MS));
}

#[test]
fn without_history_the_default_holds() {
    let mut young = source(1000, true);
    young.days.clear();
    young.created = at("2026-11-20 09:00");
    assert_eq!(flags(&young, "2026-11-21 08:00"), [] as [&str; 0]);
    assert_eq!(flags(&young, "2026-11-21 09:01"), ["never-heard"]);
    let mut two_days = source(1000, true);
    two_days.days.drain(..26);
    assert_eq!(flags(&two_days, "2026-11-21 09:59"), [] as [&str; 0]);
    assert_eq!(flags(&two_days, "2026-11-21 10:01"), ["silent"]);
}

#[test]
fn an_earlier_moment_is_seen_without_what_came_after() {
    let mut stopped = source(1000, true);
    stopped.days.retain(|day| {
        day.day != Day::of(at("2026-11-18 00:00")) && day.day != Day::of(at("2026-11-19 00:00"))
    });
    assert_eq!(flags(&stopped, "2026-11-19 10:00"), ["silent", "volume-jump"]);
    assert_eq!(flags(&stopped, "2026-11-17 20:00"), [] as [&str; 0]);
}

#[test]
fn what_cannot_be_parsed_and_clocks_that_lie_are_flagged() {
    let mut garbled = source(1000, true);
    for day in garbled.days.iter_mut().rev().take(2) {
        day.raw = 20;
    }
    assert_eq!(flags(&garbled, "2026-11-20 10:00"), [] as [&str; 0]);
    garbled.days.last_mut().unwrap().raw = 22;
    assert_eq!(flags(&garbled, "2026-11-20 10:00"), ["unparseable"]);
    let mut late = source(1000, true);
    for day in late.days.iter_mut().rev().take(2) {
        day.behind = 501;
    }
    assert_eq!(flags(&late, "2026-11-20 10:00"), ["clock-behind"]);
    let mut early = source(1000, true);
    early.days.last_mut().unwrap().ahead = 1000;
    assert_eq!(flags(&early, "2026-11-20 10:00"), [] as [&str; 0]);
    early.days.last_mut().unwrap().events = 1100;
    early.days.last_mut().unwrap().ahead = 1100;
    assert_eq!(flags(&early, "2026-11-20 10:00"), ["clock-ahead"]);
}

#[test]
fn a_day_far_from_the_usual_is_a_jump_and_a_sunday_is_not() {
    let mut flood = source(1000, true);
    let yesterday = flood.days.len() - 2;
    flood.days[yesterday].events = 4001;
    assert_eq!(flags(&flood, "2026-11-20 10:00"), ["volume-jump"]);
    flood.days[yesterday].events = 4000;
    assert_eq!(flags(&flood, "2026-11-20 10:00"), [] as [&str; 0]);
    // Quiet weekends are usual for weekends.
    let mut office = source(1000, true);
    let calendar = Calendar::shipped();
    for day in &mut office.days {
        day.events = if calendar.is_working_day(day.day.date()) { 1000 } else { 10 };
    }
    assert_eq!(flags(&office, "2026-11-16 10:00"), [] as [&str; 0]);
    let small = source(40, true);
    let mut small_jump = small.clone();
    small_jump.days[yesterday].events = 199;
    assert_eq!(flags(&small_jump, "2026-11-20 10:00"), [] as [&str; 0]);
}
