//! What the functions are started with.

/// The environment of the template, with nobody at the other end.
pub(crate) const ENVIRONMENT: [(&str, &str); 22] = [
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_LAMBDA_FUNCTION_NAME", "function"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "log"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "log"),
    ("_HANDLER", "bootstrap"),
    ("B1_COUPA_LOG_LEVEL", "info"),
    ("B1_COUPA_STATE_TABLE", "state"),
    ("B1_COUPA_AUDIT_TABLE", "audit"),
    ("B1_COUPA_AUDIT_RETENTION_DAYS", "30"),
    ("B1_COUPA_LIVE_QUEUE_URL", "http://127.0.0.1:1/000000000000/live"),
    ("B1_COUPA_BACKFILL_QUEUE_URL", "http://127.0.0.1:1/000000000000/backfill"),
    ("B1_COUPA_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/000000000000/dead"),
    ("B1_COUPA_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:000000000000:secret:b1"),
    ("B1_COUPA_POLLER_FUNCTION", "poller"),
    ("B1_COUPA_CERTIFICATES_BUCKET", "certificates"),
    ("B1_COUPA_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:topic"),
    ("B1_COUPA_SYNC_SAP_REQUESTS", "1"),
];

/// One event for each function. That nobody is there is a failed event, and goes through all of the function but the replies.
pub(crate) const ALL: [(&str, &str); 6] = [
    ("poller", r#"{"object":"invoices"}"#),
    ("sync", SYNC),
    ("webhook", WEBHOOK),
    ("replay", r#"{"documents":[{"kind":"invoice","number":"1"}]}"#),
    ("reconcile", r#"{"objects":"all"}"#),
    ("notifier", r#"{"tell":"news"}"#),
];

const SYNC: &str = r#"{"Records":[{"messageId":"1","receiptHandle":"1","body":"{}","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1795435200000"},"messageAttributes":{},"md5OfBody":"","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:live","awsRegion":"us-east-1"}]}"#;

const WEBHOOK: &str = r#"{"version":"2.0","routeKey":"POST /sap/events","rawPath":"/sap/events","rawQueryString":"","headers":{"content-type":"application/json","x-b1-webhook-signature":"AAAA"},"requestContext":{"http":{"method":"POST","path":"/sap/events","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":""},"requestId":"1","routeKey":"POST /sap/events","stage":"$default","timeEpoch":1795435200000,"accountId":"000000000000","apiId":"api","domainName":"","domainPrefix":"","time":""},"body":"[]","isBase64Encoded":false}"#;
