"""How does a migration reach the database? Over the connection, and in the transaction, that schema.py hands it."""

from alembic import context

from ringfence.cases.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=False)
context.run_migrations()
