//! The interpreter: (definition, record, outcome, time, ids) to decision.
