import re

import pytest

from tests.conftest import LONGEST
from tests.docs.documents import FENCE, ROOT, documents

PATH = re.compile(r"`((?:bot|handlers|comparison|tests|docs|requirements)/[\w./-]*)`")


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.relative_to(ROOT)))
def test_every_file_a_document_names_is_there(document):
    named = PATH.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_architecture_names_every_folder_of_the_program():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for top in ("bot", "handlers", "comparison"):
        for folder in (ROOT / top).iterdir():
            if folder.is_dir() and any(folder.glob("*.py")):
                assert f"`{top}/{folder.name}/" in text, folder


def test_the_files_of_tests_that_begin_first_are_there():
    assert [name for name in LONGEST if not (ROOT / "tests" / name).exists()] == []
