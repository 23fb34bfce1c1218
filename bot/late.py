"""MLflow, imported when it is first asked: that takes seconds, and the process is to answer Slack before."""

import os
import threading
from typing import Any, cast

from bot.settings import Settings
from comparison.source import RunSource


class _Late:
    """Becomes the tracking server of the settings at the first question; who asks meanwhile waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mutex = threading.Lock()
        self._runs: RunSource | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._made(), name)

    def _made(self) -> RunSource:
        with self._mutex:
            if self._runs is None:
                from comparison.tracking import MlflowRuns, answer_within

                seconds = self._settings.mlflow_timeout
                answer_within(seconds, os.environ)
                self._runs = MlflowRuns(self._settings.mlflow_tracking_uri.get_secret_value(), timeout=seconds)
            return self._runs


def tracking(settings: Settings) -> RunSource:
    """The MLflow of these settings. Nothing is imported or asked yet."""
    return cast("RunSource", _Late(settings))
