"""Registered models, as MLflow's registry knows them."""

from collections.abc import Callable, Sequence
from typing import Any

from comparison import pages, records
from comparison.source import ModelVersion

MODELS = 20  # models with one alias that are looked at
_CLOSED = frozenset({"PERMISSION_DENIED", "ENDPOINT_NOT_FOUND", "FEATURE_DISABLED", "NOT_IMPLEMENTED"})


class Registry:
    """Asked through MLflow's client. `is_unknown`: whether an error of it says that there is no such thing."""

    def __init__(self, client: Any, is_unknown: Callable[[Exception], bool]) -> None:
        self._client = client
        self._is_unknown = is_unknown

    def versions(self, model: str, alias: str, version: str) -> list[ModelVersion]:
        """As RunSource.versions."""
        try:
            if model and version:
                return [records.version(self._client.get_model_version(model, version))]
            if model:
                return [records.version(self._client.get_model_version_by_alias(model, alias))]
        except Exception as error:
            if self._is_unknown(error):
                return []
            raise
        registered = pages.every(self._client.search_registered_models)
        held = [(each.name, each.aliases[alias]) for each in registered if alias in (each.aliases or {})]
        return [records.version(self._client.get_model_version(name, str(number))) for name, number in held[:MODELS]]

    def made_by(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """The versions that these runs made; none where the registry cannot be searched, or not by us."""
        quoted = ",".join(f"'{run_id}'" for run_id in run_ids)
        try:
            found = pages.every(self._client.search_model_versions, f"run_id IN ({quoted})")
        except Exception as error:
            if self._is_unknown(error) or getattr(error, "error_code", "") in _CLOSED:
                return []
            raise
        return [records.version(each) for each in found]
