"""The project's words as frozen types and Arrow schemas. Imports nothing of the project."""
