"""What Slack refuses in a message or a view: the error it answers, and each fault with its place.

Written from the platform's reference on its own: the bot's table of limits is checked against this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.block_limits import GROUP, IN_HOME, IN_MESSAGES, IN_MODALS, OPTION, RULES, plain_text
from bot.playground.schema import Problem, anything, flag, listed, shape, string, typed

BLOCKS_IN_A_MESSAGE = 50
BLOCKS_IN_A_VIEW = 100
CHARTS_IN_A_MESSAGE = 2
TABLES_IN_A_MESSAGE = 1
ALL_TEXT = 13_000
HEADER_COST = 100  # what a header was seen to cost besides its text
MARKDOWN = 12_000
CELLS = {"table": 10_000, "data_table": 20_000}
TEXT_SHOWN = 40_000
TEXT_IN_AN_UPDATE = 4_000
ATTACHMENTS = 100
METADATA = 16_000  # characters of JSON; Slack publishes no figure

_MESSAGE_BLOCKS = listed(typed({name: RULES[name] for name in IN_MESSAGES}), 0, BLOCKS_IN_A_MESSAGE)


def _view(kind: str, names: Sequence[str]) -> Any:
    blocks = listed(typed({name: RULES[name] for name in names}), 0, BLOCKS_IN_A_VIEW)
    common = {
        "private_metadata": string(0, 3000),
        "callback_id": string(0, 255),
        "external_id": string(0, 255),
    }
    if kind == "home":
        return shape({"type": anything, "blocks": blocks}, common)
    titled = {"title": plain_text(24), "blocks": blocks, "type": anything}
    ways = {"close": plain_text(24), "submit": plain_text(24), "clear_on_close": flag, "notify_on_close": flag}
    return shape(titled, {**common, **ways, "submit_disabled": flag})


_OPTIONS = shape({}, {"options": listed(OPTION, 0, 100), "option_groups": listed(GROUP, 0, 100)})
_VIEWS = typed({"modal": _view("modal", IN_MODALS), "home": _view("home", IN_HOME)})


@dataclass(frozen=True, slots=True)
class Refusal:
    error: str
    problems: tuple[Problem, ...] = ()

    def as_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.error}
        if self.problems:
            answer["errors"] = [str(problem) for problem in self.problems]
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer


def check_message(payload: dict[str, Any]) -> Refusal | None:
    """Error that Slack would answer to the message's blocks, attachments and metadata; None when it would take them."""
    blocks = payload.get("blocks") or []
    attachments = payload.get("attachments") or []
    if not _are_objects(blocks):
        return Refusal("invalid_blocks_format")
    if not _are_objects(attachments):
        return Refusal("invalid_attachments")
    problems = (*_MESSAGE_BLOCKS(blocks, "/blocks"), *_whole_message(blocks))
    if problems:
        return Refusal("invalid_blocks", problems)
    if len(attachments) > ATTACHMENTS:
        return Refusal("too_many_attachments")
    problems = tuple(_attached(attachments, blocks))
    if problems:
        return Refusal("invalid_attachments", problems)
    return _too_long(blocks) or check_metadata(payload.get("metadata"))


def _too_long(blocks: list[dict[str, Any]]) -> Refusal | None:
    return Refusal("msg_blocks_too_long") if _text_of(blocks) > ALL_TEXT else None


def check_metadata(metadata: Any) -> Refusal | None:
    if metadata in (None, {}):
        return None
    if not isinstance(metadata, dict):
        return Refusal("invalid_metadata_format")
    if "entities" not in metadata and not (
        isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    ):
        return Refusal("invalid_metadata_schema")
    return Refusal("metadata_too_large") if len(str(metadata)) > METADATA else None


def check_view(view: Any) -> Refusal | None:
    """Error that Slack would answer to the view; None when it would open it."""
    problems = tuple(_VIEWS(view, "/view"))
    if not problems:
        problems = tuple(_ids_unique(view["blocks"], "/view/blocks"))
    if not problems and view["type"] == "modal" and "submit" not in view and _has_inputs(view):
        problems = (Problem("missing required field: submit", "/view"),)
    return Refusal("invalid_arguments", problems) if problems else None


def check_options(answer: Any) -> Refusal | None:
    """Error in an answer to a request for options; None when Slack would show it."""
    problems = tuple(_OPTIONS(answer, ""))
    return Refusal("invalid_options", problems) if problems else None


