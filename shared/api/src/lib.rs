//! The Step Functions API: one module an action, generic over the backend.
