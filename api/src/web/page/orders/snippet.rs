//! Sender configurations with everything filled in, ready to paste.

use crate::app::Intake;
use ledger::SourceTransport;
use serde::Serialize;

/// The authorities that Debian and its kin trust; a private one is added to them, or named in its place.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where a sender's own certificate and key are taken to be, when the listener asks for one.
const OWN_CERTIFICATE: &str = "/etc/sperwer/sender.crt";
const OWN_KEY: &str = "/etc/sperwer/sender.key";

/// A piece of configuration for one tool.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Snippet {
    tool: &'static str,
    place: &'static str,
    text: String,
}

/// What to paste for a source that sends over `transport`; nothing where no listener takes it.
pub(super) fn snippets(intake: &Intake, transport: SourceTransport, token: &str) -> Vec<Snippet> {
    if transport == SourceTransport::Http {
        return vec![curl(intake, token)];
    }
    let Some(port) = intake.syslog_port(transport) else { return Vec::new() };
    let to = Target { intake, transport, port, token };
    let try_out = if to.is_tls() { to.openssl() } else { to.logger() };
    vec![to.rsyslog(), to.syslog_ng(), try_out]
}

fn curl(intake: &Intake, token: &str) -> Snippet {
    let text = format!(
        "curl --header 'Authorization: Bearer {token}' \\\n     --header 'Content-Type: application/x-ndjson' \\\n     \
         --data-binary @events.ndjson \\\n     {}/ingest/v1/ndjson",
        intake.http_url
    );
    Snippet { tool: "curl", place: "", text }
}

struct Target<'a> {
    intake: &'a Intake,
    transport: SourceTransport,
    port: u16,
    token: &'a str,
}

