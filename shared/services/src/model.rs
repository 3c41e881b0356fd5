//! One service's API model, read in place: operations and shapes are decoded when they are asked for.
//!
//! ```text
//! model      sections: texts, metadata, operations, shapes, endpoints
//! metadata   protocol, flags, 5 texts
//! operation  flags, endpoint variant, 6 texts, input, output, errors
//! shape      kind, then what the kind has: members, a key, a value
//! reference  name, shape, flags, then a field for each of the first six flags
//! ```

use crate::reader::{Reader, Sections};

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    RestJson,
    RestXml,
    Query,
    Ec2,
    Cbor,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Model<'m> {
    texts: Sections<'m>,
    metadata: &'m [u8],
    operations: Sections<'m>,
    shapes: Sections<'m>,
    endpoints: Sections<'m>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Metadata<'m> {
    pub(crate) protocol: Protocol,
    pub(crate) is_query_compatible: bool,
    /// Whether its requests take a signature of version 4.
    pub(crate) is_signable: bool,
    pub(crate) signing_name: &'m str,
    pub(crate) api_version: &'m str,
    pub(crate) json_version: &'m str,
    pub(crate) target_prefix: &'m str,
}

#[derive(Debug, Clone)]
pub(crate) struct Operation<'m> {
    flags: u32,
    /// Which of the model's sets of endpoints it has.
    pub(crate) variant: usize,
    pub(crate) name: &'m str,
    pub(crate) method: &'m str,
    pub(crate) uri: &'m str,
    pub(crate) host_prefix: &'m str,
    pub(crate) result_wrapper: &'m str,
    /// The member that names the algorithm of the request's checksum.
    pub(crate) checksum_member: &'m str,
    pub(crate) input: Option<Reference<'m>>,
    pub(crate) output: Option<Reference<'m>>,
    pub(crate) errors: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum Shape<'m> {
    Structure(Structure<'m>),
    List(Reference<'m>),
    Map(Reference<'m>, Reference<'m>),
    Text,
    Integer,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Structure<'m> {
    flags: u32,
    /// The name of an error's shape.
    pub(crate) error_name: &'m str,
    /// The code that stands for the error in answers.
    pub(crate) error_code: &'m str,
    /// The member that is the whole body, counted from one.
    payload: usize,
    pub(crate) members: Vec<Reference<'m>>,
}

/// Where a member goes in a request, and comes from in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Body,
    Uri,
    Query,
    Header,
    Headers,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    Iso8601,
    Unix,
    Rfc822,
}

/// A member, an item, a key or a value: a shape, and how it is spelled there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'m> {
    /// The model's name of it.
    pub(crate) name: &'m str,
    /// Its name on the wire, where the model gives one.
    pub(crate) given: Option<&'m str>,
    pub(crate) query_name: Option<&'m str>,
    pub(crate) location: Location,
    pub(crate) timestamp_format: Option<TimestampFormat>,
    /// A namespace's address, and its prefix.
    pub(crate) namespace: Option<(&'m str, Option<&'m str>)>,
    shape: usize,
    flags: u32,
}

impl<'m> Model<'m> {
    pub(crate) fn new(sections: Sections<'m>) -> Self {
        Model {
            texts: sections.section(0),
            metadata: sections.part(1),
            operations: sections.section(2),
            shapes: sections.section(3),
            endpoints: sections.section(4),
        }
    }

