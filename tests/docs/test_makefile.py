"""The first thing a person runs, on machines of several kinds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD = "#!/bin/sh\nexit 1\n"  # whatever it is asked, it is not new enough
WITHOUT_VENV = f'#!/bin/sh\ncase "$*" in *ensurepip*|*venv*) exit 1;; esac\nexec {sys.executable} "$@"\n'
QUICK = """#!/bin/sh
case "$*" in "-m venv"*) mkdir -p .venv/bin && ln -sf /bin/sh .venv/bin/python && touch .venv/bin/pip;; esac
"""  # makes an environment without the seconds that a real one takes
REAL = f'#!/bin/sh\nexec {sys.executable} "$@"\n'


@pytest.fixture
def make(tmp_path):
    """Run make in a checkout on a machine that has just these interpreters."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "sh", "rm", "sed", "expand", "mkdir", "ln", "touch"):
        (programs / name).symlink_to(shutil.which(name))

    def run(*words, **interpreters):
        for name, script in interpreters.items():
            program = programs / name.replace("_", ".")
            program.write_text(script)
            program.chmod(0o755)
        return subprocess.run(
            ["make", *words],
            check=False,
            cwd=tmp_path,
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.mark.parametrize(
    "interpreters",
    [
        {"python3": REAL},
        {"python3": QUICK},
        {"python3": OLD, "python3_12": QUICK},
        {"python3": OLD, "python3_11": QUICK},
        {"python3": WITHOUT_VENV, "python3_13": QUICK},
        {"python": QUICK},
    ],
)
def test_an_interpreter_that_will_do_is_found(make, tmp_path, interpreters):
    done = make(".venv/bin/pip", **interpreters)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv/bin/python").exists()


def test_a_machine_whose_python_is_old_is_told_what_to_install(make):
    done = make(".venv/bin/pip", python3=OLD)
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "PYTHON=/path/to/python3.12" in done.stderr


def test_a_machine_whose_python_has_no_venv_is_told_what_to_install(make):
    done = make(".venv/bin/pip", python3=WITHOUT_VENV)
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stderr


def test_an_interpreter_asked_for_is_the_only_one_tried(make, tmp_path):
    done = make(".venv/bin/pip", "PYTHON=python3.10", python3=QUICK, python3_10=OLD)
    assert done.returncode != 0
    assert not (tmp_path / ".venv").exists()


def test_an_environment_that_was_made_by_half_is_made_anew(make, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert make(".venv/bin/pip", python3=QUICK).returncode == 0
    assert (tmp_path / ".venv/bin/python").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(make, tmp_path):
    make(".venv/bin/pip", python3=QUICK)
    (tmp_path / ".venv/.runtime").touch()
    (tmp_path / ".venv/bin/python").unlink()
    (tmp_path / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert make(".venv/bin/pip", python3=QUICK).returncode == 0
    assert (tmp_path / ".venv/bin/python").exists()
    assert not (tmp_path / ".venv/.runtime").exists(), "what was installed there is gone too"


def test_make_alone_says_what_can_be_typed(make):
    said = make().stdout
    for target in ("demo", "test", "check", "bench"):
        assert f"make {target}" in said
