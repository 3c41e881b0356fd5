//! Where a service listens on AWS, and for which name and region requests to it are signed.
//!
//! ```text
//! partitions  sections of 4 texts: id, suffix of names, prefixes of regions, regions
//! endpoints   for each partition: its number, 3 texts, then exceptions: a region and 3 texts
//! 3 texts     host, signing name, signing region; `{region}` in them stands for the region, nothing for the usual
//! ```

use crate::model::Model;
use crate::reader::{Reader, Sections};

/// The groups of regions that AWS keeps apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partitions<'m>(Sections<'m>);

/// A service in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) signing_name: Option<String>,
    pub(crate) signing_region: Option<String>,
}

impl Endpoint {
    /// Of a region that is none, or of a service whose address depends on more: only a configured endpoint helps.
    pub(crate) fn unknown() -> Self {
        Endpoint { host: String::new(), signing_name: None, signing_region: None }
    }
}

impl<'m> Partitions<'m> {
    pub(crate) fn new(sections: Sections<'m>) -> Self {
        Partitions(sections)
    }

    /// The partition of a region: the one that has it, else the one whose regions are called so, else the first.
    fn of(self, region: &str) -> usize {
        let texts = |index: usize, text: usize| self.0.section(index).text(text).split(' ');
        let all = || 0..self.0.len();
        if let Some(index) = all().find(|index| texts(*index, 3).any(|known| known == region)) {
            return index;
        }
        let length = |index: &usize| {
            let is_prefix = |prefix: &&str| {
                region.strip_prefix(*prefix).is_some_and(|rest| rest.starts_with('-'))
            };
            texts(*index, 2).filter(is_prefix).map(str::len).max()
        };
        all().filter(|index| length(index).is_some()).max_by_key(length).unwrap_or_default()
    }

    /// How the names of hosts end in the region's partition.
    pub(crate) fn suffix(self, region: &str) -> &'m str {
        self.0.section(self.of(region)).text(1)
    }

    /// The endpoint of an operation's variant in a region. A region that comes from a definition must not lead elsewhere.
    pub(crate) fn endpoint(
        self,
        model: Model<'m>,
        variant: usize,
        region: &str,
    ) -> Option<Endpoint> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if region.is_empty() || region.len() > 63 || !region.bytes().all(is_name) {
            return None;
        }
        let (partition, endpoints) = (self.of(region), model.endpoints(variant));
        let mut parts = (0..endpoints.len()).map(|index| endpoints.part(index));
        let part = parts.find(|part| usize::from(Reader::new(part).byte()) == partition)?;
        let reader = &mut Reader::new(part);
        let _partition = reader.byte();
        let mut found = texts(model, reader);
        for _ in 0..reader.number() {
            let (name, exception) = (model.text(reader), texts(model, reader));
            if name == region {
                found = exception;
            }
        }
        let given = |text: &str| text.replace("{region}", region);
        let [host, name, signing_region] = found.map(given);
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Some(Endpoint { host, signing_name: some(name), signing_region: some(signing_region) })
    }
}

fn texts<'m>(model: Model<'m>, reader: &mut Reader<'_>) -> [&'m str; 3] {
    [model.text(reader), model.text(reader), model.text(reader)]
}
