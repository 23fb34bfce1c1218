"""Stored state: who answered what, and what workspaces can draw. A file by default, PostgreSQL by DATABASE_URL."""
