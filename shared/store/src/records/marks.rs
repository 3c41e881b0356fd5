//! Claims: the mark on a record that its call has been started.
//!
//! Kept beside the record, where it can be set if it is absent. The other mark, the latest heartbeat, is a number that the backend
//! keeps as it likes.
//!
//! | key | member |
//! |---|---|
//! | `m` | moment |
//! | `w` | worker |
//! | `x` | when it expires |

use super::value::{MomentForm, Time, moment, moment_form};
use super::{Kept, Unreadable, sealed};
use baton_engine::Claim;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct ClaimForm<'a> {
    m: MomentForm,
    #[serde(borrow)]
    w: Cow<'a, str>,
    x: Time,
}

impl sealed::Sealed for Claim {}

impl Kept for Claim {
    const WHAT: &'static str = "claim";
    type Form<'a> = ClaimForm<'a>;

    fn form<'a>(&'a self, _: &mut sealed::TableOf<'a>) -> ClaimForm<'a> {
        ClaimForm {
            m: moment_form(self.moment),
            w: Cow::Borrowed(&self.worker),
            x: Time(self.expires),
        }
    }

    fn from_form(form: ClaimForm<'_>, _: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        Ok(Claim { moment: moment(form.m), worker: form.w.into(), expires: form.x.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::claim;
    use super::super::{decode_whole, encode};
    use super::*;

    #[test]
    fn a_claim_reads_back() {
        assert_eq!(decode_whole::<Claim>(&encode(&claim()).bytes).unwrap(), claim());
    }

    #[test]
    fn the_oldest_form_reads_still() {
        let oldest = br#"{"v":1,"d":{"m":[7,1],"w":"w","x":1763640000123}}"#;
        assert_eq!(encode(&decode_whole::<Claim>(oldest).unwrap()).bytes, oldest);
    }
}
