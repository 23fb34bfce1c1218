"""The MLflow server or store that a command reads from."""

import os
from pathlib import Path

import click
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.settings import survey
from comparison.source import RunSource
from comparison.tracking import MlflowRuns, answer_within


def open_source(tracking_uri: str, ui_url: str) -> tuple[RunSource, str]:
    """Where the runs are, and the address people open it at; "" stands for what the environment says."""
    settings, problems = survey()
    ours = [problem for problem in problems if problem.name in ("MLFLOW_TRACKING_URI", "MLFLOW_UI_URL")]
    if ours and not tracking_uri:
        raise click.UsageError("\n".join(map(str, ours)))
    if tracking_uri:
        settings = settings.model_copy(update={"mlflow_tracking_uri": SecretStr(tracking_uri), "mlflow_ui_url": ""})
    uri = settings.mlflow_tracking_uri.get_secret_value()
    check_store(uri)
    answer_within(settings.mlflow_timeout, os.environ)
    return MlflowRuns(uri or None, timeout=settings.mlflow_timeout), (ui_url or settings.ui_url).rstrip("/")


def check_store(uri: str) -> None:
    """UsageError where MLflow would make a new, empty store instead of reading one."""
    if not uri:
        if not (Path("mlflow.db").exists() or Path("mlruns").is_dir()):
            raise click.UsageError("No MLflow server is named: set MLFLOW_TRACKING_URI or give --tracking-uri.")
        return
    try:
        url = make_url(uri)
    except ArgumentError:
        return
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise click.UsageError(f"There is no MLflow store at {url.database}.")
