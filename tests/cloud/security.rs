//! Secrets, rights and keys.

mod logs;
mod names;
mod rights;
mod tokens;
