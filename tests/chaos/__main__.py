"""`make chaos`: runs end, Slack fails at random, and the bot is killed 200 times. Is every run told, and none twice?

Then a rolling update: replicas give way to a newer version while runs end and people ask. Is every command answered once?

make chaos ARGS="--kills 200 --database postgresql" chooses; exit code 1 when anything was lost or doubled.
"""

import argparse
import io
import secrets
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.bot.process import ROOT
from tests.chaos.databases import POSTGRESQL, SQLITE
from tests.chaos.incidents import ALL
from tests.chaos.trial import Outcome, Plan, run
from tests.chaos.update import Update, Updated, update, version_before

SHOWN = 10


def main() -> None:
    words = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    words.add_argument("--kills", type=int, default=200, help="0 and no --incident: only the rolling update")
    words.add_argument("--database", choices=(SQLITE, POSTGRESQL), action="append", help="both when left out")
    words.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="to repeat a trial")
    words.add_argument("--rate", type=float, default=5.0, help="runs that end in a second")
    words.add_argument("--between", type=float, default=6.0, help="seconds between two kills, on average")
    words.add_argument("--posts", type=int, default=0, help="that are waited for before a kill, on a slow machine")
    words.add_argument("--experiments", type=int, default=20)
    words.add_argument("--processes", type=int, default=4, help="of `notify` on PostgreSQL")
    words.add_argument("--collapse", action="store_true", help="runs may share messages")
    words.add_argument("--no-history", action="store_true", help="the bot may not read its channels")
    words.add_argument(
        "--incident", choices=(*ALL, "all"), action="append", default=[], help="what also goes away for a while"
    )
    words.add_argument("--lasting", type=float, default=45.0, help="seconds that an incident lasts")
    words.add_argument("--older", metavar="COMMIT", help="every second process is of this version, as in an update")
    words.add_argument("--updates", type=int, default=2, help="rolling updates and back, on PostgreSQL")
    given = words.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, also then
    with tempfile.TemporaryDirectory(prefix="older-") as folder:
        older = checked_out(given.older, Path(folder, "given")) if given.older else None
        is_well = all([*(each.is_well for each in trials(given, older)), updates(given, Path(folder, "before"))])
    sys.exit(0 if is_well else 1)


def checked_out(commit: str, folder: Path) -> Path:
    """The files of a commit, in this folder. Needs what that version needs to be installed here."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def trials(given: argparse.Namespace, older: Path | None) -> list[Outcome]:
    outcomes = []
    for database in (given.database or (SQLITE, POSTGRESQL)) if given.kills or given.incident else ():
        plan = Plan(
            database,
            given.kills,
            given.seed,
            a_second=given.rate,
            between=given.between,
            posts_between=given.posts,
            experiments=given.experiments,
            processes=given.processes,
            collapses=given.collapse,
            may_read_history=not given.no_history,
            incidents=ALL if "all" in given.incident else tuple(given.incident),
            lasting=given.lasting,
            older=older,
        )
        print(f"{database}: {given.kills} kills, seed {given.seed}", flush=True)
        outcomes.append(run(plan, say))
        report(outcomes[-1])
    return outcomes


def updates(given: argparse.Namespace, folder: Path) -> bool:
    """Updates from the version before, and whether all went well. None are tried where no history is at hand."""
    if not given.updates or POSTGRESQL not in (given.database or (POSTGRESQL,)):
        return True
    commit = given.older or version_before()
    if not commit:
        print("rolling update: not tried, there is no history of versions here", flush=True)
        return True
    print(f"rolling update on {POSTGRESQL} from {commit}, seed {given.seed}", flush=True)
    outcome = update(Update(checked_out(commit, folder), given.updates, given.seed), say)
    report_update(outcome)
    return outcome.is_well


def report_update(outcome: Updated) -> None:
    found = outcome.count
    lines = [
        ("replicas started", _listed(outcome.starts)),
        ("version of the database, at first and at last", ", ".join(outcome.schemas)),
        ("commands", f"{len(outcome.asked)}"),
        ("NOT TAKEN", f"{len(outcome.untaken)}"),
        ("UNANSWERED", f"{len(outcome.unanswered)}"),
        ("answered twice", f"{len(outcome.doubled)}"),
        ("runs ended", f"{len(outcome.ended)}"),
        ("announcements wanted (channel and run)", f"{len(found.wanted)}"),
        ("LOST", f"{len(found.lost)}"),
        ("DOUBLED", f"{len(found.doubled)}"),
    ]
    details = [*outcome.untaken, *map(str, (*outcome.unanswered, *outcome.doubled, *sorted(found.lost)))]
    show(lines, [*details, *found.wrong, *outcome.problems], is_well=outcome.is_well)


def say(what: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {what}", flush=True)


def report(outcome: Outcome) -> None:
    found, calls = outcome.count, outcome.calls
    lines = [
        ("kill -9", f"{outcome.kills.total()} ({_listed(outcome.kills)})"),
        ("started", _listed(outcome.starts)),
        ("runs ended", f"{len(outcome.ended)} ({outcome.rate:.1f} a second)"),
        ("announcements wanted (channel and run)", f"{len(found.wanted)}"),
        ("messages, of them shared by several runs", f"{found.messages}, {found.many}"),
        ("LOST", f"{len(found.lost)}"),
        ("given up by the bot, and said so", f"{len(outcome.given_up)}"),
        ("DOUBLED", f"{len(found.doubled)}"),
        ("told though nobody asked", f"{len(found.unasked)}"),
        ("that do not say what they should", f"{len(found.wrong)}"),
        ("looked up in history", f"{calls['conversations.history']}"),
        ("posts tried, edits tried", f"{calls['chat.postMessage']}, {calls['chat.update']}"),
        ("gone for a while", ", ".join(outcome.incidents) or "nothing"),
        ("faults of Slack", f"{outcome.faults.total()} ({_listed(outcome.faults)})"),
        ("429 for going too fast", f"{outcome.limited}"),
        ("all told after the last run, seconds", f"{outcome.drained:.0f}"),
        ("tracebacks in the logs", f"{len(outcome.tracebacks)} ({_listed(Counter(outcome.tracebacks))})"),
        ("seed", f"{outcome.plan.seed}"),
    ]
    details = [*map(str, sorted(found.lost)), *(f"{each} {times} times" for each, times in found.doubled.items())]
    details += [*found.wrong, *outcome.problems]
    details += [f"{row.state} {row.id}: {row.problem}" for row in outcome.left]
    show(lines, details, is_well=outcome.is_well)


def show(figures: list[tuple[str, str]], details: list[str], *, is_well: bool) -> None:
    for what, figure in figures:
        print(f"  {what:<45} {figure}", flush=True)
    for each in details[:SHOWN]:
        print(f"    {each}", flush=True)
    print(f"  {'well' if is_well else 'NOT WELL'}", flush=True)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{times} {what}" for what, times in counts.most_common(SHOWN)) or "none"


if __name__ == "__main__":
    main()
