//! The JSONPath query language of Step Functions: paths, reference paths, templates, intrinsics.
