"""The project's documents, as tests read them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (.+) -->\s*\Z")
SHELL = ("sh", "bash", "console", "shell")

UNSAID = re.compile(r"…|<|failed with the error|not a valid command")  # a pattern, or what Slack says of a command


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: Path
    language: str
    text: str
    section: str = ""  # the heading of the second level above it
    not_run: str = ""  # why nobody runs it, said in a comment before it; "" for what runs

    def __str__(self):
        return f"{self.document.relative_to(ROOT)}: {self.text.strip().splitlines()[0][:60]}"


def documents():
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(*languages):
    return [each for document in documents() for each in blocks_of(document) if each.language in languages]


def blocks_of(document):
    """All of one document, in order."""
    text = document.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        before = FENCE.sub("", text[: found.start()])
        section = (["", *re.findall(r"^## (.+)$", before, re.MULTILINE)])[-1]
        said = NOT_RUN.search(text[: found.start()])
        yield Block(document, found["language"], found["text"], section, said[1] if said else "")


def shell_lines():
    """Each command a person is told to type, as (where, words)."""
    for block in blocks(*SHELL):
        for line in block.text.replace("\\\n", " ").splitlines():
            if block.language == "console" and not line.startswith("$ "):
                continue  # what it answers
            for part in re.split(r"\s*(?:;|&&|\|)\s+", line.removeprefix("$ ")):
                words = shlex.split(part, comments=True)
                if words:
                    yield block, words


def said_lines():
    """Each line a person is told to say to the bot, as (document, line): in code spans and in fenced blocks."""
    for document in documents():
        if document.name == "CONTRIBUTING.md":  # it plans a command
            continue
        text = document.read_text(encoding="utf-8")
        spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
        fenced = [line.strip() for found in FENCE.finditer(text) for line in found["text"].splitlines()]
        for line in (*spans, *fenced):
            if re.match(r"(/mlcompare|@mlcompare)\b", line) and not UNSAID.search(line):
                yield document, line
