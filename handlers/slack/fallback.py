"""Simpler blocks where a workspace refuses some, and text where it takes no picture; what it took is remembered."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from comparison.report import Chart
from handlers.slack.blocks import Block, Reply
from handlers.slack.client import TOO_LONG, SlackClient, SlackError, SlackErrorKind
from handlers.slack.limits import find_problems

log = logging.getLogger(__name__)

_FILE_PAUSES = (1.0, 2.0, 4.0)  # seconds that Slack takes to look at a file


# The rungs of the ladder that a message falls down when a workspace refuses a block.


class BlockLevel(IntEnum):
    """Blocks that a message is drawn with; a higher number asks less of the workspace. The numbers are stored."""

    ALL = 0
    NO_CHARTS = 1
    TABLE = 2  # `table` for `data_table`, nothing that collapses
    SECTIONS = 3  # header, section, context, actions: what every workspace takes
    TEXT = 4  # no blocks


class Capabilities(Protocol):
    """Blocks that a workspace takes, learned by being refused; kept for some hours."""

    def rung(self, workspace: str) -> int:
        """The rung of the ladder to start from: 0 is everything."""
        ...

    def remember(self, workspace: str, rung: int) -> None: ...

    def forget(self) -> None:
        """Every workspace starts from everything again."""


Draw = Callable[[BlockLevel], Reply]


def send_with_fallback(
    draw: Draw,
    send: Callable[[Reply], None],
    workspace: str,
    capabilities: Capabilities,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Sends the best drawing that the workspace takes; raises what sending raised when it takes none.

    A picture that Slack has not looked at yet is waited for: some seconds, no more.

    A rung is remembered when it was taken after one with other kinds of blocks was refused. That a message of ours
    was too long says nothing of the workspace, and that only text was taken means that we drew something wrong.
    """
    refused: list[tuple[Reply, SlackError]] = []
    for rung, reply in _drawings(draw, _start(capabilities, workspace)):
        try:
            _send_patiently(reply, send, sleep)
        except SlackError as failure:
            if failure.kind is not SlackErrorKind.REFUSED_BLOCKS or rung is BlockLevel.TEXT:
                raise
            log.warning("blocks refused at rung %s: %s %s", rung.name, failure.code, "; ".join(failure.places))
            refused.append((reply, failure))
            continue
        if rung is not BlockLevel.TEXT and _is_of_the_workspace(refused, reply):
            _remember(capabilities, workspace, rung)
        return


def _send_patiently(reply: Reply, send: Callable[[Reply], None], sleep: Callable[[float], None]) -> None:
    for pause in _FILE_PAUSES:
        try:
            send(reply)
        except SlackError as failure:
            if not _is_of_a_file(failure):
                raise
            log.info("a picture is not ready yet, waiting %s s: %s", pause, "; ".join(failure.places))
            sleep(pause)
        else:
            return
    send(reply)


def _is_of_a_file(failure: SlackError) -> bool:
    places = " ".join(failure.places).casefold().replace("_", " ")
    return failure.kind is SlackErrorKind.REFUSED_BLOCKS and "slack file" in places


def _drawings(draw: Draw, start: BlockLevel) -> Iterator[tuple[BlockLevel, Reply]]:
    """Every drawing that differs from the one before and is within the limits; text alone is the last."""
    before: tuple[Block, ...] | None = None
    for rung in BlockLevel:
        if rung < start:
            continue
        reply = draw(rung)
        if reply.blocks == before and rung is not BlockLevel.TEXT:
            continue
        before = reply.blocks
        problems = find_problems(reply.blocks, reply.text)
        if problems and rung is not BlockLevel.TEXT:
            log.error("a message over the limits was not sent: %s", "; ".join(map(str, problems)))
            continue
        yield rung, reply


def _is_of_the_workspace(refused: Sequence[tuple[Reply, SlackError]], taken: Reply) -> bool:
    if not refused:
        return False
    kinds = _kinds(taken.blocks)
    refused = [(reply, failure) for reply, failure in refused if not _is_of_a_file(failure)]
    return any(failure.code != TOO_LONG and not _kinds(reply.blocks) <= kinds for reply, failure in refused)


def _kinds(node: Any) -> frozenset[str]:
    """The types of everything in the blocks."""
    if isinstance(node, dict):
        own = frozenset({str(node["type"])}) if "type" in node else frozenset[str]()
        return own.union(*(_kinds(value) for value in node.values()))
    if isinstance(node, list | tuple):
        return frozenset[str]().union(*(_kinds(part) for part in node))
    return frozenset()


def _start(capabilities: Capabilities, workspace: str) -> BlockLevel:
    """Level to start with; the top when what was remembered cannot be read: a refusal costs one call."""
    try:
        return BlockLevel(min(max(capabilities.rung(workspace), BlockLevel.ALL), BlockLevel.SECTIONS))
    except Exception:
        log.exception("the rung of a workspace could not be read")
        return BlockLevel.ALL


def _remember(capabilities: Capabilities, workspace: str, rung: BlockLevel) -> None:
    try:
        capabilities.remember(workspace, rung)
    except Exception:
        log.exception("the rung of a workspace could not be remembered")


# Charts as pictures: drawn as PNG and uploaded, each at most once a message. Where that fails, text stands for it.


_FORGOTTEN_AFTER = 3_600.0  # seconds that a workspace is not asked again which took no files


@dataclass
class PictureMemory:
    """Workspaces that took no files a while ago. Safe to use from any thread."""

    clock: Callable[[], float] = time.monotonic
    _refused: dict[str, float] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def is_refused(self, workspace: str) -> bool:
        with self._mutex:
            return self.clock() - self._refused.get(workspace, -_FORGOTTEN_AFTER) < _FORGOTTEN_AFTER

    def refuse(self, workspace: str) -> None:
        with self._mutex:
            self._refused[workspace] = self.clock()


class Pictures:
    """Ids of the charts of one message as files in Slack, "" where one has none."""

    def __init__(self, charts: Sequence[Chart], outlet: SlackClient, workspace: str, memory: PictureMemory) -> None:
        self._charts = charts
        self._outlet = outlet
        self._workspace = workspace
        self._memory = memory
        self._files: dict[int, str] = {}

    def __call__(self, number: int) -> str:
        if number not in self._files:
            self._files[number] = "" if self._memory.is_refused(self._workspace) else self._upload(self._charts[number])
        return self._files[number]

    def _upload(self, chart: Chart) -> str:
        from comparison.formats.png import draw_png  # noqa: PLC0415 -- matplotlib, for who needs a picture

        try:
            picture = draw_png(chart)
            return self._outlet.upload("curves.png", picture, title=chart.title, alt_text=chart.conclusion)
        except SlackError as failure:
            log.info("a picture could not be uploaded, text stands for it: %s", failure)
            if failure.kind is SlackErrorKind.DENIED:
                self._memory.refuse(self._workspace)
        except Exception:
            log.exception("a picture could not be drawn, text stands for it")
        return ""

    def upload_first(self, *, is_drawn_here: bool) -> "Pictures":
        """Uploads before anything is drawn what will be shown: all, or what Slack cannot draw by itself."""
        for number, chart in enumerate(self._charts):
            if is_drawn_here or chart.lines is None:
                self(number)
        return self


def no_pictures(_number: int) -> str:
    return ""
