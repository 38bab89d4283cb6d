//! Conditional requests: whether the client has the file already.

use crate::entry::Facts;
use std::time::{Duration, SystemTime};

/// What a request says about the copy that its client has.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    if_none_match: Option<String>,
    if_modified_since: Option<SystemTime>,
    if_range: Option<String>,
}

impl Conditions {
    /// Takes note of a field, if it is a condition.
    pub(crate) fn take(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("if-none-match") {
            self.if_none_match = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("if-modified-since") {
            self.if_modified_since = httpdate::parse_http_date(value).ok();
        } else if name.eq_ignore_ascii_case("if-range") {
            self.if_range = Some(value.to_owned());
        }
    }

    /// Whether the client's copy is still right (RFC 9110, 13.2.2: a tag outweighs a date).
    pub(crate) fn has_current(&self, facts: &Facts) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags
                .split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == facts.etag),
            (None, Some(since)) => facts.modified < since + Duration::from_secs(1),
            (None, None) => false,
        }
    }

    /// Whether a part may be answered with a part: it is of the file that the client knows.
    pub(crate) fn allow_part(&self, facts: &Facts) -> bool {
        self.if_range
            .as_deref()
            .is_none_or(|known| known == facts.etag || known.as_bytes() == facts.last_modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn facts() -> Facts {
        Facts::new("text/plain".to_owned(), 3, UNIX_EPOCH + Duration::from_millis(10_500))
    }

    fn conditions(fields: &[(&str, &str)]) -> Conditions {
        let mut conditions = Conditions::default();
        for (name, value) in fields {
            conditions.take(name, value);
        }
        conditions
    }

    #[test]
    fn a_tag_outweighs_a_date_and_fractions_of_seconds_do_not_count() {
        let facts = facts();
        let (same, old) = ("Thu, 01 Jan 1970 00:00:10 GMT", "Thu, 01 Jan 1970 00:00:09 GMT");
        assert!(conditions(&[("If-Modified-Since", same)]).has_current(&facts));
        assert!(!conditions(&[("If-Modified-Since", old)]).has_current(&facts));
        assert!(!conditions(&[("If-Modified-Since", "nonsense")]).has_current(&facts));
        let tags = format!("\"x\", W/{}", facts.etag);
        assert!(conditions(&[("If-None-Match", &tags)]).has_current(&facts));
        let both = [("If-None-Match", "\"x\""), ("If-Modified-Since", same)];
        assert!(!conditions(&both).has_current(&facts));
        assert!(conditions(&[("if-none-match", "*")]).has_current(&facts));
        assert!(!conditions(&[]).has_current(&facts));
    }

    #[test]
    fn a_part_is_given_only_of_the_file_that_the_client_knows() {
        let facts = facts();
        assert!(conditions(&[]).allow_part(&facts));
        assert!(conditions(&[("If-Range", &facts.etag)]).allow_part(&facts));
        assert!(!conditions(&[("If-Range", "\"x\"")]).allow_part(&facts));
        let weak = format!("W/{}", facts.etag);
        assert!(!conditions(&[("If-Range", &weak)]).allow_part(&facts));
    }
}
