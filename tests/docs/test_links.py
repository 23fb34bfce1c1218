import re

import pytest

from tests.docs.documents import FENCE, ROOT, documents

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(document):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    for link in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the project"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


def test_every_document_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in seen or document.suffix != ".md":
            continue
        seen.add(document)
        links = LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
        waiting += [
            (document.parent / link.partition("#")[0]).resolve() for link in links if not link.startswith("http")
        ]
    assert set(documents()) <= seen


def test_what_is_published_names_no_machine_of_ours():
    ours = re.compile(r"/(?:work|tmp|root)/|localhost:\d+/simple")
    for document in documents():
        assert not ours.search(document.read_text(encoding="utf-8")), document
