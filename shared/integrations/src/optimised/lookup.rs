//! What a service knows by ids and a definition by names: it is looked up first, in as many pages as that takes.

use super::Row;
use crate::arguments::Arguments;
use crate::limits::LOOKUP_PAGES_MAX;
use crate::{Origin, Request, Response};
use baton_engine::{Failure, Payload};
use baton_services::{Action, Context, ServiceError};
use serde_json::{Map, Value};

/// How a row's thing is looked up.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The member that says what becomes of it: `InstanceFleet`. With `Name` after it, it is the member that names it; with
    /// `Id`, the one within that the service knows it by.
    pub(super) member: &'static str,
    /// The action that lists all of them.
    pub(super) list: &'static str,
    /// The arguments that both actions have.
    pub(super) scope: &'static str,
}

/// A look-up that is under way.
#[derive(Debug, Clone)]
pub(super) struct Search {
    lookup: &'static Lookup,
    action: Action,
    question: Request,
    name: String,
    scope: Value,
    region: String,
    pages: u32,
}

/// What a page says.
pub(super) enum Found {
    /// The id.
    Id(String),
    /// Not yet: the next page has to be asked for.
    Next,
    /// There is none of this name.
    Nothing(Failure),
    /// The service refused.
    Refused(Box<ServiceError>),
}

impl Search {
    pub(super) fn new(
        row: &'static Row,
        lookup: &'static Lookup,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Result<Option<Self>, Failure> {
        let read = Arguments::new(arguments)?;
        let name = read.required_text(&format!("{}Name", lookup.member))?.to_owned();
        let scope = Value::from(read.required_text(lookup.scope)?);
        let Ok(action) = baton_services::action(row.sdk.0, lookup.list) else { return Ok(None) };
        let region = origin.region().to_owned();
        let Some(question) = question(&action, lookup, &scope, None, &region) else {
            return Err(read.malformed(lookup.scope));
        };
        Ok(Some(Search { lookup, action, question, name, scope, region, pages: 0 }))
    }

    pub(super) fn question(&self) -> &Request {
        &self.question
    }

    pub(super) fn answer(&mut self, response: &Response) -> Found {
        let page = match self.action.outcome(response) {
            Ok(page) => page,
            Err(error) => return Found::Refused(error),
        };
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let listed = page.get(format!("{}s", self.lookup.member)).and_then(Value::as_array);
        let mut listed = listed.into_iter().flatten();
        let found = listed.find(|item| text(item, "Name").as_deref() == Some(&self.name));
        if let Some(id) = found.and_then(|item| text(item, "Id")) {
            return Found::Id(id);
        }
        self.pages = self.pages.saturating_add(1);
        let next =
            text(&page, "Marker").filter(|_| self.pages < LOOKUP_PAGES_MAX).and_then(|next| {
                question(&self.action, self.lookup, &self.scope, Some(next), &self.region)
            });
        match next {
            Some(question) => {
                self.question = question;
                Found::Next
            }
            None => Found::Nothing(self.nothing()),
        }
    }

    /// How AWS names it is not recorded.
    fn nothing(&self) -> Failure {
        let Search { lookup, name, scope, .. } = self;
        let scope = scope.as_str().unwrap_or_default();
        let cause = format!("There is no {} named `{name}` in `{scope}`.", lookup.member);
        Failure::new("ElasticMapReduce.InvalidRequestException", &cause)
    }
}

fn question(
    action: &Action,
    lookup: &Lookup,
    scope: &Value,
    marker: Option<String>,
    region: &str,
) -> Option<Request> {
    let mut members = Map::from_iter([(lookup.scope.to_owned(), scope.clone())]);
    members.extend(marker.map(|marker| ("Marker".to_owned(), marker.into())));
    action.request(&members, &Context { region, token: "" }).ok()
}

impl Lookup {
    /// The arguments by the id in place of the name. The id itself may not be given.
    pub(super) fn with_id(
        &self,
        mut members: Map<String, Value>,
        id: &str,
        arguments: &Arguments<'_>,
    ) -> Result<Map<String, Value>, Failure> {
        members.remove(&format!("{}Name", self.member));
        let id_member = format!("{}Id", self.member);
        let Some(Value::Object(inner)) = members.get_mut(self.member) else {
            return Err(arguments.missing(self.member));
        };
        if inner.insert(id_member.clone(), id.into()).is_some() {
            return Err(arguments.unsupported(&id_member));
        }
        Ok(members)
    }
}
