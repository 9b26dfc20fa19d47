//! Unix servers: sshd, sudo, PAM, cron, systemd and the audit daemon, in BSD syslog.

use super::cast::{lindebeke, watervast};
use super::dice::Dice;
use super::moment::{Day, Moment};
use super::{Lines, UNKNOWN_SENDER};

const ADMINISTRATORS: &[&str] = &["beheer.jan", "beheer.mieke", "deploy", "monitor"];
const BASTION: &str = "10.20.9.5";

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    for at in day.moments(dice, 520) {
        let host = dice.pick(watervast::LINUX).name;
        chore(lines, "watervast-linux", host, at, dice);
    }
    for at in day.moments(dice, 330) {
        let host = dice.pick(lindebeke::SERVERS).name;
        chore(lines, "lindebeke-linux", host, at, dice);
    }
    for at in day.moments(dice, 280) {
        audited_command(lines, dice.pick(lindebeke::SERVERS).name, at, dice);
    }
    for at in day.moments(dice, 25) {
        let noise = (0..dice.between(20, 90)).map(|_| dice.between(128, 255) as u8).collect();
        lines.push_garbage("lindebeke-linux", at, noise);
    }
    for at in day.moments(dice, 20) {
        let text = format!("printer: tray {} empty, {}", dice.between(1, 4), at.dashes());
        lines.push_garbage(UNKNOWN_SENDER, at, text.into_bytes());
    }
}

/// A line of BSD syslog (RFC 3164 section 4.1).
pub fn syslog(priority: u8, at: Moment, host: &str, tag: &str, message: &str) -> String {
    format!("<{priority}>{} {host} {tag}: {message}", at.bsd())
}

fn chore(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    match dice.below(10) {
        0..=2 => key_logon(lines, source, host, at, dice),
        3 | 4 => sudo(lines, source, host, at, dice),
        5..=7 => cron(lines, source, host, at, dice),
        8 => systemd(lines, source, host, at, dice),
        _ => typing_error(lines, source, host, at, dice),
    }
}

fn key_logon(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    let (user, pid, port) = (*dice.pick(ADMINISTRATORS), dice.between(900, 32_000), dice.port());
    let tag = format!("sshd[{pid}]");
    let fingerprint = dice.hex(43);
    let accepted = format!(
        "Accepted publickey for {user} from {BASTION} port {port} ssh2: ED25519 SHA256:{fingerprint}"
    );
    lines.push(source, at, syslog(86, at, host, &tag, &accepted));
    let opened = format!("pam_unix(sshd:session): session opened for user {user}(uid=1004) by (uid=0)");
    lines.push(source, at.plus_ms(40), syslog(86, at, host, &tag, &opened));
    let later = at.plus_s(dice.between(20, 240) as i64);
    let disconnected = format!("Disconnected from user {user} {BASTION} port {port}");
    lines.push(source, later, syslog(86, later, host, &tag, &disconnected));
    let closed = format!("pam_unix(sshd:session): session closed for user {user}");
    lines.push(source, later.plus_ms(5), syslog(86, later, host, &tag, &closed));
}

fn typing_error(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    let (user, tag) = (*dice.pick(ADMINISTRATORS), format!("sshd[{}]", dice.between(900, 32_000)));
    let failed = format!("Failed password for {user} from {BASTION} port {} ssh2", dice.port());
    lines.push(source, at, syslog(86, at, host, &tag, &failed));
    let later = at.plus_s(4);
    let accepted = format!("Accepted password for {user} from {BASTION} port {} ssh2", dice.port());
    lines.push(source, later, syslog(86, later, host, &tag, &accepted));
}

