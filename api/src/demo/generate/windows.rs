//! Windows: the Security, System, Sysmon and PowerShell channels, as Winlogbeat and as NXLog ship them.

use super::Lines;
use super::cast::{Person, oostermeer, watervast};
use super::dice::Dice;
use super::moment::{Day, Moment};
use serde_json::{Map, Value, json};

pub const SECURITY: Channel = Channel { name: "Security", provider: "Microsoft-Windows-Security-Auditing" };
pub const SYSTEM: Channel = Channel { name: "System", provider: "Service Control Manager" };
pub const SYSMON: Channel =
    Channel { name: "Microsoft-Windows-Sysmon/Operational", provider: "Microsoft-Windows-Sysmon" };
pub const POWERSHELL: Channel =
    Channel { name: "Microsoft-Windows-PowerShell/Operational", provider: "Microsoft-Windows-PowerShell" };
pub const EVENTLOG: Channel = Channel { name: "Security", provider: "Microsoft-Windows-Eventlog" };

/// An event log and the program that writes it.
#[derive(Clone, Copy)]
pub struct Channel {
    pub name: &'static str,
    pub provider: &'static str,
}

/// A Windows network and the way its events are shipped.
#[derive(Clone, Copy)]
pub struct Network {
    pub source: &'static str,
    pub domain: &'static str,
    pub netbios: &'static str,
    nxlog: bool,
}

pub const WATERVAST: Network = Network {
    source: "watervast-windows",
    domain: watervast::DOMAIN,
    netbios: watervast::NETBIOS,
    nxlog: false,
};
pub const OOSTERMEER: Network = Network {
    source: "oostermeer-windows",
    domain: oostermeer::DOMAIN,
    netbios: oostermeer::NETBIOS,
    nxlog: true,
};

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    let mut log = Log { lines, dice };
    for at in day.moments(log.dice, 2500) {
        let person = log.dice.pick(watervast::PEOPLE);
        ordinary(
            &mut log,
            WATERVAST,
            person,
            watervast::DOMAIN_CONTROLLERS[0].name,
            watervast::FILES.name,
            at,
        );
    }
    for at in day.moments(log.dice, 800) {
        let person = log.dice.pick(oostermeer::PEOPLE);
        ordinary(&mut log, OOSTERMEER, person, oostermeer::DIRECTORY.name, oostermeer::FILES.name, at);
    }
}

fn ordinary(
    log: &mut Log<'_>,
    network: Network,
    person: &Person,
    directory: &'static str,
    files: &'static str,
    at: Moment,
) {
    match log.dice.below(10) {
        0 | 1 => log.logon(network, files, person.user, 3, person.address, at),
        2 => log.logon(network, person.machine, person.user, 2, "127.0.0.1", at),
        3 => log.ticket(network, directory, person, at),
        4..=6 => log.everyday_program(network, person, at),
        7 => log.connection(network, person, at),
        8 => log.name_lookup(network, person, at),
        _ => log.service_state(network, files, at),
    }
}

/// Writes Windows events.
pub struct Log<'a> {
    pub lines: &'a mut Lines,
    pub dice: &'a mut Dice,
}

