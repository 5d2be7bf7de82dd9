"""The event store: Parquet parts and DuckDB, dense ids, and everything a workspace holds."""
