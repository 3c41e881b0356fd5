//! What the Lambda functions share: configuration, tracing, batch answers.
