//! What is kept and sent: traits, versioned records, key layouts, task tokens.
