//! Roles, actions, and the one table that says which role may do what.

use super::Organisation;
use serde::Serialize;
use std::fmt;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of declaration.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// Its name in the state store, in the API and in locale keys.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The one with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|item| item.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// What a user is to the platform (D1). A user may have several.
    Role {
        /// SOC analyst (D1.5).
        Analyst = "analyst",
        /// SOC lead (D1.5).
        SocLead = "soc_lead",
        /// Reads what belongs to its client (D1.6).
        ClientReader = "client_reader",
        /// Reads, and approves orders of its client (D1.6).
        ClientApprover = "client_approver",
        /// Works for a provider (D1.2).
        Provider = "provider",
        /// Sits on the governing board (D1.4).
        Board = "board",
        /// The finance back office (D1.7).
        Billing = "billing",
        /// Operates the platform: users, sources, quarantine.
        Administrator = "administrator",
    }
}

names! {
    /// Something a request does, for which a role is needed.
    Action {
        /// See the work queue of alert groups and cases.
        ReadQueue = "read_queue",
        /// Register a case from an alert group, or dismiss the group.
        TriageAlerts = "triage_alerts",
        /// Read cases within the scope.
        ReadCases = "read_cases",
        /// Change state and assignment of a case.
        WorkCases = "work_cases",
        /// Write a note on a case.
        NoteCases = "note_cases",
        /// Overrule the proposed priority (D4.5).
        OverrulePriority = "overrule_priority",
        /// Search and read events.
        SearchEvents = "search_events",
        /// See sources and their health (D2.6).
        ReadSources = "read_sources",
        /// See and place what unknown senders sent.
        ReadQuarantine = "read_quarantine",
        /// See usage against the subscription (D7.1 to D7.6).
        ReadUsage = "read_usage",
        /// Decide on the move to the enterprise subscription (D7.4).
        DecideSubscription = "decide_subscription",
        /// See draft invoice lines and their evidence (D7.7).
        ReadInvoices = "read_invoices",
        /// See Key Risk Indicators (D8).
        ReadKris = "read_kris",
        /// See orders within the scope (D6.9).
        ReadOrders = "read_orders",
        /// Ask for a log source (D6.2).
        RequestOrders = "request_orders",
        /// Order what was proposed (D6.5).
        ApproveOrders = "approve_orders",
        /// Report an ordered source as delivered (D6.6).
        DeliverOrders = "deliver_orders",
        /// Manage users, their roles and tokens (D9.3).
        ManageUsers = "manage_users",
        /// Read the audit log (D9.4).
        ReadAudit = "read_audit",
    }
}

use Role::{Administrator, Analyst, Billing, Board, ClientApprover, ClientReader, Provider, SocLead};

/// Which roles may do an action. Every action stands here exactly once (a test holds it to that).
pub const PERMISSIONS: &[(Action, &[Role])] = &[
    (Action::ReadQueue, &[Analyst, SocLead]),
    (Action::TriageAlerts, &[Analyst, SocLead]),
    (Action::ReadCases, &[Analyst, SocLead, ClientReader, ClientApprover, Provider]),
    (Action::WorkCases, &[Analyst, SocLead, Provider]),
    (Action::NoteCases, &[Analyst, SocLead, ClientReader, ClientApprover, Provider]),
    (Action::OverrulePriority, &[Analyst, SocLead]),
    (Action::SearchEvents, &[Analyst, SocLead, ClientReader, ClientApprover, Provider, Administrator]),
    (Action::ReadSources, &[Analyst, SocLead, ClientReader, ClientApprover, Provider, Board, Administrator]),
    (Action::ReadQuarantine, &[Administrator]),
    (Action::ReadUsage, &[SocLead, ClientReader, ClientApprover, Board, Billing]),
    (Action::DecideSubscription, &[ClientApprover]),
    (Action::ReadInvoices, &[ClientReader, ClientApprover, Board, Billing]),
    (Action::ReadKris, &[SocLead, ClientReader, ClientApprover, Provider, Board]),
    (Action::ReadOrders, &[SocLead, ClientReader, ClientApprover, Board, Administrator]),
    (Action::RequestOrders, &[ClientReader, ClientApprover]),
    (Action::ApproveOrders, &[ClientApprover]),
    (Action::DeliverOrders, &[SocLead, Administrator]),
    (Action::ManageUsers, &[Administrator]),
    (Action::ReadAudit, &[Administrator]),
];

impl Action {
    /// The roles that may do this.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        PERMISSIONS.iter().find(|(action, _)| *action == self).map_or(&[], |(_, roles)| roles)
    }
}

impl Role {
    /// Whether a user of this kind of organisation can have the role at all, so that no slip of an administrator
    /// gives a client's user the sight of every client.
    #[must_use]
    pub fn fits(self, organisation: &Organisation) -> bool {
        match organisation {
            Organisation::Integrator => matches!(self, Analyst | SocLead | Billing | Administrator),
            Organisation::Government => matches!(self, Board | Billing),
            Organisation::Provider(_) => self == Provider,
            Organisation::Clients(_) => matches!(self, ClientReader | ClientApprover),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_in_the_table_once() {
        for action in Action::ALL {
            assert_eq!(PERMISSIONS.iter().filter(|(a, _)| a == action).count(), 1, "{action}");
            assert!(!action.roles().is_empty(), "{action} is for nobody");
        }
    }

    #[test]
    fn names_go_there_and_back() {
        assert!(Role::ALL.iter().all(|role| Role::from_name(role.name()) == Some(*role)));
        assert_eq!(Role::from_name("root"), None);
    }
}
