//! TagResource, UntagResource, ListTagsForResource: the tags of state machines and activities.

use super::{ARN, Empty, read_tags};
use crate::members::{Members, Text};
use crate::names::{ActivityArn, Tagged};
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::documents::{self, Activity, Held, Tags};
use baton_store::{Backend, MachineArn};
use serde::Serialize;
use std::collections::BTreeMap;

type TagMap = BTreeMap<String, String>;

pub(super) async fn tag<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("resourceArn", ARN)?;
    let Some(added) = read_tags(&mut members)? else {
        members.missing("tags");
        return members.finish().map(|()| Empty {});
    };
    members.finish()?;
    change(api, &arn, |tags| {
        tags.extend(added.iter().cloned());
        let is_too_many = tags.len() > limits::TAGS_MAX;
        if is_too_many { Err(ApiError::too_many_tags(&arn)) } else { Ok(()) }
    })
    .await
}

pub(super) async fn untag<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("resourceArn", ARN)?;
    let Some(removed) = members.texts("tagKeys", Text::non_empty(limits::TAG_KEY_CHARS_MAX))?
    else {
        members.missing("tagKeys");
        return members.finish().map(|()| Empty {});
    };
    members.finish()?;
    change(api, &arn, |tags| {
        tags.retain(|key, _| !removed.contains(key));
        Ok(())
    })
    .await
}

#[derive(Debug, Serialize)]
pub(super) struct Listed {
    tags: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    key: String,
    value: String,
}

pub(super) async fn list<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Listed, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("resourceArn", ARN)?;
    members.finish()?;
    let tags = match Tagged::parse(&arn)? {
        Tagged::Machine(arn) => of_machine(api, &arn).await?.1,
        Tagged::Activity(arn) => of_activity(api, &arn).await?.value.tags,
    };
    Ok(Listed { tags: tags.into_iter().map(|(key, value)| Item { key, value }).collect() })
}

/// Changes a resource's tags, whoever else does at the same time.
async fn change<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &str,
    change: impl Fn(&mut TagMap) -> Result<(), ApiError>,
) -> Result<Empty, ApiError> {
    let tagged = Tagged::parse(arn)?;
    for _ in 0..limits::UPDATE_RACES_MAX {
        let is_done = match &tagged {
            Tagged::Machine(machine) => {
                let (held, mut tags) = of_machine(api, machine).await?;
                change(&mut tags)?;
                let (group, tags) = (machine.as_str(), Tags(tags));
                documents::swap(api.backend(), group, Tags::KEY, held.as_ref(), Some(&tags)).await?
            }
            Tagged::Activity(activity) => {
                let held = of_activity(api, activity).await?;
                let mut after = held.value.clone();
                change(&mut after.tags)?;
                let (group, key) = (Activity::group(activity.as_str()), activity.as_str());
                documents::swap(api.backend(), group, key, Some(&held), Some(&after)).await?
            }
        };
        if is_done {
            return Ok(Empty {});
        }
    }
    Err(ApiError::contended(arn))
}

/// A machine's tags: those it was created with, unless they were changed since.
async fn of_machine<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &MachineArn,
) -> Result<(Option<Held<Tags>>, TagMap), ApiError> {
    let machine = api.backend().machine(arn).await?;
    let machine = machine.ok_or_else(|| ApiError::no_such_resource(arn.as_str()))?;
    let held = documents::find::<Tags>(api.backend(), arn.as_str(), Tags::KEY).await?;
    let tags = held.as_ref().map_or(machine.tags, |held| held.value.0.clone());
    Ok((held, tags))
}

async fn of_activity<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &ActivityArn,
) -> Result<Held<Activity>, ApiError> {
    let held = documents::find(api.backend(), Activity::group(arn.as_str()), arn.as_str()).await?;
    held.ok_or_else(|| ApiError::no_such_resource(arn.as_str()))
}