impl Log<'_> {
    #[expect(clippy::too_many_arguments, reason = "they are the columns of one event")]
    pub fn write(
        &mut self,
        network: Network,
        machine: &str,
        channel: Channel,
        code: u32,
        message: &str,
        at: Moment,
        data: Value,
    ) {
        let computer = format!("{machine}.{}", network.domain);
        let record = self.dice.between(100_000, 9_999_999);
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        let line = if network.nxlog {
            nxlog(&computer, channel, code, message, at, record, data)
        } else {
            winlogbeat(&computer, channel, code, message, at, record, &data)
        };
        self.lines.push(network.source, at, line);
    }

    /// A successful logon and what follows it; `kind` is Windows' logon type.
    pub fn logon(&mut self, network: Network, machine: &str, user: &str, kind: u8, from: &str, at: Moment) {
        let id = format!("0x{}", self.dice.hex(7));
        let message = "An account was successfully logged on.";
        let data = json!({
            "SubjectUserSid": "S-1-5-18", "SubjectUserName": format!("{machine}$"), "SubjectDomainName": network.netbios,
            "SubjectLogonId": "0x3e7", "TargetUserSid": "S-1-5-21-3623811015-3361044348-30300820-1104",
            "TargetUserName": user, "TargetDomainName": network.netbios, "TargetLogonId": id, "LogonType": kind.to_string(),
            "LogonProcessName": if kind == 3 { "Kerberos" } else { "User32 " }, "AuthenticationPackageName": "Negotiate",
            "WorkstationName": machine, "IpAddress": from, "IpPort": self.dice.port().to_string(),
            "ProcessName": "C:\\Windows\\System32\\svchost.exe", "ElevatedToken": "%%1843",
        });
        self.write(network, machine, SECURITY, 4624, message, at, data);
        let later = at.plus_s(self.dice.between(20, 200) as i64);
        let data = json!({
            "TargetUserSid": "S-1-5-21-3623811015-3361044348-30300820-1104", "TargetUserName": user,
            "TargetDomainName": network.netbios, "TargetLogonId": id, "LogonType": kind.to_string(),
        });
        self.write(network, machine, SECURITY, 4634, "An account was logged off.", later, data);
    }

    fn ticket(&mut self, network: Network, directory: &str, person: &Person, at: Moment) {
        let data = json!({
            "TargetUserName": format!("{}@{}", person.user, network.netbios), "TargetDomainName": network.netbios,
            "ServiceName": "WV-FILE01$", "TicketOptions": "0x40810000", "TicketEncryptionType": "0x12",
            "IpAddress": format!("::ffff:{}", person.address), "IpPort": self.dice.port().to_string(), "Status": "0x0",
        });
        self.write(network, directory, SECURITY, 4769, "A Kerberos service ticket was requested.", at, data);
    }

    fn everyday_program(&mut self, network: Network, person: &Person, at: Moment) {
        let (image, parent, arguments) = *self.dice.pick(&[
            (
                "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
                "C:\\Windows\\explorer.exe",
                "",
            ),
            (
                "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
                "C:\\Windows\\explorer.exe",
                " /dde",
            ),
            (
                "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
                "C:\\Windows\\explorer.exe",
                " --single-argument https://intranet/",
            ),
            ("C:\\Windows\\System32\\notepad.exe", "C:\\Windows\\explorer.exe", " verslag.txt"),
            ("C:\\Windows\\System32\\taskhostw.exe", "C:\\Windows\\System32\\svchost.exe", ""),
        ]);
        self.program(network, person.machine, person.user, image, arguments, parent, at);
    }

    /// A program that starts, as Sysmon tells it.
    #[expect(clippy::too_many_arguments, reason = "they are the columns of one event")]
    pub fn program(
        &mut self,
        network: Network,
        machine: &str,
        user: &str,
        image: &str,
        arguments: &str,
        parent: &str,
        at: Moment,
    ) {
        let file = image.rsplit('\\').next().unwrap_or(image);
        let (hash, pid) = (self.dice.hex(64).to_uppercase(), self.dice.between(1000, 20_000));
        let data = json!({
            "RuleName": "-", "UtcTime": at.utc_as("%Y-%m-%d %H:%M:%S%.3f"),
            "ProcessGuid": format!("{{{}-{}-{}-0000}}", self.dice.hex(8), self.dice.hex(4), self.dice.hex(4)),
            "ProcessId": pid.to_string(), "Image": image, "FileVersion": "10.0.19041.1", "Description": file,
            "Product": "-", "Company": "-", "OriginalFileName": file, "CommandLine": format!("\"{image}\"{arguments}"),
            "CurrentDirectory": format!("C:\\Users\\{user}\\"), "User": format!("{}\\{user}", network.netbios),
            "LogonGuid": "{00000000-0000-0000-0000-000000000000}", "LogonId": "0x5f2a1", "TerminalSessionId": "1",
            "IntegrityLevel": "Medium", "Hashes": format!("SHA256={hash}"), "ParentProcessId": (pid / 2).to_string(),
            "ParentImage": parent, "ParentCommandLine": parent, "ParentUser": format!("{}\\{user}", network.netbios),
        });
        self.write(network, machine, SYSMON, 1, "Process Create", at, data);
    }

    fn connection(&mut self, network: Network, person: &Person, at: Moment) {
        let image = "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe";
        let (to, name) = *self.dice.pick(super::cast::SERVICES);
        self.outgoing(network, person, image, (to, name, 443), at);
    }

    /// A network connection that a program opens.
    pub fn outgoing(
        &mut self,
        network: Network,
        person: &Person,
        image: &str,
        to: (&str, &str, u16),
        at: Moment,
    ) {
        let data = json!({
            "RuleName": "-", "UtcTime": at.utc_as("%Y-%m-%d %H:%M:%S%.3f"), "ProcessId": "5120", "Image": image,
            "User": format!("{}\\{}", network.netbios, person.user), "Protocol": "tcp", "Initiated": "true",
            "SourceIsIpv6": "false", "SourceIp": person.address, "SourceHostname": person.machine,
            "SourcePort": self.dice.port().to_string(), "DestinationIsIpv6": "false", "DestinationIp": to.0,
            "DestinationHostname": to.1, "DestinationPort": to.2.to_string(), "DestinationPortName": "https",
        });
        self.write(network, person.machine, SYSMON, 3, "Network connection detected", at, data);
    }

    fn name_lookup(&mut self, network: Network, person: &Person, at: Moment) {
        let (address, name) = *self.dice.pick(super::cast::SERVICES);
        let data = json!({
            "RuleName": "-", "UtcTime": at.utc_as("%Y-%m-%d %H:%M:%S%.3f"), "ProcessId": "5120", "QueryName": name,
            "QueryStatus": "0", "QueryResults": format!("::ffff:{address};"),
            "Image": "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
            "User": format!("{}\\{}", network.netbios, person.user),
        });
        self.write(network, person.machine, SYSMON, 22, "Dns query", at, data);
    }

    fn service_state(&mut self, network: Network, machine: &str, at: Moment) {
        let service =
            *self.dice.pick(&["Windows Update", "Background Intelligent Transfer Service", "Print Spooler"]);
        let state = *self.dice.pick(&["running", "stopped"]);
        let message = format!("The {service} service entered the {state} state.");
        self.write(network, machine, SYSTEM, 7036, &message, at, json!({"param1": service, "param2": state}));
    }
}

