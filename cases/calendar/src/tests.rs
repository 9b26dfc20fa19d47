//! The worked examples of D5.1 and D5.2.

use super::*;
use proptest::prelude::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A local time such as `2026-11-20 16:30`.
fn at(text: &str) -> Timestamp {
    instant(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
}

fn minutes(time: Duration) -> u64 {
    time.as_secs() / 60
}

#[test]
fn the_closed_days_of_2026_and_2027() {
    let calendar = Calendar::shipped();
    let closed = |year: i32| {
        let days =
            NaiveDate::from_ymd_opt(year, 1, 1).unwrap().iter_days().take_while(|day| day.year() == year);
        days.filter(|day| calendar.closed_day(*day).is_some())
            .map(|day| day.format("%m-%d").to_string())
            .collect::<Vec<_>>()
    };
    let expected = "01-01 04-06 05-01 05-14 05-25 07-11 07-21 08-15 11-01 11-02 11-11 11-15 12-25 12-26 12-27 12-28 12-29 12-30 12-31";
    assert_eq!(closed(2026).join(" "), expected);
    let movable: Vec<_> =
        closed(2027).into_iter().filter(|day| ["03-29", "05-06", "05-17"].contains(&day.as_str())).collect();
    assert_eq!(movable, ["03-29", "05-06", "05-17"]);
    assert_eq!(closed(2027).len(), closed(2026).len());
}

#[test]
fn easter_is_where_the_almanac_has_it() {
    // Published dates, among them the earliest and latest possible and the two corrected epacts.
    for known in [
        "1818-03-22",
        "1943-04-25",
        "1954-04-18",
        "1981-04-19",
        "2000-04-23",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2027-03-28",
        "2038-04-25",
        "2049-04-18",
        "2076-04-19",
    ] {
        assert_eq!(easter_sunday(date(known).year()), date(known));
    }
}

#[test]
fn the_days_of_reporting() {
    let calendar = Calendar::shipped();
    let nth = |from: &str, count| calendar.working_day_after(date(from), count).to_string();
    let after_october: Vec<_> = (1..=6).map(|count| nth("2026-10-31", count)).collect();
    assert_eq!(
        after_october,
        ["2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06", "2026-11-09", "2026-11-10"]
    );
    assert_eq!([1, 3, 6].map(|count| nth("2026-12-31", count)), ["2027-01-04", "2027-01-06", "2027-01-11"]);
    // D6.3: a proposal is due 20 working days after Mon 2 Mar 2026.
    assert_eq!(nth("2026-03-02", 20), "2026-03-30");
    assert_eq!(calendar.working_days_between(date("2026-03-02"), date("2026-03-30")), 20);
}

#[test]
fn the_clock_of_critical_cases() {
    let calendar = Calendar::shipped();
    let counted = |from, to, always_on| minutes(calendar.counted_time(at(from), at(to), always_on));
    assert!(calendar.is_open(at("2026-11-20 16:30")));
    assert_eq!(counted("2026-11-20 16:30", "2026-11-23 09:45", false), 75);
    assert_eq!(counted("2026-11-20 16:30", "2026-11-23 09:45", true), 65 * 60 + 15);
    assert!(!calendar.is_open(at("2026-11-21 03:00")));
    assert_eq!(counted("2026-11-21 03:00", "2026-11-21 06:30", true), 210);
    assert_eq!(counted("2026-11-21 03:00", "2026-11-23 10:00", false), 60);
    assert_eq!(counted("2026-11-10 16:00", "2026-11-12 10:00", false), 120);
}

#[test]
fn office_hours_do_not_move_with_the_clocks() {
    let calendar = Calendar::shipped();
    // Fri to Mon over both changes of clocks: 16:00–17:00 and 09:00–10:00 local.
    for (from, to) in [("2026-03-27 16:00", "2026-03-30 10:00"), ("2026-10-23 16:00", "2026-10-26 10:00")] {
        assert_eq!(minutes(calendar.open_time(at(from), at(to))), 120);
    }
    assert_eq!(minutes(calendar.counted_time(at("2026-10-25 00:00"), at("2026-10-26 00:00"), true)), 25 * 60);
}

#[test]
fn a_wrong_calendar_is_refused() {
    let refused =
        |from: &str, to: &str| Calendar::read(&SHIPPED.replacen(from, to, 1)).unwrap_err().to_string();
    assert_eq!(refused("\"17:00\"", "\"08:00\""), "calendar vlaanderen: office hours end before they begin");
    assert_eq!(refused("\"05-01\"", "\"05-41\""), "calendar vlaanderen: `05-41` is not a day such as 07-21");
    assert_eq!(refused("easter = 1 ", "other = 1 "), "calendar is not readable");
    // A look-up of the next working day goes no further than sixty days.
    let summer = "day = \"07-11\", until = \"09-10\"";
    assert_eq!(
        refused("day = \"07-11\"", summer),
        "calendar vlaanderen: has no working day in 60 days from 2020-07-11"
    );
    let shorter = SHIPPED.replacen("day = \"07-11\"", "day = \"07-11\", until = \"08-31\"", 1);
    assert!(Calendar::read(&shorter).is_ok());
}

proptest! {
    #[test]
    fn easter_is_a_sunday_of_spring(year in 1583_i32..4100) {
        let easter = easter_sunday(year);
        prop_assert_eq!(easter.weekday(), Weekday::Sun);
        prop_assert!((3, 22) <= (easter.month(), easter.day()) && (easter.month(), easter.day()) <= (4, 25));
    }

    #[test]
    fn time_adds_up(start in 1_767_000_000_i64..1_830_000_000, a in 0_i64..2_000_000, b in 0_i64..2_000_000) {
        let calendar = Calendar::shipped();
        let [first, second, third] = [start, start + a, start + a + b].map(Timestamp::from_secs);
        let whole = calendar.open_time(first, third);
        prop_assert_eq!(whole, calendar.open_time(first, second) + calendar.open_time(second, third));
        prop_assert!(whole <= calendar.counted_time(first, third, true));
        prop_assert_eq!(calendar.open_time(third, first).is_zero(), a + b > 0 || whole.is_zero());
    }

    #[test]
    fn after_is_the_inverse(start in 1_767_000_000_i64..1_830_000_000, seconds in 1_u64..2_000_000, always_on: bool) {
        let calendar = Calendar::shipped();
        let (from, time) = (Timestamp::from_secs(start), Duration::from_secs(seconds));
        let due = calendar.after(from, time, always_on);
        prop_assert_eq!(calendar.counted_time(from, due, always_on), time);
        prop_assert!(calendar.counted_time(from, Timestamp(due.0 - 1), always_on) < time);
    }
}
