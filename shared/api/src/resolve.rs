//! From a name in a request to the state machine it stands for: as it is, or as one of its versions was.

use crate::names::{NamedMachine, QualifiedArn, Qualifier};
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_store::documents::{self, Alias, Version};
use baton_store::{Backend, Machine, MachineArn};
use std::sync::Arc;

/// What a name stands for.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The machine; of a version, with the revision and the configurations that were published.
    pub(crate) machine: Machine,
    /// The version, where a version or an alias was named.
    pub(crate) version: Option<(u32, Version)>,
    /// The alias, where one was named.
    pub(crate) alias: Option<String>,
}

impl Resolved {
    /// The version's ARN.
    pub(crate) fn version_arn(&self) -> Option<Arc<str>> {
        let (number, _) = self.version.as_ref()?;
        Some(QualifiedArn::version(&self.machine.arn, *number).to_string().into())
    }

    /// The alias's ARN.
    pub(crate) fn alias_arn(&self) -> Option<Arc<str>> {
        let name = self.alias.as_ref()?;
        Some(QualifiedArn::alias(&self.machine.arn, name).to_string().into())
    }

    /// The ARN that was named.
    pub(crate) fn named_arn(&self) -> Arc<str> {
        let qualified = self.alias_arn().or_else(|| self.version_arn());
        qualified.unwrap_or_else(|| self.machine.arn.as_str().into())
    }
}

impl<B: Backend, T: Tasks> Api<B, T> {
    /// What starts where this name is given: an alias leads to one of its versions by chance.
    pub(crate) async fn resolve(&self, named: NamedMachine) -> Result<Resolved, ApiError> {
        match named {
            NamedMachine::Plain(arn) => {
                let machine = self.machine(&arn).await?;
                Ok(Resolved { machine, version: None, alias: None })
            }
            NamedMachine::Qualified(arn) => {
                let resolved = self.resolve_qualified(&arn).await?;
                resolved.ok_or_else(|| ApiError::no_such_machine(&arn.to_string()))
            }
        }
    }

    async fn resolve_qualified(&self, arn: &QualifiedArn) -> Result<Option<Resolved>, ApiError> {
        let Some(machine) = self.backend().machine(&arn.machine).await? else { return Ok(None) };
        let (number, alias) = match &arn.qualifier {
            Qualifier::Version(number) => (Some(*number), None),
            Qualifier::Alias(name) => {
                let alias: Option<documents::Held<Alias>> =
                    self.find_alias(&arn.machine, name).await?;
                let number = alias.and_then(|alias| alias.value.version(self.backend().bits()));
                (number, Some(name.clone()))
            }
        };
        let Some(number) = number else { return Ok(None) };
        let Some(version) = self.find_version(&arn.machine, number).await? else { return Ok(None) };
        let id = version.revision_id();
        let revision = self.backend().revision(&arn.machine, &id).await?;
        Ok(revision.map(|revision| Resolved {
            machine: version.of(&machine, revision),
            version: Some((number, version)),
            alias,
        }))
    }

    /// A version of a machine.
    pub(crate) async fn find_version(
        &self,
        machine: &MachineArn,
        number: u32,
    ) -> Result<Option<Version>, ApiError> {
        let key = Version::key(number);
        let held = documents::find(self.backend(), machine.as_str(), &key).await?;
        Ok(held.map(|held| held.value))
    }

    /// An alias of a machine.
    pub(crate) async fn find_alias(
        &self,
        machine: &MachineArn,
        name: &str,
    ) -> Result<Option<documents::Held<Alias>>, ApiError> {
        Ok(documents::find(self.backend(), machine.as_str(), name).await?)
    }

    /// All aliases of a machine, by name. There are at most a hundred.
    pub(crate) async fn aliases(
        &self,
        machine: &MachineArn,
    ) -> Result<Vec<(String, Alias)>, ApiError> {
        let (mut aliases, mut from) = (Vec::new(), None);
        loop {
            let items_max = crate::limits::ALIASES_MAX;
            let page =
                documents::list(self.backend(), machine.as_str(), items_max, from.as_deref())
                    .await?;
            aliases.extend(page.items.into_iter().map(|(name, held)| (name, held.value)));
            from = page.next;
            if from.is_none() {
                return Ok(aliases);
            }
        }
    }
}
