//! Amazon States Language definitions: types, parsing, validation with located diagnostics.
