//! What came of the sample: plain figures, read from the stores after everything was handled.

use rust_decimal::Decimal;

/// All that the summary shows and the check compares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// One for each client of the sample, in the order of their slugs.
    pub clients: Vec<ClientOutcome>,
    /// Events that belong to nobody, because their sender is not registered.
    pub quarantined: u64,
    /// Lines that were sent and that no store knows.
    pub lost: u64,
    /// The registered cases, most urgent first.
    pub cases: Vec<CaseOutcome>,
    /// The draft invoice of the month before this one.
    pub invoice: Vec<InvoiceOutcome>,
    /// The KRIs of this month, for the whole ecosystem.
    pub kris: Vec<KriOutcome>,
}

/// One client's events, alerts and cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOutcome {
    /// The client.
    pub slug: String,
    /// Its name, in the language of the summary.
    pub name: String,
    /// Events metered.
    pub events: u64,
    /// Octets metered (D7.1).
    pub bytes: u64,
    /// Events found in the index.
    pub searchable: u64,
    /// Alerts.
    pub alerts: u64,
    /// Registered cases (D4.3).
    pub cases: u64,
}

/// One security case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseOutcome {
    /// Its number, as people name it.
    pub number: String,
    /// The client.
    pub client: String,
    /// The name of the CI that it is about, or nothing.
    pub ci: String,
    /// Its title, which names the rule.
    pub title: String,
    /// The priority, 1 is the highest.
    pub priority: u8,
    /// The provider that it is assigned to, or nothing.
    pub provider: String,
    /// Its state.
    pub state: String,
    /// Alerts in it.
    pub alerts: u64,
}

/// One line of a draft invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceOutcome {
    /// The client that the line is about.
    pub client: String,
    /// What is charged: the ledger's name of the kind of line.
    pub item: String,
    /// The line as people read it.
    pub text: String,
    /// The amount, in euro.
    pub amount: Decimal,
}

/// One KRI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KriOutcome {
    /// Its id.
    pub id: String,
    /// Its name, in the language of the summary.
    pub name: String,
    /// Its value with its unit, or nothing when there is none.
    pub value: Option<String>,
}
