//! The limits of what is read and written.

/// The most levels of arguments and answers.
pub const DEPTH_MAX: usize = 100;
/// The most elements, texts and attributes of an XML answer.
pub const XML_NODES_MAX: u32 = 400_000;
/// The most characters of a service's message in a cause.
pub const MESSAGE_CHARS_MAX: usize = 32_000;
