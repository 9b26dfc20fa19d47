//! The class and activity that an event has in the Open Cybersecurity Schema Framework (OCSF), from what its source type sets:
//! `event.category` and `event.type` of the Elastic Common Schema. Settled when the catalogue is bound, so that a line costs
//! no more than two constants.

use crate::catalogue::written::Values;
use serde::Deserialize;
use std::sync::LazyLock;

const CLASS_UID: &str = "ocsf.class_uid";
const CATEGORY: &str = "event.category";
const TYPE: &str = "event.type";
const PROTOCOL: &str = "network.protocol";

/// A class and an activity of it, as the framework numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) class: i64,
    pub(crate) activity: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    class: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    category: String,
    #[serde(rename = "type")]
    of_type: Option<String>,
    protocol: Option<String>,
    uid: i64,
    #[serde(default)]
    activity: Vec<(String, i64)>,
    #[serde(default)]
    otherwise: i64,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("data/ocsf.toml")).expect("a test reads the same file"));

/// The ids of events that get `values`, and what they lack of the source type's own. None where neither tells a category
/// that has a class, where `values` tell nothing about it, or where the source type names its class itself.
pub(crate) fn ids(values: &Values, own: &Values) -> Option<Ids> {
    let named = |name: &str| values.contains_key(name);
    if !(named(CATEGORY) || named(TYPE) || named(PROTOCOL)) || named(CLASS_UID) || own.contains_key(CLASS_UID)
    {
        return None;
    }
    let all = |name: &str| -> Vec<&str> {
        let given = values.get(name).or_else(|| own.get(name));
        given.map_or_else(Vec::new, |list| list.iter().collect())
    };
    let (categories, types, protocols) = (all(CATEGORY), all(TYPE), all(PROTOCOL));
    let fits = |row: &&Row| {
        categories.contains(&row.category.as_str())
            && row.of_type.as_deref().is_none_or(|wanted| types.contains(&wanted))
            && row.protocol.as_deref().is_none_or(|wanted| protocols.contains(&wanted))
    };
    let row = TABLE.class.iter().find(fits)?;
    let activity = row.activity.iter().find(|(of_type, _)| types.contains(&of_type.as_str()));
    Some(Ids { class: row.uid, activity: activity.map_or(row.otherwise, |(_, number)| *number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn categories_and_types_give_a_class_and_an_activity() {
        for (set, own, expected) in [
            (
                r#""event.category" = "authentication"
                "event.type" = "start""#,
                "",
                Some((3002, 1)),
            ),
            (
                r#""event.category" = ["authentication", "session"]
                "event.type" = ["end"]"#,
                "",
                Some((3002, 2)),
            ),
            // What somebody detected says more than that it was in traffic.
            (r#""event.category" = ["network", "intrusion_detection"]"#, "", Some((2004, 1))),
            (
                r#""event.category" = ["network"]
                "event.type" = ["connection", "denied"]"#,
                "",
                Some((4001, 5)),
            ),
            (
                r#""event.category" = ["network"]
                "event.type" = ["connection", "allowed"]"#,
                "",
                Some((4001, 6)),
            ),
            (
                r#""event.category" = ["iam"]
                "event.type" = ["group", "creation"]"#,
                "",
                Some((3006, 6)),
            ),
            (
                r#""event.category" = ["iam"]
                "event.type" = ["user", "change"]"#,
                "",
                Some((3001, 99)),
            ),
            // The one from the line's own rule, the other from the whole type.
            (r#""event.type" = "end""#, r#""event.category" = "process""#, Some((1007, 2))),
            (r#""event.category" = "web""#, r#""event.type" = "access""#, Some((4002, 0))),
            (
                r#""event.category" = "network"
                "network.protocol" = "dns""#,
                "",
                Some((4003, 1)),
            ),
            // Nothing to tell, no such class, and told by the source type itself.
            (r#""event.action" = "x""#, r#""event.category" = "process""#, None),
            (r#""event.category" = "host""#, "", None),
            (r#""event.category" = "network""#, r#""ocsf.class_uid" = "4003""#, None),
        ] {
            let expected = expected.map(|(class, activity)| Ids { class, activity });
            assert_eq!(ids(&values(set), &values(own)), expected, "{set} within {own}");
        }
    }
}
