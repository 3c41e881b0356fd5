//! The backend on AWS: DynamoDB, SQS and S3.
