"""The environment the demo runs in: nothing of the person's own settings, and nobody is called home."""

from collections.abc import MutableMapping

OTHERS = ("MLFLOW_", "_MLFLOW_", "SLACK_", "MLCOMPARE_", "DATABRICKS_")
NAMES = {"DATABASE_URL", "PORT"}
PROXIES = {f"{kind}_PROXY" for kind in ("HTTP", "HTTPS", "ALL", "WS", "WSS")}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",  # a machine without git is no reason to warn
}


def isolate(environment: MutableMapping[str, str]) -> None:
    """Take out what would lead to a real Slack, a real MLflow or a proxy, and put in what keeps MLflow quiet.

    Has to happen before mlflow is imported.
    """
    for name in list(environment):
        if name.startswith(OTHERS) or name in NAMES or name.upper() in PROXIES:
            del environment[name]
    environment.update(QUIET)
