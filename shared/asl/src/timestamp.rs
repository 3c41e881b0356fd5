//! Timestamps as Step Functions takes them (ASL-WAIT-03): RFC 3339 with an upper-case `T`, and `Z` or an
//! offset.

use jiff::Timestamp;

/// Reads a timestamp in exactly the accepted form; `None` is one AWS refuses.
///
/// Fractions are kept to the nanosecond. The last hours of the year 9999, which people write for
/// "never", are beyond what [`Timestamp`] holds and read as [`Timestamp::MAX`].
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let rest = shape(text, "dddd-dd-ddTdd:dd:dd")?;
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (zone.len() < fraction.len()).then_some(zone)?
        }
    };
    if zone != "Z" && !shape(zone, "+dd:dd").or_else(|| shape(zone, "-dd:dd"))?.is_empty() {
        return None;
    }
    // A second of 60 is valid for RFC 3339 and not for AWS.
    if text.get(17..19) == Some("60") {
        return None;
    }
    let date_time = text.get(..19)?;
    let fraction: String = rest.chars().skip(1).take_while(char::is_ascii_digit).take(9).collect();
    let fraction = if rest.starts_with('.') { format!(".{fraction}") } else { String::new() };
    match format!("{date_time}{fraction}{zone}").parse() {
        Ok(timestamp) => Some(timestamp),
        Err(_) => date_time.parse::<jiff::civil::DateTime>().ok().and_then(|date_time| {
            (date_time.date() >= jiff::civil::date(9999, 12, 30)).then_some(Timestamp::MAX)
        }),
    }
}

/// The text after a prefix of this shape, in which `d` is a digit.
fn shape<'t>(text: &'t str, shape: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(shape.len())?;
    let fits = |(found, wanted): (u8, u8)| match wanted {
        b'd' => found.is_ascii_digit(),
        wanted => found == wanted,
    };
    head.bytes().zip(shape.bytes()).all(fits).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_takes_is_read_as_an_instant() {
        for (text, instant) in [
            ("2016-03-14T01:59:00Z", "2016-03-14T01:59:00Z"),
            ("2016-03-05T21:29:29.243167252Z", "2016-03-05T21:29:29.243167252Z"),
            ("2016-03-05T21:29:29.1234567891Z", "2016-03-05T21:29:29.123456789Z"),
            ("2016-03-14T01:59:00+02:00", "2016-03-13T23:59:00Z"),
            ("2016-03-14T01:59:00-00:30", "2016-03-14T02:29:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00.999999999Z"),
        ] {
            let parsed = parse_timestamp(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parsed.to_string(), instant, "{text}");
        }
    }

    #[test]
    fn what_aws_refuses_is_none() {
        for text in [
            "",
            "2016-03-14",
            "2016-03-14T01:59:00",
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14 01:59:00Z",
            "2016-03-14T01:59:00.Z",
            "2016-03-14T01:59Z",
            "14-03-2016T01:59:00Z",
            "2016-02-30T01:59:00Z",
            "2016-03-14T25:59:00Z",
            "2016-03-14T01:59:60Z",
            "2016-03-14T01:59:00+0200",
            "2016-03-14T01:59:00+02",
            "2016-03-14T01:59:00[UTC]",
            "+002016-03-14T01:59:00Z",
            "{% $now() %}",
            "２016-03-14T01:59:00Z",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