fn winlogbeat(
    computer: &str,
    channel: Channel,
    code: u32,
    message: &str,
    at: Moment,
    record: u64,
    data: &Map<String, Value>,
) -> String {
    json!({
        "@timestamp": at.rfc3339(),
        "agent": {"type": "winlogbeat", "version": "8.15.1", "name": "WV-WEC01"},
        "ecs": {"version": "8.0.0"},
        "event": {"code": code.to_string(), "kind": "event", "provider": channel.provider, "created": at.plus_s(1).rfc3339()},
        "host": {"name": computer},
        "log": {"level": "information"},
        "message": message,
        "winlog": {
            "api": "wineventlog", "channel": channel.name, "computer_name": computer, "event_data": data,
            "event_id": code.to_string(), "opcode": "Info", "process": {"pid": 712, "thread": {"id": 4188}},
            "provider_name": channel.provider, "record_id": record,
        },
    })
    .to_string()
}

fn nxlog(
    computer: &str,
    channel: Channel,
    code: u32,
    message: &str,
    at: Moment,
    record: u64,
    data: Map<String, Value>,
) -> String {
    let mut event = json!({
        "EventTime": at.dashes(), "Hostname": computer, "EventType": "INFO", "SeverityValue": 2, "Severity": "INFO",
        "EventID": code, "SourceName": channel.provider, "Version": 1, "Task": 1, "OpcodeValue": 0, "RecordNumber": record,
        "ExecutionProcessID": 712, "ExecutionThreadID": 4188, "Channel": channel.name, "Message": message,
        "EventReceivedTime": at.plus_s(1).dashes(), "SourceModuleName": "eventlog", "SourceModuleType": "im_msvistalog",
    });
    if let Value::Object(event) = &mut event {
        event.extend(data);
    }
    event.to_string()
}
