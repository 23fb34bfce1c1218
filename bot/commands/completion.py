"""What a shell completes behind a question: words of the language, and the names that MLflow has."""

import time
from collections.abc import Iterator
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from comparison.errors import RequestError

WITHIN = 2.0  # seconds that somebody waits for the names behind a key
MOST = 100  # names that are offered
WORDS = ("in", "by", "since", "vs", "where", "except", "at step", "latest", "best", "yesterday", "monday", "help")


def complete_words(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Words and names that begin so. A store that cannot be asked leaves the words; nothing is raised or written."""
    wanted = incomplete.strip("\"'").casefold()
    known = [*((word, "") for word in WORDS), *_names(context)]
    found = dict.fromkeys((name, told) for name, told in known if name.casefold().startswith(wanted))
    return [CompletionItem(_shell_word(name), help=told or None) for name, told in list(found)[:MOST]]


def _names(context: click.Context) -> Iterator[tuple[str, str]]:
    """Experiments, people, metrics and runs of the store that the options or the environment name, with their kind."""
    from bot.commands.compare import open_run_source, quiet
    from comparison.language.names import Kind
    from handlers.lookup_cache import LookupCache

    with suppress(RequestError, click.ClickException), quiet():
        source, _ui_url = open_run_source(context.params.get("tracking_uri") or "", "")
        names = LookupCache(time.monotonic).names(source, WITHIN)
        for kind in (Kind.EXPERIMENT, Kind.USER, Kind.METRIC, Kind.RUN):
            yield from ((name, kind.value) for name in names.all(kind))


def _shell_word(name: str) -> str:
    """A name as a shell takes it for one word."""
    if all(sign.isalnum() or sign in "-_./@:+=" for sign in name) or name in WORDS:
        return name
    return f'"{name}"' if not set(name) & set('"$`\\!') else "'{}'".format(name.replace("'", "'\\''"))
