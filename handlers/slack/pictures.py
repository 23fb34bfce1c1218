"""Charts as pictures: drawn as PNG and uploaded, each at most once a message. Where that fails, text stands for it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from comparison.report import Chart
from handlers.slack.client import SlackClient, SlackError, SlackErrorKind

log = logging.getLogger(__name__)

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
