"""The command line. Commands are imported when they are asked for, so that `--help` is there at once."""

from importlib import import_module
from typing import Any

import click

# name → where it is, and what it is for
COMMANDS = {
    "compare": ("bot.commands.compare:compare", "Compare runs of MLflow here, as text, Markdown, CSV or JSON."),
    "curves": ("bot.commands.ask:curves", "Draw how runs trained, and say what the curves mean."),
    "sweep": ("bot.commands.ask:sweep", "Say what a hyperparameter search found, and which parameters matter."),
    "ask": ("bot.commands.ask:ask", "Ask as in Slack: standup, top 5 by f1 in fraud, running, show latest."),
    "top": ("bot.commands.ask:top", "List the best runs: top 5 by f1 in fraud."),
    "standup": ("bot.commands.ask:standup", "Sum up what ran, failed and runs."),
    "failed": ("bot.commands.ask:failed", "List the runs that failed."),
    "running": ("bot.commands.ask:running", "List what runs now, and how far it is."),
    "show": ("bot.commands.ask:show", "Show one run: show latest in fraud."),
    "runs": ("bot.commands.ask:runs", "List the newest runs."),
    "experiments": ("bot.commands.ask:experiments", "List the experiments."),
    "serve": ("bot.serve:serve", "Run the Slack bot."),
    "notify": ("bot.serve:notify", "Only send notifications (no commands)."),
    "check": (
        "bot.commands.check:check",
        "Test every setting, token and server, and say what to do about each failure.",
    ),
    "manifest": ("bot.commands.manifest:manifest", "Print the Slack app manifest."),
    "watches": ("bot.commands.channels:watches", "List what channels watch, or who changed that and when."),
    "settings": ("bot.commands.channels:settings", "List what channels agreed on, or who changed that and when."),
    "access": ("bot.commands.channels:access", "List or set what channels may see, and who may change it."),
    "workspaces": (
        "bot.commands.workspaces:workspaces",
        "List the workspaces that installed the app; change its keys.",
    ),
    "deliveries": ("bot.commands.deliveries:deliveries", "Show what was sent, what waits and why, and try again."),
    "migrate": ("bot.store.migrate:migrate", "Bring the database up to date."),
    "demo": ("bot.demo.command:demo", "Train real models, start the bot and a local Slack page."),
    "playground": ("bot.playground.command:playground", "Start the bot with a local Slack page, on your own MLflow."),
}
UNFORESEEN = 70  # exit code for a fault of our own


@click.command()
@click.argument("command", required=False)
@click.pass_context
def _help(context: click.Context, command: str | None) -> None:
    """Show what there is, or the help of a command."""
    parent = context.find_root()
    group = parent.command
    found = group.get_command(parent, command) if command and isinstance(group, click.Group) else None
    if command and found is None:
        parent.fail(f"There is no command {command!r}. There are {', '.join(COMMANDS)}.")
    click.echo(found.get_help(click.Context(found, parent, command)) if found else parent.get_help())


@click.command()
def _version_command() -> None:
    """Show the version."""
    from importlib.metadata import version

    click.echo(f"mlcompare {version('mlcompare')}")


_ASIDES = {"help": _help, "version": _version_command}  # as options are, for who types them as commands


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run; a fault in one is told without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click gives it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click gives it
        if cmd_name in _ASIDES:
            return _ASIDES[cmd_name]
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click gives it
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = str(args[0])
        if name not in (*COMMANDS, *_ASIDES) and not name.startswith("-"):
            from comparison.names import nearest_names

            near = nearest_names(name, COMMANDS)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(COMMANDS)}."
            ctx.fail(f"There is no command {name!r}. {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("traceback"):
                raise
            from comparison.formats.controls import written_out

            text = written_out(str(error))
            click.echo(f"Something went wrong in mlcompare: {type(error).__name__}: {text}", err=True)
            click.echo("`mlcompare --traceback …` shows where.", err=True)
            ctx.exit(UNFORESEEN)


def _version(context: click.Context, _parameter: click.Parameter, *, is_wanted: bool) -> None:
    if is_wanted and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"mlcompare {version('mlcompare')}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, help="Show where mlcompare itself went wrong.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version.",
    callback=lambda context, parameter, is_wanted: _version(context, parameter, is_wanted=is_wanted),
)
def main(*, traceback: bool) -> None:
    """See whether one run is better than another, why, and whether that can be trusted."""
