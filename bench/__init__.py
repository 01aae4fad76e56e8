"""What measures the migration: an endpoint that is never the limit, or limits as DynamoDB does."""
