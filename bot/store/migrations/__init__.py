"""A file for each change of the tables, in `versions`; Alembic runs them through `env.py`."""
