"""The whole way, once, on a generated platform: found, guarded, measured, and told to a stranger."""