def _has_inputs(view: dict[str, Any]) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _attached(attachments: list[dict[str, Any]], blocks: list[dict[str, Any]]) -> Iterator[Problem]:
    for at, attachment in enumerate(attachments):
        inner = attachment.get("blocks")
        if inner is None:
            continue
        yield from _MESSAGE_BLOCKS(inner, f"/attachments/{at}/blocks")
    inner = [block for attachment in attachments for block in attachment.get("blocks") or []]
    if _are_objects(inner) and inner:
        yield from _counts([*blocks, *inner], "/attachments")


def _whole_message(blocks: list[dict[str, Any]]) -> Iterator[Problem]:
    yield from _ids_unique(blocks, "/blocks")
    yield from _counts(blocks, "/blocks")


def _ids_unique(blocks: list[dict[str, Any]], place: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for block, where in _with_children(blocks, place):
        name = block.get("block_id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Problem(f'`block_id` "{name}" already exists', f"{where}/block_id")
        seen.add(name)


def _counts(blocks: list[dict[str, Any]], place: str) -> Iterator[Problem]:
    found = list(_with_children(blocks, place))
    tables = [(block, where) for block, where in found if _kind(block) in CELLS]
    charts = [where for block, where in found if _kind(block) == "data_visualization"]
    plans = [where for block, where in found if _kind(block) == "plan"]
    for _, where in tables[TABLES_IN_A_MESSAGE:]:
        yield Problem("only_one_table_allowed", where)
    for where in charts[CHARTS_IN_A_MESSAGE:]:
        yield Problem(f"no more than {CHARTS_IN_A_MESSAGE} data_visualization blocks allowed", where)
    for where in plans[1:]:
        yield Problem("no more than 1 plan block allowed", where)
    for kind, most in CELLS.items():
        total = sum(_characters(block.get("rows")) for block, _ in tables if block["type"] == kind)
        if total > most:
            where = next(where for block, where in tables if block["type"] == kind)
            yield Problem(f"cells must hold no more than {most} characters, they hold {total}", f"{where}/rows")
    markdown = sum(_characters(block) for block, _ in found if _kind(block) == "markdown")
    if markdown > MARKDOWN:
        yield Problem(f"markdown blocks must hold no more than {MARKDOWN} characters", place)


def _with_children(blocks: list[dict[str, Any]], place: str) -> Iterator[tuple[dict[str, Any], str]]:
    for at, block in enumerate(blocks):
        yield block, f"{place}/{at}"
        children = block.get("child_blocks")
        if _kind(block) == "container" and _are_objects(children):
            yield from _with_children(children or [], f"{place}/{at}/child_blocks")


def _kind(block: dict[str, Any]) -> str:
    return str(block.get("type"))


def _text_of(blocks: list[dict[str, Any]]) -> int:
    counted = [block for block, _ in _with_children(blocks, "") if block["type"] not in (*CELLS, "data_visualization")]
    own = [{key: value for key, value in block.items() if key != "child_blocks"} for block in counted]
    return sum(_characters(block) + HEADER_COST * (block["type"] == "header") for block in own)


def _characters(value: Any) -> int:
    """Characters a person would read: what stands in `text` at any depth."""
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    if isinstance(value, dict):
        return sum(
            len(item) if key == "text" and isinstance(item, str) else _characters(item) for key, item in value.items()
        )
    return 0


def measure(text: str, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How much of each limit of a message is used: `name`, `used`, `most`."""
    found = [block for block, _ in _with_children(blocks, "")]
    cells = {kind: sum(_characters(b.get("rows")) for b in found if _kind(b) == kind) for kind in CELLS}
    charts = sum(_kind(block) == "data_visualization" for block in found)
    figures = [
        ("Blocks", len(blocks), BLOCKS_IN_A_MESSAGE),
        ("Characters in blocks", _text_of(blocks), ALL_TEXT),
        ("Characters in text", len(text), TEXT_IN_AN_UPDATE),
        ("Charts", charts, CHARTS_IN_A_MESSAGE),
        *((f"Characters in the {kind}", used, CELLS[kind]) for kind, used in cells.items() if used),
    ]
    return [{"name": name, "used": used, "most": most} for name, used, most in figures]
