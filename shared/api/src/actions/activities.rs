//! CreateActivity, DescribeActivity, DeleteActivity, ListActivities, GetActivityTask.

use super::{ARN, Empty, NAME, items_max, read_tags};
use crate::configuration;
use crate::members::{Members, Text};
use crate::names::{ActivityArn, check_name};
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError, limits};
use baton_driver::{HandedOut, PollError, Tasks};
use baton_store::Backend;
use baton_store::documents::{self, Activity, ActivityTask, Held};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    activity_arn: String,
    creation_date: Epoch,
}

/// Idempotent by name: of the tags those of the first time count.
pub(super) async fn create<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Created, ApiError> {
    let mut members = Members::parse(body)?;
    let name = members.required_text("name", NAME)?;
    let tags = read_tags(&mut members)?.unwrap_or_default();
    let encryption = configuration::read_encryption(&mut members)?;
    members.finish()?;
    check_name(&name)?;
    configuration::check_encryption(encryption.as_ref())?;
    let arn = api.settings.activity_arn(&name);
    if tags.len() > limits::TAGS_MAX {
        return Err(ApiError::too_many_tags(&arn));
    }
    let activity = Activity {
        created_millis: api.now().as_millisecond(),
        encryption: encryption.unwrap_or_else(configuration::own_key),
        tags: BTreeMap::from_iter(tags),
    };
    let (backend, group) = (api.backend(), Activity::group(&arn));
    if documents::swap(backend, group, &arn, None, Some(&activity)).await? {
        return Ok(Created { creation_date: Epoch(activity.created_millis), activity_arn: arn });
    }
    let there = documents::find::<Activity>(backend, group, &arn).await?;
    match there {
        Some(there) if there.value.encryption == activity.encryption => {
            Ok(Created { creation_date: Epoch(there.value.created_millis), activity_arn: arn })
        }
        Some(_) => Err(ApiError::activity_exists(&arn)),
        // It was deleted at this very moment.
        None => Err(ApiError::contended(&arn)),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    activity_arn: String,
    name: String,
    creation_date: Epoch,
    encryption_configuration: Value,
}

pub(super) async fn describe<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Described, ApiError> {
    let arn = read_arn(body)?;
    let there = find(api, &arn).await?.ok_or_else(|| ApiError::no_such_activity(arn.as_str()))?;
    Ok(Described {
        activity_arn: arn.as_str().to_owned(),
        name: arn.name().to_owned(),
        creation_date: Epoch(there.value.created_millis),
        encryption_configuration: there.value.encryption,
    })
}

/// Deleting what is not there is a success, too. Tasks that wait for a worker are no longer handed out.
pub(super) async fn delete<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let arn = read_arn(body)?;
    for _ in 0..limits::UPDATE_RACES_MAX {
        let Some(there) = find(api, &arn).await? else { return Ok(Empty {}) };
        let (backend, text) = (api.backend(), arn.as_str());
        let group = Activity::group(text);
        if documents::swap::<Activity>(backend, group, text, Some(&there), None).await? {
            documents::clear::<ActivityTask>(backend, text).await?;
            api.driver.tell_pollers(text);
            return Ok(Empty {});
        }
    }
    Err(ApiError::contended(arn.as_str()))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    activities: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    activity_arn: String,
    name: String,
    creation_date: Epoch,
}

pub(super) async fn list<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Listed, ApiError> {
    let mut members = Members::parse(body)?;
    let items_max = items_max(&mut members)?;
    let token = members.text("nextToken", Text::non_empty(limits::PAGE_TOKEN_CHARS_MAX))?;
    members.finish()?;
    let any = api.settings.activity_arn("");
    let group = Activity::group(&any);
    let arguments = ["ListActivities", group];
    let listing = Listing(&arguments);
    let from = token.map(|token| listing.open(api.now(), &token)).transpose()?;
    let page =
        documents::list::<Activity>(api.backend(), group, items_max, from.as_deref()).await?;
    let item = |(arn, held): (String, Held<Activity>)| Item {
        name: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        creation_date: Epoch(held.value.created_millis),
        activity_arn: arn,
    };
    Ok(Listed {
        activities: page.items.into_iter().map(item).collect(),
        next_token: page.next.map(|place| listing.seal(api.now(), &place)),
    })
}

/// Empty where no task came in time.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Polled {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
}

pub(super) async fn poll<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Polled, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("activityArn", ARN)?;
    let worker = members.text("workerName", NAME)?.unwrap_or_default();
    members.finish()?;
    let arn = ActivityArn::parse(&arn)?;
    let patience = api.settings.poll_patience;
    match api.driver.poll_activity(arn.as_str(), &worker, patience).await {
        Ok(None) => Ok(Polled::default()),
        Ok(Some(HandedOut { token, input })) => {
            Ok(Polled { task_token: Some(token), input: Some(input.text().to_owned()) })
        }
        Err(PollError::NoSuchActivity) => Err(ApiError::no_such_activity(arn.as_str())),
        Err(PollError::TooMany) => Err(ApiError::too_many_pollers()),
        Err(PollError::Later(error)) => Err(ApiError::unavailable(&error)),
    }
}

fn read_arn(body: &[u8]) -> Result<ActivityArn, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("activityArn", ARN)?;
    members.finish()?;
    ActivityArn::parse(&arn)
}

async fn find<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &ActivityArn,
) -> Result<Option<Held<Activity>>, ApiError> {
    let arn = arn.as_str();
    Ok(documents::find(api.backend(), Activity::group(arn), arn).await?)
}
