"""Registered models, as MLflow's registry knows them."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from comparison.tracking.budgets import PAGE_SIZE, Budget, every_page
from comparison.tracking.mlflow_answers import to_model_version
from comparison.tracking.source import ModelVersion, is_text

MODELS = 20  # models with one alias that are looked at
_CLOSED = frozenset({"PERMISSION_DENIED", "ENDPOINT_NOT_FOUND", "FEATURE_DISABLED", "NOT_IMPLEMENTED"})


class Registry:
    """Asked through MLflow's client. `is_unknown`: whether an error of it says that there is no such thing."""

    def __init__(self, client: Any, is_unknown: Callable[[Exception], bool]) -> None:
        self._client = client
        self._is_unknown = is_unknown

    def versions(self, model: str, alias: str, version: str, budget: Budget) -> list[ModelVersion]:
        """Model versions of a run, like RunSource.versions."""
        try:
            if model and version:
                return self._at(model, version)
            if model and alias:
                return [to_model_version(self._client.get_model_version_by_alias(model, alias))]
            if model:
                logged = self._client.get_logged_model(model)
                return [ModelVersion(logged.name, "", logged.source_run_id or "")]
        except Exception as error:
            if self._is_unknown(error):
                return []
            raise
        registered = every_page(self._client.search_registered_models, budget=budget)
        aliased = [(each.name, each.aliases[alias]) for each in registered if alias in (each.aliases or {})]
        return [
            to_model_version(self._client.get_model_version(name, str(number))) for name, number in aliased[:MODELS]
        ]

    def _at(self, model: str, version: str) -> list[ModelVersion]:
        """The version of this number; the newest of all, or of those at a stage."""
        if version.isdecimal():
            return [to_model_version(self._client.get_model_version(model, version))]
        called, newest_first = is_text("name", model), ["version_number DESC"]
        found = self._client.search_model_versions(called, max_results=PAGE_SIZE, order_by=newest_first)
        wanted = version.casefold()
        fitting = (
            each
            for each in found
            if each.name == model and wanted in ("latest", str(each.current_stage or "").casefold())
        )
        return [to_model_version(each) for each in islice(fitting, 1)]

    def made_by(self, run_ids: Sequence[str], budget: Budget) -> list[ModelVersion]:
        """The versions that these runs made; none where the registry cannot be searched, or not by us."""
        quoted = ",".join(f"'{run_id}'" for run_id in run_ids)
        try:
            found = every_page(self._client.search_model_versions, f"run_id IN ({quoted})", budget=budget)
        except Exception as error:
            if self._is_unknown(error) or getattr(error, "error_code", "") in _CLOSED:
                return []
            raise
        return [to_model_version(each) for each in found]
