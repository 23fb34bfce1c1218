"""Real parts that many tests use."""

from tests.mlflow_proxy import mlflow_proxy
from tests.mlflow_server import mlflow_server

__all__ = ["mlflow_proxy", "mlflow_server"]
