"""`make screenshots`: the pictures in README and docs, and the text beside the first, from one run of the demo's store.

Whoever changes how messages look runs it and commits what it writes.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.demo.command import _settings, _trained, isolate_environment  # noqa: E402 -- found by the line above
from bot.playground.command import local_bot  # noqa: E402
from bot.playground.slack import EXPERIMENTS, STANDUP  # noqa: E402
from comparison.compare import ask  # noqa: E402
from comparison.formats.text import to_text  # noqa: E402
from comparison.language.compare_command import compared  # noqa: E402
from comparison.language.parser import parse  # noqa: E402
from comparison.past_repeats import RepeatsCache  # noqa: E402
from comparison.reports.comparison import comparison_report  # noqa: E402
from comparison.tracking.mlflow import MlflowSource  # noqa: E402
from handlers.compare.message import comparison_buttons, state_of  # noqa: E402
from tests import judgement_pictures  # noqa: E402
from tests.chromium import ARGUMENTS, installed  # noqa: E402

WORDS = "mlp-32-seed-1 vs mlp-64-seed-1"
SEVERAL = ", ".join(f"mlp-{width}-seed-{seed}" for width in (32, 64) for seed in (1, 2, 3, 4))
PHONE, DESKTOP = (390, 844), (1024, 900)
PICTURES = {  # name: what is typed, in which channel, how wide
    "channel": (WORDS, EXPERIMENTS, DESKTOP),
    "phone": (WORDS, EXPERIMENTS, PHONE),
    "several": (SEVERAL, EXPERIMENTS, DESKTOP),
    "standup": ("standup since 7d", STANDUP, DESKTOP),
    "notification": ("watch digits", STANDUP, DESKTOP),
}
CHARTS = {  # name: what draws it in a terminal
    "sweep": "sweep mlp-search --by val_loss",
}
BLOCK = re.compile(r"(?<=<!-- channel: begin -->\n```text\n).*?(?=```\n<!-- channel: end -->)", re.DOTALL)


def main(folder: Path) -> None:
    isolate_environment(os.environ)
    store = _trained(folder)
    settings = _settings(store, "http://127.0.0.1:5000")
    with TemporaryDirectory() as state, local_bot(settings, 0, Path(state)) as slack:  # nothing is watched yet
        pictures(slack)
    judgement_pictures.write(store.tracking_uri)
    for name, words in CHARTS.items():
        run(store.tracking_uri, *words.split(), "-o", str(ROOT / "docs" / "images" / f"{name}.png"))
        print(f"docs/images/{name}.png")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(BLOCK.sub(lambda _found: answer(store.tracking_uri), text), encoding="utf-8")


def answer(uri: str) -> str:
    """The first answer as a channel has it, without what is folded there, set as in a terminal."""
    now = time.time_ns() // 1_000_000
    comparison = ask(parse(WORDS), MlflowSource(uri), now=now, past=RepeatsCache())
    said = to_text(comparison_report(comparison, now=now, in_channel=True), width=100)
    shown = said.partition("\n\nBaseline ")[0]
    lines = [f"           {line}".rstrip() for line in [*shown.splitlines(), "", _buttons(comparison)]]
    return "\n".join([f"maya       /mlcompare {WORDS}", "", f"mlcompare  {lines[0].strip()}", *lines[1:], ""])


def _buttons(comparison) -> str:
    """`[Why?] [Swap] [⋯]`: the row below the message."""
    request = compared([side.runs[0].run_id for side in comparison.sides])
    row = comparison_buttons(state_of(request, comparison), comparison).row
    return " ".join(f"[{each['text']['text']}]" if "text" in each else "[⋯]" for each in row)


def run(uri: str, *words: str) -> str:
    """What mlcompare says to these words in a terminal."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri, "COLUMNS": "100"}
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT).stdout


def pictures(slack) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=list(ARGUMENTS))
        for name, (words, channel, size) in PICTURES.items():
            before = {message.ts for message in slack.workspace.everything()}
            assert slack.command("/mlcompare", words, channel=channel).was_taken
            message = slack.wait_until(lambda before=before: newest(slack, before), 60)
            context = browser.new_context(
                viewport=dict(zip(("width", "height"), size, strict=True)), device_scale_factor=2
            )
            page = context.new_page()
            page.goto(f"{slack.url}#{channel}")
            page.wait_for_selector("body[data-ready]")
            if channel != EXPERIMENTS:
                page.get_by_role("button", name="standup").first.click()
            page.locator(f'[data-ts="{message.ts}"]').screenshot(path=str(ROOT / "docs" / "images" / f"{name}.png"))
            print(f"docs/images/{name}.png")
            context.close()
        browser.close()


def newest(slack, before):
    """The answer once it is whole, not the line that says what is being worked on."""
    found = [m for m in slack.workspace.everything() if m.ts not in before and m.blocks]
    return found[-1] if found else None


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".mlcompare" / "demo")
