"""Traces of an evaluation as a table: a row each, with what was asked, what was answered and how it was assessed."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

TRACES_IN_PAGE = 500  # the most that MLflow gives at once
MOST_TRACES = 5_000  # of one run that are read


def trace_table(traces: Sequence[Any]) -> bytes | None:
    """A table in the form of `eval_results_table.json`, of traces of MLflow; None where none was assessed.

    Of several assessments of one name the last that holds counts. One that failed, or is a list or a map, is no value.
    """
    assessed = [_assessed(each.info.assessments or ()) for each in traces]
    names = list(dict.fromkeys(name for values in assessed for name in values))
    if not names:
        return None
    rows = [
        [each.info.request_preview, each.info.response_preview, *(values.get(name) for name in names)]
        for each, values in zip(traces, assessed, strict=True)
    ]
    return json.dumps({"columns": ["request", "response", *names], "data": rows}).encode()


def _assessed(assessments: Iterable[Any]) -> dict[str, Any]:
    """By name what a trace was found to be, or expected to."""
    found = {}
    for each in sorted(assessments, key=lambda each: each.last_update_time_ms or each.create_time_ms or 0):
        said = each.feedback or each.expectation
        is_value = said is not None and isinstance(said.value, bool | int | float | str)
        if is_value and getattr(each, "valid", None) is not False and getattr(said, "error", None) is None:
            found[each.name] = said.value
    return {name: value for name, value in found.items() if name not in {"request", "response"}}