    pub(crate) fn service_id(self) -> &'m str {
        let mut reader = Reader::new(self.metadata.get(2..).unwrap_or_default());
        self.text(&mut reader)
    }

    pub(crate) fn metadata(self) -> Metadata<'m> {
        let reader = &mut Reader::new(self.metadata);
        let protocol = match reader.byte() {
            0 => Protocol::Json,
            1 => Protocol::RestJson,
            2 => Protocol::RestXml,
            3 => Protocol::Query,
            4 => Protocol::Ec2,
            _ => Protocol::Cbor,
        };
        let flags = reader.byte();
        let _service_id = self.text(reader);
        Metadata {
            protocol,
            is_query_compatible: flags & 1 != 0,
            is_signable: flags & 2 != 0,
            signing_name: self.text(reader),
            api_version: self.text(reader),
            json_version: self.text(reader),
            target_prefix: self.text(reader),
        }
    }

    /// The operations; only as much of each is read as its caller looks at names.
    pub(crate) fn operations(self) -> impl Iterator<Item = Entry<'m>> {
        (0..self.operations.len()).map(move |index| {
            let reader = &mut Reader::new(self.operations.part(index));
            let (_flags, _variant) = (reader.number(), reader.number());
            Entry { index, name: self.text(reader) }
        })
    }

    pub(crate) fn operation(self, index: usize) -> Operation<'m> {
        let reader = &mut Reader::new(self.operations.part(index));
        Operation {
            flags: reader.number(),
            variant: reader.index(),
            name: self.text(reader),
            method: self.text(reader),
            uri: self.text(reader),
            host_prefix: self.text(reader),
            result_wrapper: self.text(reader),
            checksum_member: self.text(reader),
            input: self.root(reader),
            output: self.root(reader),
            errors: (0..reader.number()).map(|_| reader.index()).collect(),
        }
    }

    /// The endpoints of a variant, a part for each partition.
    pub(crate) fn endpoints(self, variant: usize) -> Sections<'m> {
        self.endpoints.section(variant)
    }

    /// The structure of an input or an output.
    pub(crate) fn structure_of(self, root: Option<&Reference<'_>>) -> Option<Structure<'m>> {
        self.shape(root?).into_structure()
    }

    pub(crate) fn shape(self, reference: &Reference<'_>) -> Shape<'m> {
        self.shape_of(reference.shape)
    }

    /// The error of this number.
    pub(crate) fn error(self, index: usize) -> Option<Structure<'m>> {
        self.shape_of(index).into_structure()
    }

    fn shape_of(self, index: usize) -> Shape<'m> {
        let reader = &mut Reader::new(self.shapes.part(index));
        match reader.byte() {
            0 => Shape::Structure(self.structure(reader)),
            1 => Shape::List(self.reference(reader)),
            2 => Shape::Map(self.reference(reader), self.reference(reader)),
            3 => Shape::Text,
            4 | 5 => Shape::Integer,
            6 => Shape::Float,
            7 => Shape::Double,
            8 => Shape::Boolean,
            9 => Shape::Timestamp,
            _ => Shape::Blob,
        }
    }

    fn structure(self, reader: &mut Reader<'m>) -> Structure<'m> {
        Structure {
            flags: reader.number(),
            error_name: self.text(reader),
            error_code: self.text(reader),
            payload: reader.index(),
            members: (0..reader.number()).map(|_| self.reference(reader)).collect(),
        }
    }

    fn root(self, reader: &mut Reader<'m>) -> Option<Reference<'m>> {
        (reader.byte() != 0).then(|| self.reference(reader))
    }

    fn reference(self, reader: &mut Reader<'m>) -> Reference<'m> {
        let (name, shape, flags) = (self.text(reader), reader.index(), reader.number());
        let mut reference = Reference {
            name,
            given: None,
            query_name: None,
            location: Location::Body,
            timestamp_format: None,
            namespace: None,
            shape,
            flags,
        };
        let has = |bit: u32| flags & (1 << bit) != 0;
        if has(0) {
            reference.given = Some(self.text(reader));
        }
        if has(1) {
            reference.query_name = Some(self.text(reader));
        }
        if has(2) {
            reference.location = Location::read(reader.byte());
        }
        if has(3) {
            reference.timestamp_format = TimestampFormat::read(reader.byte());
        }
        if has(4) {
            let address = self.text(reader);
            reference.namespace = Some((address, has(5).then(|| self.text(reader))));
        }
        reference
    }

    pub(crate) fn text(self, reader: &mut Reader<'_>) -> &'m str {
        self.texts.text(reader.index())
    }
}

/// An operation's name and number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'m> {
    pub(crate) index: usize,
    pub(crate) name: &'m str,
}

impl Operation<'_> {
    pub(crate) fn is_unsigned(&self) -> bool {
        self.flags & 1 != 0
    }

    pub(crate) fn has_unsigned_body(&self) -> bool {
        self.flags & 2 != 0
    }

    pub(crate) fn needs_checksum(&self) -> bool {
        self.flags & 4 != 0
    }

    pub(crate) fn is_event_stream(&self) -> bool {
        self.flags & 8 != 0
    }

    pub(crate) fn needs_discovery(&self) -> bool {
        self.flags & 16 != 0
    }
}

impl<'m> Shape<'m> {
    fn into_structure(self) -> Option<Structure<'m>> {
        if let Shape::Structure(structure) = self { Some(structure) } else { None }
    }
}

impl<'m> Structure<'m> {
    pub(crate) fn is_document(&self) -> bool {
        self.flags & 4 != 0
    }

    pub(crate) fn payload(&self) -> Option<&Reference<'m>> {
        self.members.get(self.payload.checked_sub(1)?)
    }
}

impl<'m> Reference<'m> {
    /// What stands for elements that the model does not have.
    pub(crate) const UNNAMED: Reference<'static> = Reference {
        name: "",
        given: None,
        query_name: None,
        location: Location::Body,
        timestamp_format: None,
        namespace: None,
        shape: usize::MAX,
        flags: 0,
    };

    /// Its name on the wire.
    pub(crate) fn wire(&self) -> &'m str {
        self.given.unwrap_or(self.name)
    }

    /// Whether it is a part of the body, and not of the header or the address.
    pub(crate) fn is_in_body(&self) -> bool {
        self.location == Location::Body
    }

    pub(crate) fn is_idempotency_token(&self) -> bool {
        self.has(7)
    }

    pub(crate) fn is_flattened(&self) -> bool {
        self.has(8)
    }

    pub(crate) fn is_json_value(&self) -> bool {
        self.has(9)
    }

    pub(crate) fn is_xml_attribute(&self) -> bool {
        self.has(10)
    }

    pub(crate) fn is_host_label(&self) -> bool {
        self.has(12)
    }

    fn has(&self, bit: u32) -> bool {
        self.flags & (1 << bit) != 0
    }
}

impl Location {
    fn read(byte: u8) -> Self {
        match byte {
            1 => Location::Uri,
            2 => Location::Query,
            3 => Location::Header,
            4 => Location::Headers,
            5 => Location::Status,
            _ => Location::Body,
        }
    }
}

impl TimestampFormat {
    fn read(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(TimestampFormat::Iso8601),
            2 => Some(TimestampFormat::Unix),
            3 => Some(TimestampFormat::Rfc822),
            _ => None,
        }
    }
}
