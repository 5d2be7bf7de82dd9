"""Accounts, objects and the ties between them, as arrays."""
