"""How does a migration reach the database? Over the connection, and in the transaction, that schema.py hands it."""

from alembic import context

from ringfence.cases.plan_tables import PLANS

CONNECTION = context.config.attributes["connection"]
context.configure(connection=CONNECTION, target_metadata=PLANS.metadata, transactional_ddl=False)
context.run_migrations()
