//! Service integrations: ARN and arguments to request; response to result or failure.
