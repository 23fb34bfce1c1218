"""What is required, what is locked and what the documents say of it are one."""

import re
import sys
import tomllib

import pytest

from tests.docs.documents import ROOT
from tests.docs.locks import declared, disagreements, pinned, wanted

FOLDER = ROOT / "requirements"
SETS = {"runtime": ("runtime",), "otel": ("otel",), "test": ("runtime", "otel", "test"), "lock": ("lock",)}


def text(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def requirements(name):
    return [each for part in SETS[name] for each in wanted(text(f"{part}.in"))]


@pytest.mark.parametrize("name", SETS)
def test_a_lock_holds_all_that_is_required_and_no_more_on_every_python_and_system(name):
    assert disagreements(requirements(name), text(f"{name}.txt")) == []


def test_the_package_declares_what_the_runtime_requires():
    package = {str(each) for each in declared((ROOT / "pyproject.toml").read_text(encoding="utf-8"))}
    assert package == {str(each) for each in requirements("runtime")}, "what it runs on, and what builds it"


def test_the_tests_run_on_what_people_run_on():
    runtime, otel, test = (
        {str(each.requirement) for each in pinned(text(f"{name}.txt"))} for name in ("runtime", "otel", "test")
    )
    assert runtime | otel <= test


def test_traces_need_no_other_release_of_what_the_runtime_has_and_the_package_declares_them():
    runtime, otel = ({each.name: each.version for each in pinned(text(f"{name}.txt"))} for name in ("runtime", "otel"))
    assert {name: otel[name] for name in otel.keys() & runtime.keys()}.items() <= runtime.items()
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(package["optional-dependencies"]["otel"]) == {str(each) for each in requirements("otel")}


@pytest.mark.parametrize("name", SETS)
def test_a_lock_names_no_index_and_no_address(name):
    lines = (line.strip() for line in text(f"{name}.txt").splitlines())
    named = re.compile(r"^--(?!hash=)|://| @ |localhost")
    assert [line for line in lines if named.search(line)] == []


CLICK = "click==8.5.1 --hash=sha256:aa\n"
COVERAGE = "coverage[toml]==7.0 ; python_full_version <= '3.11.0a6' --hash=sha256:aa\n"


@pytest.mark.parametrize(
    ("required", "lock", "problem"),
    [
        ("click", "", "click is not pinned; the .in file wants it"),
        ("click>=9", CLICK, "click is pinned to 8.5.1; the .in file wants >=9"),
        ("", CLICK, "click is pinned, and nothing wants it"),
        ("click", "click==8.5.1\n", "click has no hash"),
        ("click", CLICK + "click==9 ; sys_platform == 'win32' --hash=sha256:aa\n", "click is pinned twice"),
        ("click", CLICK.replace(" --", " ; sys_platform == 'linux' --"), "click is not pinned; the .in file wants it"),
        ("coverage[toml]", COVERAGE, "coverage is not pinned; the .in file wants it"),
    ],
)
def test_a_lock_that_does_not_agree_is_found(required, lock, problem):
    assert problem in disagreements(wanted(required), lock)


def test_what_a_locked_package_itself_requires_is_looked_for():
    less = re.sub(r"^mako==.*\n(?: .*\n)*", "", text("runtime.txt"), flags=re.MULTILINE)
    assert disagreements(requirements("runtime"), less) == ["mako is not pinned; alembic wants it"]


def test_an_extra_of_a_requirement_is_looked_for():
    less = re.sub(r"^psycopg-binary==.*\n(?: .*\n)*", "", text("runtime.txt"), flags=re.MULTILINE)
    assert disagreements(requirements("runtime"), less) == ["psycopg-binary is not pinned; psycopg wants it"]


@pytest.fixture
def licences(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield __import__("licences")
    sys.modules.pop("licences")


def test_the_licences_of_all_that_is_installed_are_listed(licences):
    listed = dict(re.findall(r"^\| ([\w.-]+) \| (.+) \|$", licences.PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    listed.pop("package")
    assert set(listed) == {each.name for each in pinned(text("runtime.txt"))}
    assert "not stated" not in listed.values()
    assert listed["psycopg"] == "LGPL-3.0-only"


def test_the_page_of_licences_is_as_it_would_be_written_anew(licences):
    assert licences.page(text("runtime.txt")) == licences.PAGE.read_text(encoding="utf-8")


def test_only_psycopg_is_under_a_licence_that_asks_for_more_than_notices(licences):
    said = {name: licences.licence(name) for name in licences.names(text("runtime.txt"))}
    assert {name for name, words in said.items() if re.search(r"GPL|MPL|EPL|CDDL", words)} == {
        *("psycopg", "psycopg-binary", "certifi")
    }
