//! Where the next page of a list begins, as text in an address.

use desk::{CaseId, GroupId, Level};

/// The place behind a case: its priority, when it is due, its number.
pub type CaseCursor = (u8, i64, CaseId);

/// The place behind an alert group: its level, its latest alert, its number.
pub type GroupCursor = (Level, i64, GroupId);

/// Reads what [`case_text`] wrote.
#[must_use]
pub fn case(text: &str) -> Option<CaseCursor> {
    let [priority, due_ms, id] = parts(text)?;
    Some((priority.parse().ok()?, due_ms.parse().ok()?, CaseId(id.parse().ok()?)))
}

/// As text.
#[must_use]
pub fn case_text((priority, due_ms, id): CaseCursor) -> String {
    format!("{priority}.{due_ms}.{id}")
}

/// Reads what [`group_text`] wrote.
#[must_use]
pub fn group(text: &str) -> Option<GroupCursor> {
    let [level, last_ms, id] = parts(text)?;
    Some((Level::from_name(level)?, last_ms.parse().ok()?, GroupId(id.parse().ok()?)))
}

/// As text.
#[must_use]
pub fn group_text((level, last_ms, id): GroupCursor) -> String {
    format!("{}.{last_ms}.{id}", level.name())
}

fn parts(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split('.');
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_there_and_back() {
        let place = (2, -5, CaseId(17));
        assert_eq!(case(&case_text(place)), Some(place));
        let place = (Level::High, 1_795_424_400_000, GroupId(4));
        assert_eq!(group(&group_text(place)), Some(place));
        for broken in ["", "2", "2.5", "2.5.x", "2.5.6.7", "high.1"] {
            assert_eq!((case(broken), group(broken)), (None, None), "{broken}");
        }
    }
}
