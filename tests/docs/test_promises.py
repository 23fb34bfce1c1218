"""No document promises more of "once" than Slack lets the bot keep with the permissions it asks for."""

import re

from bot.commands.manifest import SCOPES
from tests.docs.documents import ROOT, documents

UNKEPT = re.compile(r"whatever is killed|nor (lost|doubled)|(killed|dies)[^.|]*\bonce\b", re.IGNORECASE)


def test_what_is_cut_off_while_it_is_posted_is_nowhere_said_to_come_once_without_what_that_takes():
    for document in documents():
        for line in document.read_text(encoding="utf-8").splitlines():
            if UNKEPT.search(line):
                assert "history" in line, f"{document}: {line[:120]}"


def test_the_permission_is_not_asked_for_and_the_page_that_says_so_is_linked():
    assert not {"channels:history", "groups:history"} & set(SCOPES)
    for name in ("README.md", "docs/messages.md", "docs/watches.md"):
        assert "#once-with-these-permissions" in (ROOT / name).read_text(encoding="utf-8"), name
    assert "## Once, with these permissions" in (ROOT / "docs" / "slack-app.md").read_text(encoding="utf-8")
