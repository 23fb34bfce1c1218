"""Writes docs/licences.md: what is installed beside mlcompare, by the lock, and under which licences."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / "requirements" / "runtime.txt"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*])?==", re.MULTILINE)
SHORT = 40  # characters of a licence's name; longer ones are its text

# What the metadata does not say, or not clearly, read from the packages' own licence files.
TOLD = {
    "cycler": "BSD-3-Clause",
    "huey": "MIT",
    "kiwisolver": "BSD-3-Clause",
    "matplotlib": "PSF-2.0 style (the Matplotlib licence)",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "pywin32": "PSF-2.0",  # this one and the next two are for other systems
    "tzdata": "Apache-2.0",
    "waitress": "ZPL-2.1",
    "skops": "MIT",
}
# Names that packages give to one and the same licence.
SAME = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT license": "MIT",
}

HEAD = """# Licences

mlcompare is under the [Apache License 2.0](../LICENSE). What it runs on is not part of it: `make install` fetches each
package by itself, unmodified, as pinned in `requirements/runtime.txt`. These are their licences, as the packages state
them. `make licences` writes this page anew, and the tests fail when it and the lock disagree.

- **psycopg and psycopg-binary are under the LGPL** (version 3): the driver for PostgreSQL. It is used as a library,
  unmodified and replaceable: another release of it, or one that you built, takes its place with `pip install`. Who
  passes on an environment with it inside (an image, a bundle) passes on its licence too, and says where its source is.
  dbos, the queue of messages, requires it also where the state is in a file. psycopg-binary holds PostgreSQL's own
  libpq (PostgreSQL Licence) and what that uses (OpenSSL, Kerberos, OpenLDAP, Cyrus SASL: licences that ask for notices
  only).
- **certifi is under the MPL 2.0**: its list of certificates may be passed on unmodified; changes to its files stay
  under the MPL.
- All others ask for no more than that their notices are kept. numpy, scipy and scikit-learn hold runtime libraries of
  GCC (GPL-3.0 with the exception that allows any program to use them; libquadmath among them is LGPL-2.1).

The tests and checks need more (`requirements/test.txt`); nothing of that is installed with mlcompare.

| package | licence |
|---|---|
"""


def names(lock: str) -> list[str]:
    """Packages in a lock, each once."""
    return sorted(set(PIN.findall(lock)))


def licence(name: str) -> str:
    """What a package says of itself; "" when it is not installed or says nothing."""
    if name in TOLD:
        return TOLD[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return ""
    classifiers = [each for each in said.get_all("Classifier") or [] if each.startswith("License :: ")]
    short = "".join(said.get_all("License") or []).strip()
    short = short if len(short) <= SHORT and "\n" not in short else ""
    classified = " OR ".join(each.rpartition(" :: ")[2] for each in classifiers)
    found = "".join(said.get_all("License-Expression") or []) or short or classified
    return SAME.get(found, found)


def page(lock: str) -> str:
    """The whole document."""
    return HEAD + "".join(f"| {name} | {licence(name) or 'not stated'} |\n" for name in names(lock))


if __name__ == "__main__":
    PAGE.write_text(page(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
