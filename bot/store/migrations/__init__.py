"""One file a change of the tables, in `versions`; Alembic runs them through `env.py`."""
