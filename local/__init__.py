"""What a laptop needs and Lambda does not: PostgreSQL, S3, the event pump and demo data."""