fn sudo(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    let user = *dice.pick(ADMINISTRATORS);
    let command = *dice.pick(&[
        "/usr/bin/apt-get update",
        "/usr/bin/systemctl status postgresql",
        "/usr/bin/systemctl reload nginx",
        "/usr/bin/journalctl -u sperwer-agent --since today",
        "/usr/bin/df -h",
    ]);
    let message =
        format!("{user} : TTY=pts/{} ; PWD=/home/{user} ; USER=root ; COMMAND={command}", dice.below(4));
    lines.push(source, at, syslog(85, at, host, "sudo", &message));
    let opened = format!("pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid=1004)");
    lines.push(source, at.plus_ms(3), syslog(86, at, host, "sudo", &opened));
    let closed = "pam_unix(sudo:session): session closed for user root";
    lines.push(source, at.plus_ms(900), syslog(86, at, host, "sudo", closed));
}

fn cron(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    let tag = format!("CRON[{}]", dice.between(900, 32_000));
    let job = *dice.pick(&[
        "   cd / && run-parts --report /etc/cron.hourly",
        "/usr/local/bin/backup-check --quiet",
        "/usr/lib/sysstat/debian-sa1 1 1",
    ]);
    let opened = "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)";
    lines.push(source, at, syslog(86, at, host, &tag, opened));
    lines.push(source, at.plus_ms(2), syslog(78, at, host, &tag, &format!("(root) CMD ({job})")));
    let closed = "pam_unix(cron:session): session closed for user root";
    lines.push(source, at.plus_ms(300), syslog(86, at, host, &tag, closed));
}

fn systemd(lines: &mut Lines, source: &'static str, host: &str, at: Moment, dice: &mut Dice) {
    let (unit, title) = *dice.pick(&[
        ("apt-daily.service", "Daily apt download activities"),
        ("logrotate.service", "Rotate log files"),
        ("fstrim.service", "Discard unused blocks on filesystems"),
        ("man-db.service", "Daily man-db regeneration"),
    ]);
    lines.push(source, at, syslog(30, at, host, "systemd[1]", &format!("Starting {unit} - {title}...")));
    let later = at.plus_s(2);
    lines.push(
        source,
        later,
        syslog(30, later, host, "systemd[1]", &format!("{unit}: Deactivated successfully.")),
    );
    lines.push(source, later, syslog(30, later, host, "systemd[1]", &format!("Finished {unit} - {title}.")));
}

fn audited_command(lines: &mut Lines, host: &str, at: Moment, dice: &mut Dice) {
    let (executable, arguments): (&str, &[&str]) = *dice.pick(&[
        ("/usr/bin/ls", &["ls", "-l", "/srv/burgerzaken"][..]),
        ("/usr/bin/ps", &["ps", "aux"][..]),
        ("/usr/bin/tail", &["tail", "-n", "50", "/var/log/syslog"][..]),
        ("/usr/bin/rsync", &["rsync", "-a", "/srv/burgerzaken/", "/backup/burgerzaken/"][..]),
    ]);
    audit(lines, host, at, dice, "1004", executable, arguments);
}

/// The three records that the audit daemon writes of one started program.
pub fn audit(
    lines: &mut Lines,
    host: &str,
    at: Moment,
    dice: &mut Dice,
    uid: &str,
    executable: &str,
    arguments: &[&str],
) {
    let stamp = format!("audit({}:{})", at.epoch(), dice.between(10_000, 99_999));
    let (pid, program) = (dice.between(1000, 32_000), arguments[0]);
    let syscall = format!(
        "type=SYSCALL msg={stamp}: arch=c000003e syscall=59 success=yes exit=0 a0=55d0c1a2 a1=55d0c1f0 a2=55d0c2a8 a3=8 \
         items=2 ppid={} pid={pid} auid={uid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} \
         fsgid={uid} tty=pts0 ses=41 comm=\"{program}\" exe=\"{executable}\" subj=unconfined key=\"exec\"",
        pid - 7
    );
    let list: Vec<_> =
        arguments.iter().enumerate().map(|(index, argument)| format!("a{index}=\"{argument}\"")).collect();
    let execve = format!("type=EXECVE msg={stamp}: argc={} {}", arguments.len(), list.join(" "));
    let directory = format!("type=CWD msg={stamp}: cwd=\"/root\"");
    for record in [syscall, execve, directory] {
        lines.push("lindebeke-audit", at, syslog(13, at, host, "audispd", &record));
    }
}
