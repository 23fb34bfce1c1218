"""`mlcompare notify`: tells channels of runs that end, and nothing else; any number of them beside `serve`."""

import logging
import os
import time

import click

from bot.app import Bot, build
from bot.logs import configure
from bot.serve import StopRequest, serve_metrics, watch_signals
from bot.settings import SettingsError, read, unspoken

log = logging.getLogger(__name__)

_SAID_AFTER = 120.0  # seconds between two lines on why it does not work


@click.command()
def notify() -> None:
    """Only send notifications (no commands): any number of these may run beside `mlcompare serve`.

    They share the work where DATABASE_URL is PostgreSQL; on a file one works and the others stand by. Needs
    SLACK_BOT_TOKEN (or what several workspaces need) and MLFLOW_TRACKING_URI, listens on no port but that of
    MLCOMPARE_METRICS, and ends well on SIGTERM.
    """
    try:
        settings = read(unspoken)
    except SettingsError as error:
        raise click.ClickException(f"{error}\n`mlcompare check` tests each of them.") from error
    configure(settings.log_level, settings.secrets, settings.log_format)
    ending = StopRequest()
    watch_signals(ending)
    bot = build(settings)
    serve_metrics(bot)
    _start(bot)
    log.info("notifying", extra={"poll_s": settings.poll_seconds})
    _watch(bot, ending)
    log.info("stopping; finishing what is under way", extra={"deadline_s": settings.drain_seconds})
    bot.notifier.stop(settings.drain_seconds)
    for probe in bot.probes:
        probe.stop()
    bot.engine.dispose()
    bot.traces.close()
    log.info("stopped")
    logging.shutdown()
    os._exit(ending.code)  # whatever thread still hangs


def _start(bot: Bot) -> None:
    database, *others = bot.probes
    database.ask()  # which brings it up to date
    for probe in (database, *others):
        probe.start()
    bot.notifier.start()


def _watch(bot: Bot, ending: StopRequest) -> None:
    """Waits for the end. Where nothing else can be asked how it does, the log says."""
    logged, logged_at = "", 0.0
    while not ending.event.wait(1):
        problem = "" if bot.notifier.is_standby else bot.notifier.problem
        if problem and problem != logged and time.monotonic() - logged_at > _SAID_AFTER:
            log.warning("channels are not told of runs: %s", problem)
            logged_at = time.monotonic()
        logged = problem
