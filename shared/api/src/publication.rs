//! Publishing a state machine as a version.
//!
//! The version is written first, under the number after the last one, and then noted in the machine's ledger. Whoever finds
//! a version there that the ledger does not know yet notes it for its writer, who was slow or died. So a number is given
//! once, a revision is published once, and nothing is left half done.

use crate::configuration::Configuration;
use crate::members::{Members, Text};
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::documents::{self, Held, Publication, Version};
use baton_store::{Backend, Machine, MachineArn};

/// `publish` and `versionDescription`.
#[derive(Debug)]
pub(crate) struct Publishing {
    /// Whether a version is asked for.
    pub(crate) is_published: bool,
    /// What it is to be described with.
    pub(crate) description: Option<String>,
}

impl Publishing {
    pub(crate) fn read(members: &mut Members) -> Result<Self, ApiError> {
        let is_published = members.flag("publish")?.unwrap_or_default();
        let description = members.text("versionDescription", DESCRIPTION)?;
        Ok(Publishing { is_published, description })
    }

    pub(crate) fn check(&self) -> Result<(), ApiError> {
        match (self.is_published, &self.description) {
            (false, Some(_)) => Err(ApiError::validation(
                "Version description can only be set when publish is true",
            )),
            (true, _) | (false, None) => Ok(()),
        }
    }
}

/// A description of a version or an alias.
pub(crate) const DESCRIPTION: Text = Text::up_to(limits::DESCRIPTION_CHARS_MAX).sensitive();

impl<B: Backend, T: Tasks> Api<B, T> {
    /// Publishes a machine's current revision, unless that is done: gives the version's number, and the version.
    pub(crate) async fn publish(
        &self,
        machine: &Machine,
        description: Option<String>,
    ) -> Result<(u32, Version), ApiError> {
        let version = Version {
            revision: machine.revision.id.0.clone(),
            is_first: machine.updated.is_none(),
            created_millis: self.now().as_millisecond(),
            description,
            settings: Configuration::of(machine).settings(),
        };
        for _ in 0..limits::UPDATE_RACES_MAX {
            let ledger = self.publication(&machine.arn).await?;
            if let Some(published) = self.published(&machine.arn, ledger.as_ref(), &version).await?
            {
                return Ok(published);
            }
            let next = last(ledger.as_ref()).saturating_add(1);
            self.check_room(&machine.arn, next).await?;
            let written = self.write_version(&machine.arn, next, &version).await?;
            self.note(&machine.arn, ledger.as_ref(), next, &written).await?;
            if written.revision == version.revision {
                return Ok((next, written));
            }
        }
        Err(ApiError::contended(machine.arn.as_str()))
    }

    /// Removes a version. Its number is not given again.
    pub(crate) async fn unpublish(&self, arn: &MachineArn, number: u32) -> Result<(), ApiError> {
        let key = Version::key(number);
        let held = documents::find::<Version>(self.backend(), arn.as_str(), &key).await?;
        let Some(held) = held else { return Ok(()) };
        let ledger = self.publication(arn).await?;
        if last(ledger.as_ref()) < number {
            self.note(arn, ledger.as_ref(), number, &held.value).await?;
        }
        documents::swap(self.backend(), arn.as_str(), &key, Some(&held), None).await?;
        Ok(())
    }

    async fn publication(&self, arn: &MachineArn) -> Result<Option<Held<Publication>>, ApiError> {
        Ok(documents::find(self.backend(), arn.as_str(), Publication::KEY).await?)
    }

    /// The version that the revision was published as, if that is the latest and still there.
    async fn published(
        &self,
        arn: &MachineArn,
        ledger: Option<&Held<Publication>>,
        version: &Version,
    ) -> Result<Option<(u32, Version)>, ApiError> {
        let Some(ledger) = ledger.filter(|ledger| *ledger.value.revision == *version.revision)
        else {
            return Ok(None);
        };
        let number = ledger.value.last;
        Ok(self.find_version(arn, number).await?.map(|version| (number, version)))
    }

    /// Looks whether there may be one version more. They are counted once there can be too many.
    async fn check_room(&self, arn: &MachineArn, next: u32) -> Result<(), ApiError> {
        if next <= limits::VERSIONS_MAX {
            return Ok(());
        }
        let max = limits::VERSIONS_MAX;
        let versions = documents::list::<Version>(self.backend(), arn.as_str(), max, None).await?;
        if versions.items.len() >= max as usize {
            let message = format!("The state machine has {max} versions, which is the most.");
            return Err(ApiError::quota_exceeded(message));
        }
        Ok(())
    }

    /// Writes a version if its number is free; gives the one that has the number.
    async fn write_version(
        &self,
        arn: &MachineArn,
        number: u32,
        version: &Version,
    ) -> Result<Version, ApiError> {
        let key = Version::key(number);
        let is_written =
            documents::swap(self.backend(), arn.as_str(), &key, None, Some(version)).await?;
        if is_written {
            return Ok(version.clone());
        }
        let there = self.find_version(arn, number).await?;
        there.ok_or_else(|| ApiError::contended(arn.as_str()))
    }

    /// Notes in the ledger that a number is given. If the ledger has changed meanwhile, somebody else has noted it.
    async fn note(
        &self,
        arn: &MachineArn,
        before: Option<&Held<Publication>>,
        last: u32,
        version: &Version,
    ) -> Result<(), ApiError> {
        let after = Publication { last, revision: version.revision.to_string() };
        let (group, key) = (arn.as_str(), Publication::KEY);
        documents::swap(self.backend(), group, key, before, Some(&after)).await?;
        Ok(())
    }
}

fn last(ledger: Option<&Held<Publication>>) -> u32 {
    ledger.map_or(0, |ledger| ledger.value.last)
}
