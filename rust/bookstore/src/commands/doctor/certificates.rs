//! Whether the certificates can be used, and when they expire.

use std::path::Path;

use jiff::Timestamp;
use service::{Clock, SystemClock};

use super::Finding;
use crate::certificates::first_expiry;
use crate::tls::{ClientTlsSettings, ServerTlsSettings};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Loads the certificates as a process does, and reads when each of them expires.
pub fn check(
    client: &ClientTlsSettings,
    server: &ServerTlsSettings,
    warn_days: u32,
) -> Vec<Finding> {
    let subject = "certificates";
    let mut findings = Vec::new();
    match server.load(client) {
        Ok(None) => {
            let text = "the ports of this process are plain text".to_owned();
            findings.push(Finding::fine(subject, text));
        }
        Ok(Some(_)) => {
            let text = "the ports of this process speak TLS".to_owned();
            findings.push(Finding::fine(subject, text));
        }
        Err(error) => findings.push(Finding::failure(subject, format!("{error:#}"))),
    }
    if let Err(error) = client.load() {
        findings.push(Finding::failure(subject, format!("{error:#}")));
    }
    let now = SystemClock.now();
    let mut files = client.certificate_files();
    files.extend(server.certificate_files(client));
    files.sort();
    files.dedup();
    for file in files.iter().filter(|file| file.exists()) {
        findings.extend(check_file(file, now, warn_days));
    }
    findings
}

/// The first certificate of a file to expire. Nothing is found in a file that cannot be read:
/// loading it has failed.
fn check_file(file: &Path, now: Timestamp, warn_days: u32) -> Option<Finding> {
    let expiry = first_expiry(file)?;
    Some(judge(
        &format!("certificate {}", file.display()),
        expiry,
        now,
        warn_days,
    ))
}

fn judge(subject: &str, expiry: Timestamp, now: Timestamp, warn_days: u32) -> Finding {
    let days = (expiry.as_second() - now.as_second()).div_euclid(SECONDS_PER_DAY);
    let date = expiry.strftime("%Y-%m-%d");
    let advice = "issue a new one (for development: bookstore certs --renew); running processes \
                  use it within seconds";
    if days < 0 {
        let text = format!("has expired on {date}");
        Finding::failure(subject, text).advise(advice)
    } else if days < i64::from(warn_days) {
        let text = format!("expires on {date}, in {days} days");
        Finding::warning(subject, text).advise(advice)
    } else {
        Finding::fine(subject, format!("expires on {date}, in {days} days"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{super::report::Level, *};

    #[test]
    fn expired_certificate_is_a_failure_and_one_that_expires_soon_a_warning() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 400);
        for (hours, level, text) in [
            (-1, Level::Failure, "has expired on 1971-02-04"),
            (49, Level::Warning, "expires on 1971-02-07, in 2 days"),
            (24 * 40, Level::Fine, "expires on 1971-03-17, in 40 days"),
        ] {
            let expiry = now + SignedDuration::from_hours(hours);
            let finding = judge("certificate", expiry, now, 21);
            assert_eq!((finding.level, &*finding.text), (level, text));
        }
    }
}
