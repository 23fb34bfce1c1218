"""What the documents tell a person to type can be typed."""

import contextlib
import re

import click
import pytest

from tests.docs.documents import ROOT, documents, said_lines, shell_lines

TYPED = list(shell_lines())
PROGRAMS = {"make", "mlcompare", ".", "set", "export", "sudo", "git", "chmod", "curl", "ruff"}
# Who deploys on a cluster or in containers has these.
PROGRAMS |= {"kubectl", "helm", "docker"}


def typed(program):
    return [
        pytest.param(words[1:], id=f"{block.document.name}: {' '.join(words)[:70]}")
        for block, words in TYPED
        if words[0].split("/")[-1] == program
    ]


@pytest.fixture(scope="module")
def command_line():
    from bot.cli import main

    return main


def find(group, name):
    return group.get_command(click.Context(group), name)


@pytest.mark.parametrize("words", typed("mlcompare"))
def test_every_documented_command_exists_with_its_options(command_line, words):
    name, *arguments = words
    command = find(command_line, name)
    assert command is not None, f"there is no mlcompare {name}"
    arguments = [argument for argument in arguments if argument not in {">", "manifest.json"}]
    if arguments != ["--help"]:
        command.make_context(name, arguments)


@pytest.mark.parametrize("words", typed("make"))
def test_every_documented_make_target_exists(words):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in words:
        variable = word.partition("=")[0] if "=" in word else ""
        pattern = rf"^{variable} \?=" if variable else rf"^{word}:"
        assert re.search(pattern, makefile, re.MULTILINE), word


def test_every_command_is_documented(command_line):
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents())
    for name in command_line.list_commands(click.Context(command_line)):
        assert re.search(rf"mlcompare {name}\b", text), name


def test_every_option_is_documented(command_line):
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents())
    for name in command_line.list_commands(click.Context(command_line)):
        for parameter in find(command_line, name).params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert any(f"{option}" in text for option in parameter.opts), f"{name} {parameter.opts}"


def test_documented_commands_use_programs_that_everybody_has():
    assert {words[0].split("/")[-1] for _, words in TYPED} <= PROGRAMS


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{document.name}: {line[:70]}") for document, line in said_lines()]
)
def test_every_documented_line_is_understood_by_the_bot(line):
    from comparison.language.follow_up import is_follow_up
    from comparison.language.parser import parse

    words = re.sub(r"^(/mlcompare|@mlcompare)\s*", "", line)
    assert is_follow_up(words) or any(_goes_on(words, each) for each in _answers()) or parse(words)


def test_every_line_that_is_said_to_go_on_from_an_answer_does():
    text = next(each for each in documents() if each.name == "language.md").read_text(encoding="utf-8")
    part = text.split("## In the thread of any other answer")[1].split("##")[0]
    lines = [line for line in re.findall(r"`([^`\n]+)`", part) if line != "first"]
    assert len(lines) > 20
    assert [line for line in lines if not any(_goes_on(line, each) for each in _answers())] == []


def _answers():
    """One run, and the best ten."""
    from comparison.language.follow_up import Answered
    from comparison.request import Show, Top
    from comparison.run_reference import Named

    one = Answered(Show(Named("0" * 32)), ("0" * 32,), ("broken",), ("iris",))
    return one, Answered(Top(), tuple(f"{number:032}" for number in range(10)), ("",) * 10, ("iris",) * 10)


def _goes_on(line, answer):
    from comparison.errors import NotUnderstood
    from comparison.language.follow_up import follow_answer
    from comparison.language.names import Names

    with contextlib.suppress(NotUnderstood):
        return follow_answer(line, answer, Names.of(users=("maya",))) is not None
    return False
