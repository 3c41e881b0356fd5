//! What single services want besides what their models say, as AWS's SDKs do it.

use crate::datum::{Datum, Field};
use crate::model::{Location, Model};
use crate::protocol::Message;

/// Route 53 answers with ids that have their kind before them, and takes them without.
pub(crate) fn prepare(model: Model<'static>, fields: &mut [Field<'_>]) {
    const KINDS: &[&str] = &["/hostedzone/", "/change/", "/delegationset/"];
    if model.service_id() != "Route 53" {
        return;
    }
    for field in fields.iter_mut().filter(|field| field.reference.location == Location::Uri) {
        if let Datum::Text(text) = &field.datum
            && let Some(id) = KINDS.iter().find_map(|kind| text.strip_prefix(kind))
        {
            field.datum = Datum::Text(id.to_owned().into());
        }
    }
}

/// Headers that are the same for all actions.
pub(crate) fn finish(model: Model<'static>, message: &mut Message) {
    let (name, value) = match model.service_id() {
        // Without it API Gateway answers in another form, of which the model says nothing.
        "API Gateway" => ("accept", "application/json"),
        "Glacier" => ("x-amz-glacier-version", model.metadata().api_version),
        _ => return,
    };
    if !message.headers.iter().any(|(known, _)| known == name) {
        message.headers.push((name.into(), value.to_owned()));
    }
}
