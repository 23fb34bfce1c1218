"""Real parts that many tests use."""

from tests.mlflow_server import mlflow_server

__all__ = ["mlflow_server"]
