//! Who and what appears in the sample: people, their machines, servers and the world outside.
//!
//! Names and inside addresses are those of `deploy/sample/items.csv` (a test compares them); outside addresses are from
//! the ranges that RFC 5737 sets apart for documentation.

/// A person with a machine of their own.
pub struct Person {
    pub user: &'static str,
    pub machine: &'static str,
    pub address: &'static str,
}

/// A server: host name and address.
pub struct Server {
    pub name: &'static str,
    pub address: &'static str,
}

const fn person(user: &'static str, machine: &'static str, address: &'static str) -> Person {
    Person { user, machine, address }
}

const fn server(name: &'static str, address: &'static str) -> Server {
    Server { name, address }
}

/// Agentschap Watervast.
pub mod watervast {
    use super::{Person, Server, person, server};

    pub const DOMAIN: &str = "watervast.example";
    pub const NETBIOS: &str = "WATERVAST";
    pub const PEOPLE: &[Person] = &[
        person("els.vermeulen", "WV-LT-0101", "10.20.5.101"),
        person("tom.jacobs", "WV-LT-0102", "10.20.5.102"),
        person("sofie.claes", "WV-LT-0103", "10.20.5.103"),
        person("pieter.maes", "WV-LT-0104", "10.20.5.104"),
        person("nadia.elamrani", "WV-LT-0105", "10.20.5.105"),
        person("koen.wouters", "WV-LT-0106", "10.20.5.106"),
    ];
    pub const DOMAIN_CONTROLLERS: &[Server] =
        &[server("WV-DC01", "10.20.1.10"), server("WV-DC02", "10.20.1.11")];
    pub const MAIL: Server = server("WV-MAIL01", "10.20.1.20");
    pub const FILES: Server = server("WV-FILE01", "10.20.1.30");
    pub const SQL: Server = server("WV-SQL01", "10.20.1.40");
    pub const LINUX: &[Server] = &[
        server("wv-app01", "10.20.2.10"),
        server("wv-app02", "10.20.2.11"),
        server("wv-db01", "10.20.2.20"),
        server("wv-web01", "10.20.3.10"),
        server("wv-web02", "10.20.3.11"),
    ];
    pub const WEB: &[Server] = &[server("wv-web01", "10.20.3.10"), server("wv-web02", "10.20.3.11")];
    pub const FIREWALL: &str = "wv-fw01";
    pub const VPN: &str = "wv-vpn01";
    pub const SENSOR: &str = "wv-ids01";
    pub const CLOUD_ACCOUNT: &str = "210987654321";
}

/// Stad Oostermeer.
pub mod oostermeer {
    use super::{Person, Server, person, server};

    pub const DOMAIN: &str = "oostermeer.example";
    pub const NETBIOS: &str = "OOSTERMEER";
    pub const PEOPLE: &[Person] = &[
        person("an.desmet", "OM-PC-201", "10.30.5.201"),
        person("bart.goossens", "OM-PC-202", "10.30.5.202"),
        person("lies.peeters", "OM-PC-203", "10.30.5.203"),
    ];
    pub const DIRECTORY: Server = server("OM-AD01", "10.30.1.10");
    pub const FILES: Server = server("OM-FS01", "10.30.1.30");
    pub const WEB: &[Server] = &[server("om-web01", "10.30.3.10"), server("om-web02", "10.30.3.11")];
    pub const APP: Server = server("om-app01", "10.30.2.10");
    pub const FIREWALL: &str = "om-fw01";
}

/// Gemeente Lindebeke.
pub mod lindebeke {
    use super::{Server, server};

    pub const SERVERS: &[Server] = &[
        server("lb-srv01", "10.40.1.10"),
        server("lb-srv02", "10.40.1.11"),
        server("lb-db01", "10.40.1.20"),
    ];
    pub const WAF: &str = "lb-waf01";
    pub const SWITCH: Server = server("lb-sw01", "10.40.0.2");
}

/// Agentschap Open Ruimte en Landschap.
pub mod openruimte {
    use super::{Person, Server, person, server};

    pub const PEOPLE: &[Person] = &[
        person("joris.desloover", "OR-PC-401", "10.50.5.41"),
        person("hilde.vandamme", "OR-PC-402", "10.50.5.42"),
    ];
    pub const MAPS: Server = server("or-app01", "10.50.2.10");
    pub const DOCUMENTS: Server = server("or-app02", "10.50.2.11");
    pub const PROXY: Server = server("or-proxy01", "10.50.0.10");
}

/// Ordinary citizens and firms that visit the web sites.
pub const VISITORS: &[&str] = &[
    "192.0.2.14",
    "192.0.2.35",
    "192.0.2.77",
    "192.0.2.118",
    "192.0.2.201",
    "198.51.100.9",
    "198.51.100.23",
    "198.51.100.58",
    "198.51.100.140",
    "203.0.113.12",
    "203.0.113.33",
    "203.0.113.90",
];

/// Services on the internet that offices use all day.
pub const SERVICES: &[(&str, &str)] = &[
    ("198.51.100.210", "outlook.mailcloud.example"),
    ("198.51.100.211", "teams.meetcloud.example"),
    ("198.51.100.220", "updates.softhouse.example"),
    ("203.0.113.140", "kaart.geodienst.example"),
    ("203.0.113.141", "nieuws.dagblad.example"),
    ("203.0.113.150", "cdn.webassets.example"),
];

/// The attackers.
pub mod attacker {
    /// The command server behind the phishing mail.
    pub const COMMAND_SERVER: &str = "203.0.113.66";
    pub const COMMAND_NAME: &str = "cdn-facturen.example";
    /// From here the stolen password is used; the address is registered abroad.
    pub const ABROAD: &str = "198.51.100.77";
    /// Where the stolen files go.
    pub const DROP: &str = "203.0.113.200";
    pub const DROP_NAME: &str = "files.dropzone.example";
    /// Attacks the web site of Oostermeer.
    pub const WEB: &str = "198.51.100.166";
    /// Guesses passwords at Lindebeke.
    pub const SSH: &str = "192.0.2.83";
}

/// Name and address of every machine that writes or is named in a line.
#[cfg(test)]
pub fn machines() -> Vec<(&'static str, &'static str)> {
    let people = [watervast::PEOPLE, oostermeer::PEOPLE, openruimte::PEOPLE];
    let servers = [
        watervast::DOMAIN_CONTROLLERS,
        &[watervast::MAIL, watervast::FILES, watervast::SQL],
        watervast::LINUX,
        oostermeer::WEB,
        &[oostermeer::DIRECTORY, oostermeer::FILES, oostermeer::APP],
        lindebeke::SERVERS,
        &[lindebeke::SWITCH, openruimte::MAPS, openruimte::DOCUMENTS, openruimte::PROXY],
    ];
    people
        .iter()
        .flat_map(|group| group.iter().map(|person| (person.machine, person.address)))
        .chain(servers.iter().flat_map(|group| group.iter().map(|server| (server.name, server.address))))
        .collect()
}
