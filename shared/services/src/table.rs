//! The table of services: the models that `pack.py` packs, read in place.
//!
//! ```text
//! BATONSV1  sections: partitions, service ids, models          (model.rs, endpoint.rs)
//! sections  count, the end of each part, the parts             (reader.rs)
//! ```

use crate::action::Action;
use crate::endpoint::Partitions;
use crate::model::Model;
use crate::naming;
use crate::reader::Sections;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const MAGIC: &[u8] = b"BATONSV1";

#[cfg(feature = "aws-sdk")]
static BYTES: &[u8] = include_bytes!(env!("BATON_SERVICES_TABLE"));
#[cfg(not(feature = "aws-sdk"))]
static BYTES: &[u8] = &[];

/// All services.
#[derive(Debug)]
pub struct Table {
    partitions: Partitions<'static>,
    models: Sections<'static>,
    /// Service ids, such as `Secrets Manager`, by the names that Step Functions has for them.
    services: BTreeMap<String, usize>,
    ids: Sections<'static>,
}

/// The table, where the feature `aws-sdk` has embedded it.
#[must_use]
pub fn table() -> Option<&'static Table> {
    static TABLE: OnceLock<Option<Table>> = OnceLock::new();
    TABLE.get_or_init(|| Table::new(BYTES)).as_ref()
}

impl Table {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        let sections = Sections::new(bytes.strip_prefix(MAGIC)?);
        let (ids, models) = (sections.section(1), sections.section(2));
        let name = |index| (naming::client(ids.text(index)).to_ascii_lowercase(), index);
        let services = (0..ids.len()).map(name).collect();
        Some(Table { partitions: Partitions::new(sections.section(0)), models, services, ids })
    }

    /// The service that goes by this name in Step Functions.
    #[must_use]
    pub fn service(&'static self, name: &str) -> Option<Service> {
        let index = *self.services.get(name)?;
        let model = Model::new(self.models.section(index));
        Some(Service { model, partitions: self.partitions })
    }

    /// The names of all services.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// What follows `AWS_ENDPOINT_URL_` in the variables that name the services' endpoints.
    pub fn endpoint_variable_suffixes(&self) -> impl Iterator<Item = String> {
        (0..self.ids.len()).map(|index| endpoint_variable_suffix(self.ids.text(index)))
    }
}

/// The rule of AWS's SDKs: the service id in capitals, with `_` for blanks.
pub(crate) fn endpoint_variable_suffix(service_id: &str) -> String {
    service_id.to_ascii_uppercase().replace([' ', '-'], "_")
}

/// One service.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub(crate) model: Model<'static>,
    pub(crate) partitions: Partitions<'static>,
}

impl Service {
    /// The client's name, by which its errors go: `DynamoDb`.
    #[must_use]
    pub fn client_name(&self) -> String {
        naming::client(self.model.service_id())
    }

    /// The action that goes by this name in Step Functions.
    #[must_use]
    pub fn action(self, name: &str) -> Option<Action> {
        let found = self.model.operations().find(|operation| {
            let operation = naming::undated(operation.name);
            operation.eq_ignore_ascii_case(name) && naming::action(operation) == name
        });
        Some(Action::new(self, self.model.operation(found?.index)))
    }

    /// The names of all actions.
    pub fn actions(&self) -> impl Iterator<Item = String> {
        self.model.operations().map(|operation| naming::action(operation.name))
    }
}
