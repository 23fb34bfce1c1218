"""Addresses as people write them in settings, made into the ones that are used."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

POSTGRES = {"postgres", "postgresql", "postgresql+pg8000", "postgresql+psycopg", "postgresql+psycopg2"}
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}(/.*)?")
_MEMORY = {"", "/", "/:memory:"}


def bare(value: Any) -> Any:
    """Text without the spaces and the pair of quotes that env files leave around it; anything else as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def needs_scheme(address: str) -> bool:
    """Whether this is a host and port that was meant to start with http://."""
    return bool(_HOST_AND_PORT.fullmatch(address)) or address.startswith("//")


def web_address(value: str) -> str:
    """An http(s) address with one slash at its end, for joining names to."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("looks wrong: it is not an address that starts with https:// or http://")
    return value.rstrip("/") + "/"


def page_address(value: str) -> str:
    """The address of a page, as it is; "" stays."""
    return value if not value or web_address(value) else ""


def ui_address(value: str) -> str:
    """The address of the MLflow UI without fragment or trailing slash; "" stays."""
    return web_address(value.partition("#")[0]).rstrip("/") if value else ""


def database_address(value: str) -> str:
    """The SQLAlchemy address of an SQLite file or of PostgreSQL through pg8000."""
    parts = urlsplit(value)
    if parts.scheme == "sqlite":
        if parts.netloc or parts.path in _MEMORY:
            raise ValueError(
                "looks wrong: name a file, as in sqlite:///mlcompare.db or sqlite:////var/lib/mlcompare.db"
            )
        return value
    if parts.scheme not in POSTGRES:
        raise ValueError("looks wrong: it starts neither with postgresql:// nor with sqlite:///")
    return urlunsplit(("postgresql+pg8000", parts.netloc, parts.path, urlencode(_pg8000(parts.query)), ""))


def _pg8000(query: str) -> dict[str, str]:
    """What pg8000 is told of the options that addresses made for libpq have."""
    options = dict(parse_qsl(query))
    host = options.pop("host", "")
    if host.startswith("/"):
        options["unix_sock"] = f"{host}/.s.PGSQL.{options.pop('port', '5432')}"
    kept = {"unix_sock", "application_name", "sslmode", "sslrootcert"}
    return {name: text for name, text in options.items() if name in kept}
