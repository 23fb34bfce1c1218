"""A person who follows a document from a fresh shell gets through it: what it says to run runs, in order.

Each section (a heading of the second level) is followed in a shell of its own, with nothing in its environment, in a
checkout where `make demo` and `make install` were run before. A block that is not run says why in a comment before it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from bot.playground.slack import SlackStandIn
from tests.bot.process import FORKED, zygote
from tests.docs.documents import ROOT, SHELL, blocks, blocks_of, documents

PRELUDE = Path(__file__).with_name("followed.sh")
RUNNABLE = {*SHELL, "python"}
FOLLOWED = sorted(
    (each for each in documents() if any(b.language in RUNNABLE and not b.not_run for b in blocks_of(each))),
    key=lambda document: document.name != "README.md",  # which is followed first, as people do
)
PROGRAM = re.compile(r"(?:make|mlcompare) ")
STAYS = {  # what runs until Ctrl-C, and what it says when it is ready
    re.compile(r"make demo$|(?:\.venv/bin/)?mlcompare (?:demo(?!.*--once)|playground)\b"): "Ctrl-C",
    re.compile(r"mlcompare serve$"): " serving ",
}
NEVER = re.compile(
    r"make (?:test|check|bench|chaos|traces)\b|sudo systemctl |curl |\.venv/bin/ruff format |docker |kubectl |helm |    --"
)


def bare(line):
    """Without a comment behind it and, in a list, without the blanks before it."""
    return re.sub(r"(?:^|\s+)#.*$", "", line).strip()


FIRST = {}  # the document that has a line first
for one in FOLLOWED:
    for runs in blocks_of(one):
        if runs.language in SHELL and not runs.not_run:
            for each in runs.text.splitlines():
                FIRST.setdefault(bare(each), one)


@contextmanager
def checkout(folder, demo_folder):
    """The parts of a checkout that the documents' commands need, as `make demo` and `make install` leave them."""
    shutil.copytree(demo_folder / ".mlcompare", folder / ".mlcompare")
    shutil.copytree(ROOT / "requirements", folder / "requirements", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for each in (*folder.glob("*"), *(folder / "requirements").iterdir()):
        os.utime(each, (0, 0))  # older than what was installed by them
    environment = folder / ".venv"
    programs = environment / "bin"
    programs.mkdir(parents=True)
    for name in ("lib", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix) / name)
    for program in (Path(sys.prefix) / "bin").iterdir():
        (programs / program.name).symlink_to(program)
    for name in ("activate", "mlcompare", "python"):
        (programs / name).unlink()
    activate = (Path(sys.prefix) / "bin" / "activate").read_text(encoding="utf-8")
    (programs / "activate").write_text(activate.replace(sys.prefix, str(environment)), encoding="utf-8")
    # As the programs themselves, whose own start is tested in `tests/docs/test_examples.py`, but without their imports.
    forked = shlex.join([sys.executable, "-SE", str(FORKED), zygote(), "bot"])
    other = shlex.quote(str(programs / "python3"))
    for name, first in (("mlcompare", ""), ("python", f'[ "$1 $2" = "-m bot" ] || exec {other} "$@"\nshift 2\n')):
        (programs / name).write_text(f'#!/bin/sh\n{first}exec {forked} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    for name in (".test", ".runtime"):
        (environment / name).touch()
    with SlackStandIn() as slack:
        (folder / "mlcompare.env").write_text(settings(slack), encoding="utf-8")
        yield folder


def settings(slack):
    """The README's own settings file, filled in, and what leads to the stand-in for Slack."""
    values = {
        "SLACK_APP_TOKEN": slack.installation.app_token,
        "SLACK_BOT_TOKEN": slack.installation.bot_token,
        "MLFLOW_TRACKING_URI": "sqlite:///.mlcompare/demo/mlflow.db",
        "MLFLOW_UI_URL": slack.url,  # any page will do
    }
    written = next(each.text for each in blocks_of(ROOT / "README.md") if each.language == "ini")
    names = re.findall(r"^([A-Z_]+)=", written, re.MULTILINE)
    assert set(names) == set(values)
    return "".join(f"{name}={values[name]}\n" for name in names) + f"SLACK_API_URL={slack.api_url}\nPORT=0\n"


def script(section, folder):
    """What the shell is told: the blocks in order, with placeholders filled in."""
    lines = [PRELUDE.read_text(encoding="utf-8")]
    for place, block in enumerate(section):
        if block.language == "python":
            file = folder / f"block{place}.py"
            file.write_text(block.text, encoding="utf-8")
            lines.append(f".venv/bin/python {file.name}\n")
        else:
            lines += [told(line, block.document) for line in block.text.splitlines()]
    return "\n".join(lines)


def told(line, document):
    """What was run for an earlier document is only looked for: it takes seconds."""
    command = bare(line)
    first = FIRST[command]
    if PROGRAM.match(command) and first != document:
        return f"command -v {command.split()[0]} # was run for {first.name}"
    filled = command.replace("http://mlflow.internal:5000", "sqlite:///.mlcompare/demo/mlflow.db")
    ready = next((ready for start, ready in STAYS.items() if start.match(command)), "")
    return f"stay '{ready}' {filled}" if ready else filled


@pytest.mark.timeout(600)
@pytest.mark.parametrize("document", FOLLOWED, ids=lambda each: str(each.relative_to(ROOT)))
def test_what_a_document_says_to_run_runs_in_a_fresh_shell(document, demo_folder, tmp_path):
    wanted = [each for each in blocks_of(document) if each.language in RUNNABLE and not each.not_run]
    with checkout(tmp_path, demo_folder) as folder:
        for section, followed in groupby(wanted, lambda block: block.section):
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-c", script(list(followed), folder)],
                cwd=folder,
                env={"PATH": os.defpath, "HOME": str(tmp_path), "TERM": "dumb", "LANG": "C.UTF-8"},
                check=False,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=550,
            )
            assert done.returncode == 0, f"{section}:\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("block", [each for each in blocks(*RUNNABLE) if each.not_run], ids=str)
def test_what_is_not_run_could_not_be(block):
    lines = [line for line in block.text.splitlines() if line.strip()]
    assert all(NEVER.match(line.removeprefix("$ ")) or line.startswith("{") for line in lines)


def test_commands_are_shown_as_such():
    """Else nobody runs them."""
    for document in documents():
        for block in blocks_of(document):
            if block.language not in RUNNABLE:
                assert not re.search(r"^(?:\$ |mlcompare (?!vs)\w+ |make \w|\. )", block.text, re.MULTILINE), block
