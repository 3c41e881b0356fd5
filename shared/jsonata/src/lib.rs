//! The JSONata query language of Step Functions.
