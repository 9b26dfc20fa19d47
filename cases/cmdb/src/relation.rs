//! How CIs hang together (D3.2).

use serde::{Deserialize, Serialize};

/// The kind of a relation, read from the CI that has it to the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// An application runs on a server.
    RunsOn,
    /// An application depends on a database.
    DependsOn,
    /// A server is part of a cluster.
    PartOf,
    /// An application supports a business service.
    Supports,
    /// A cluster contains a server.
    Contains,
    /// Two devices are connected; says nothing about who suffers.
    ConnectsTo,
}

impl RelationKind {
    /// All kinds.
    pub const ALL: [RelationKind; 6] = [
        RelationKind::RunsOn,
        RelationKind::DependsOn,
        RelationKind::PartOf,
        RelationKind::Supports,
        RelationKind::Contains,
        RelationKind::ConnectsTo,
    ];

    /// The name in files and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RelationKind::RunsOn => "runs_on",
            RelationKind::DependsOn => "depends_on",
            RelationKind::PartOf => "part_of",
            RelationKind::Supports => "supports",
            RelationKind::Contains => "contains",
            RelationKind::ConnectsTo => "connects_to",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<RelationKind> {
        RelationKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
