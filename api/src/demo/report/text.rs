//! The words of the summary.

/// The language of the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

/// One language's words.
pub struct Texts {
    pub clients_heading: &'static str,
    pub cases_heading: &'static str,
    pub invoice_heading: &'static str,
    pub kris_heading: &'static str,
    pub events: &'static str,
    pub searchable: &'static str,
    pub alerts: &'static str,
    pub cases: &'static str,
    pub total: &'static str,
    pub number: &'static str,
    pub priority: &'static str,
    pub client: &'static str,
    pub provider: &'static str,
    pub state: &'static str,
    pub title: &'static str,
    pub quarantined: &'static str,
    pub lost: &'static str,
    pub a_day_at_once: &'static str,
    pub web: &'static str,
    pub password: &'static str,
    pub sent: &'static str,
    pub handled: &'static str,
    pub per_second: &'static str,
    pub preparing: &'static str,
    pub stop: &'static str,
    pub all_there: &'static str,
}

const NL: Texts = Texts {
    clients_heading: "Verwerkt per klant, deze maand",
    cases_heading: "Geregistreerde cases",
    invoice_heading: "Ontwerpfactuur van vorige maand",
    kris_heading: "KRI's van deze maand, hele ecosysteem",
    events: "gebeurtenissen",
    searchable: "doorzoekbaar",
    alerts: "alerts",
    cases: "cases",
    total: "Samen",
    number: "nummer",
    priority: "prio",
    client: "klant",
    provider: "dienstverlener",
    state: "toestand",
    title: "titel",
    quarantined: "van onbekende afzenders",
    lost: "verloren",
    a_day_at_once: "Het is een dag aan regels, in één keer verzonden: bij elke bron staat dus dat ze te laat aankomen.",
    web: "Open in een browser",
    password: "Aanmelden met wachtwoord",
    sent: "verzonden",
    handled: "verwerkt",
    per_second: "per seconde",
    preparing: "De voorbeeldorganisatie wordt geladen",
    stop: "Ctrl-C stopt de demo",
    all_there: "Alles wat verwacht werd, is er.",
};

const EN: Texts = Texts {
    clients_heading: "Handled per client, this month",
    cases_heading: "Registered security cases",
    invoice_heading: "Draft invoice of last month",
    kris_heading: "KRIs of this month, whole ecosystem",
    events: "events",
    searchable: "searchable",
    alerts: "alerts",
    cases: "cases",
    total: "Together",
    number: "number",
    priority: "prio",
    client: "client",
    provider: "provider",
    state: "state",
    title: "title",
    quarantined: "from unknown senders",
    lost: "lost",
    a_day_at_once: "These are the lines of a day, sent at once: so every source says that they arrive late.",
    web: "Open in a browser",
    password: "Log in with password",
    sent: "sent",
    handled: "handled",
    per_second: "per second",
    preparing: "Loading the sample organisation",
    stop: "Ctrl-C stops the demo",
    all_there: "Everything that was expected is there.",
};

impl Language {
    /// Its words.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        match self {
            Language::Nl => &NL,
            Language::En => &EN,
        }
    }

    /// The same language on the pages.
    #[must_use]
    pub fn of_pages(self) -> crate::identity::Language {
        match self {
            Language::Nl => crate::identity::Language::Nl,
            Language::En => crate::identity::Language::En,
        }
    }
}
