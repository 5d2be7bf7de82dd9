"""Files in, event rows out: one module a format. Knows nothing of the store."""
