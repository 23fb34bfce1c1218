"""Installing a lock: just what it names, whatever else there is; how far it is is said."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

INSTALLER = Path(__file__).parents[2] / "requirements" / "installer.py"
PACKAGES = {"alpha": ["beta[fast]"], "beta": ["gamma; extra == 'fast'", "delta"], "gamma": [], "delta": []}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A bare environment, as `python -m venv` makes it."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=170)
    return next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder of packages, each in release 1 and in a newer one; the hashes of the first."""
    folder = tmp_path_factory.mktemp("shop")
    for release in ("1.0", "2.0"):
        for name, needs in PACKAGES.items():
            wheel(folder, name, release, needs)
    first = (folder / f"{name}-1.0-py3-none-any.whl" for name in PACKAGES)
    return folder, {path.name.partition("-")[0]: hashlib.sha256(path.read_bytes()).hexdigest() for path in first}


def wheel(folder, name, release, needs):
    information = f"{name}-{release}.dist-info"
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\nProvides-Extra: fast"]
    files = {
        f"{name}.py": "",
        f"{information}/METADATA": "\n".join([*about, *(f"Requires-Dist: {each}" for each in needs), ""]),
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{information}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{information}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{release}-py3-none-any.whl", "w") as archive:
        for path, said in files.items():
            archive.writestr(path, said)


@pytest.fixture
def install(python, shop, tmp_path):
    folder, hashes = shop

    def run(*names, **wrong):
        lines = [
            f"{name}==1.0 \\\n    --hash=sha256:{(hashes | wrong)[name.partition('[')[0]]}\n    # via test\n"
            for name in names
        ]
        (tmp_path / "lock.txt").write_text("".join(lines))
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
        mirror = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return subprocess.run(
            [python, INSTALLER, "lock.txt"],
            cwd=tmp_path,
            env={**os.environ, **surroundings, **mirror},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    yield run
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", *PACKAGES], check=True, timeout=120)


def test_a_lock_with_extras_is_installed_as_it_is_though_all_have_newer_releases(install, python):
    done = install("alpha", "beta[fast]", "gamma", "delta")
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True, timeout=60)
    assert listed.stdout.split() == ["alpha==1.0", "beta==1.0", "delta==1.0", "gamma==1.0"]


def test_a_log_says_what_is_installed_and_how_far_it_is(install):
    lines = install("gamma", "delta").stdout.splitlines()
    assert lines[0].startswith("Installing lock.txt, at most 2 packages, into ")
    assert lines[-2].startswith("  installed 2 of 2: ")
    assert lines[-1].startswith("Installed in ")
    assert not any("\r" in line or "\033" in line for line in lines)


def test_a_lock_that_lacks_a_package_is_told_by_the_package_that_wants_it(install):
    done = install("alpha", "beta[fast]", "gamma")
    assert done.returncode != 0
    assert "beta 1.0 requires delta, which is not installed" in done.stderr


def test_a_package_that_is_not_the_one_that_was_locked_is_refused(install):
    done = install("delta", delta="0" * 64)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