impl Target<'_> {
    fn is_tls(&self) -> bool {
        self.transport == SourceTransport::Tls
    }

    fn rsyslog(&self) -> Snippet {
        let (host, port, token) = (&self.intake.host, self.port, self.token);
        let protocol = if self.transport == SourceTransport::Udp { "udp" } else { "tcp" };
        let (global, driver) = if self.is_tls() { self.rsyslog_tls() } else { Default::default() };
        let text = format!(
            "{global}template(name=\"sperwer\" type=\"string\"\n         \
             string=\"<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% \
             [sperwer@32473 token=\\\"{token}\\\"] %msg%\\n\")\n\
             *.* action(type=\"omfwd\" target=\"{host}\" port=\"{port}\" protocol=\"{protocol}\"\n           \
             {driver}template=\"sperwer\" queue.type=\"LinkedList\" queue.filename=\"sperwer\"\n           \
             action.resumeRetryCount=\"-1\")"
        );
        Snippet { tool: "rsyslog", place: "/etc/rsyslog.d/60-sperwer.conf", text }
    }

    /// Needs the package `rsyslog-gnutls`. Without a mode of authentication the driver would trust anybody.
    fn rsyslog_tls(&self) -> (String, String) {
        let own = if self.intake.tls_client_certificate {
            format!(
                "\n       defaultNetstreamDriverCertFile=\"{OWN_CERTIFICATE}\"\n       \
                 defaultNetstreamDriverKeyFile=\"{OWN_KEY}\""
            )
        } else {
            String::new()
        };
        let global = format!("global(defaultNetstreamDriverCAFile=\"{TRUSTED}\"{own})\n");
        let driver = format!(
            "streamDriver=\"gtls\" streamDriverMode=\"1\" streamDriverAuthMode=\"x509/name\"\n           \
             streamDriverPermittedPeers=\"{}\"\n           ",
            self.intake.host
        );
        (global, driver)
    }

    fn syslog_ng(&self) -> Snippet {
        let (host, port, token) = (&self.intake.host, self.port, self.token);
        let own = if self.intake.tls_client_certificate {
            format!(" cert-file(\"{OWN_CERTIFICATE}\") key-file(\"{OWN_KEY}\")")
        } else {
            String::new()
        };
        let tls = if self.is_tls() {
            format!("\n           tls(ca-file(\"{TRUSTED}\") peer-verify(required-trusted){own})")
        } else {
            String::new()
        };
        let text = format!(
            "rewrite r_sperwer {{ set(\"{token}\" value(\".SDATA.sperwer@32473.token\")); }};\n\
             destination d_sperwer {{\n    syslog(\"{host}\" port({port}) transport(\"{}\"){tls});\n}};\n\
             log {{ source(s_src); rewrite(r_sperwer); destination(d_sperwer); }};",
            self.transport.name()
        );
        Snippet { tool: "syslog-ng", place: "/etc/syslog-ng/conf.d/sperwer.conf", text }
    }

    fn logger(&self) -> Snippet {
        let way = if self.transport == SourceTransport::Udp { "--udp" } else { "--tcp --octet-count" };
        let text = format!(
            "logger --rfc5424 --server {} --port {} {way} --sd-id sperwer@32473 \\\n       \
             --sd-param 'token=\"{}\"' 'test van Sperwer'",
            self.intake.host, self.port, self.token
        );
        Snippet { tool: "logger", place: "", text }
    }

    /// `logger` speaks no TLS.
    fn openssl(&self) -> Snippet {
        let (host, port, token) = (&self.intake.host, self.port, self.token);
        let own = if self.intake.tls_client_certificate {
            format!(" \\\n          -cert {OWN_CERTIFICATE} -key {OWN_KEY}")
        } else {
            String::new()
        };
        let text = format!(
            "printf '<14>1 %s %s test - - [sperwer@32473 token=\"{token}\"] test van Sperwer\\n' \\\n       \
             \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" \"$(hostname)\" |\n  \
             openssl s_client -quiet -no_ign_eof -verify_return_error -verify_hostname {host} \\\n          \
             -connect {host}:{port}{own}"
        );
        Snippet { tool: "openssl", place: "", text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn intake() -> Intake {
        Intake {
            host: "logs.example.org".to_owned(),
            syslog_udp_port: Some(514),
            syslog_tcp_port: Some(601),
            syslog_tls_port: Some(6514),
            tls_client_certificate: false,
            http_url: "https://logs.example.org".to_owned(),
        }
    }

    fn text(intake: &Intake, transport: SourceTransport, tool: &str) -> String {
        let all = snippets(intake, transport, "spw_abc");
        all.into_iter().find(|snippet| snippet.tool == tool).expect("there is one").text
    }

    #[test]
    fn each_transport_has_its_own_port_and_none_without_a_listener() {
        let intake = intake();
        for (transport, port, other) in [
            (SourceTransport::Udp, "port=\"514\" protocol=\"udp\"", "--port 514 --udp"),
            (SourceTransport::Tcp, "port=\"601\" protocol=\"tcp\"", "--port 601 --tcp"),
        ] {
            assert!(text(&intake, transport, "rsyslog").contains(port));
            assert!(text(&intake, transport, "logger").contains(other));
        }
        let deaf = Intake { syslog_udp_port: None, ..intake };
        assert_eq!(snippets(&deaf, SourceTransport::Udp, "spw_abc"), []);
        assert_eq!(snippets(&deaf, SourceTransport::File, "spw_abc"), []);
    }

    #[test]
    fn what_goes_over_tls_is_encrypted_and_checked() {
        let mut intake = intake();
        for (tool, part) in [
            ("rsyslog", "streamDriverAuthMode=\"x509/name\""),
            ("syslog-ng", "peer-verify(required-trusted)"),
            ("openssl", "-verify_return_error"),
        ] {
            let plain = text(&intake, SourceTransport::Tls, tool);
            assert!(
                plain.contains(part) && plain.contains("6514") && !plain.contains("sender.key"),
                "{plain}"
            );
        }
        intake.tls_client_certificate = true;
        for tool in ["rsyslog", "syslog-ng", "openssl"] {
            assert!(text(&intake, SourceTransport::Tls, tool).contains("/etc/sperwer/sender.key"), "{tool}");
        }
    }

    #[test]
    fn syslog_ng_takes_its_snippets() {
        let Ok(version) = Command::new("syslog-ng").arg("--version").output() else {
            println!("skipped: there is no syslog-ng here");
            return;
        };
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        // `syslog-ng 3 (3.38.1)` reads configurations of version 3.38.
        let full = version.split(['(', ')']).nth(1).unwrap_or("3.38.1");
        let number = full.split('.').take(2).collect::<Vec<_>>().join(".");
        let folder = tempfile::tempdir().expect("a folder for the test");
        for transport in [SourceTransport::Udp, SourceTransport::Tcp, SourceTransport::Tls] {
            let snippet = text(&intake(), transport, "syslog-ng");
            let file = folder.path().join("syslog-ng.conf");
            let config = format!("@version: {number}\nsource s_src {{ internal(); }};\n{snippet}\n");
            std::fs::write(&file, config).expect("the test's folder can be written");
            let said = Command::new("syslog-ng").arg("--syntax-only").arg("--cfgfile").arg(&file).output();
            let said = said.expect("it ran a moment ago");
            assert!(said.status.success(), "{transport:?}: {}", String::from_utf8_lossy(&said.stderr));
        }
    }
}
