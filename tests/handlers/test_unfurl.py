"""Links to MLflow that somebody writes unfold: what their cards say, and when there is none."""

from contextlib import suppress
from dataclasses import replace

import pytest

from bot.playground.context import LINK_EVENTS, LINK_SCOPES
from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP, SlackStandIn
from comparison.channel_defaults import ACCESS, ChannelSetting
from comparison.errors import TrackingUnavailable
from comparison.runs import Experiment, Status
from comparison.tracking.source import ModelVersion
from handlers.access.rules import AccessRules, write_patterns
from handlers.services import Services
from handlers.stores import InMemoryChannelDefaults
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import _block
from tests.handlers.watched import TEAM, AtOnce
from tests.handlers.workshop import UI, Broken, FullPool, Gate, Ledger, Workshop

PATIENT = 60.0  # seconds: no test fails for a busy machine
FRAUD = Experiment("2", "fraud")
OTHER = a_run("other", 10, experiment=FRAUD)


def page(run):
    return f"{UI}/#/experiments/{run.experiment.experiment_id}/runs/{run.run_id}"


def both(*runs):
    ids = ",".join(f"%22{run.run_id}%22" for run in runs)
    return f"{UI}/#/compare-runs?runs=[{ids}]&experiments=[%221%22]"


@pytest.fixture(scope="module")
def shop():
    with SlackStandIn() as slack:
        slack.reinstall(
            scopes=slack.installation.scopes | LINK_SCOPES,
            events=slack.installation.events | LINK_EVENTS,
            unfurl_domains=("mlflow.example",),
        )
        with Workshop(slack, FakeRuns(), pool=AtOnce(), is_prompt=True, more={"unfold_within": PATIENT}) as bot:
            yield slack, bot


@pytest.fixture
def bot(shop):
    slack, bot = shop
    bot.runs.runs, bot.runs.models, bot.runs.down = [OLD, NEW, OTHER], [], ""
    fresh = {"defaults": InMemoryChannelDefaults(), "access": AccessRules(), "claims": Ledger(), "ui_url": UI}
    for name, value in {**fresh, "runs": bot.runs, "pool": AtOnce(), "unfold_within": PATIENT}.items():
        object.__setattr__(bot.services, name, value)
    slack.faults.clear()
    return bot


@pytest.fixture
def slack(shop, bot):
    bot.runs.asked = []
    return shop[0]


def card(slack, text, *, channel=EXPERIMENTS, user=MAYA, thread_ts=""):
    """What stands below a message once the bot acknowledged it, and so was done with it; "" where nothing does."""
    sent, taken = slack.people.message(text, channel=channel, user=user, thread_ts=thread_ts)
    if not all(each.was_taken for each in taken):  # the machine stood still: what is to come still comes
        with suppress(AssertionError):
            slack.wait_until(lambda: under(slack, sent))
    return under(slack, sent)


def under(slack, message):
    shown = slack.workspace.find(message.channel, message.ts).attachments
    return "\n--\n".join("\n".join(line for block in each["blocks"] for line in _block(block)) for each in shown)


def pin(bot, run, channel=EXPERIMENTS):
    bot.services.defaults.change(TEAM, channel, [ChannelSetting("pinned", run.run_id, by=MAYA, at=1)])


# What a card says


def test_a_run_is_shown_with_its_status_and_what_it_is_judged_by(slack, bot):
    assert card(slack, f"look: {page(NEW)}") == (
        "new: accuracy 0.92\nfinished · in iris · started 2026-11-23 11:02 UTC · took 1 min · by maya"
    )


def test_when_a_run_started_is_told_by_the_readers_own_clock(slack, bot):
    sent, _taken = slack.people.message(page(NEW), channel=EXPERIMENTS, user=MAYA)
    slack.wait_until(lambda: under(slack, sent))
    (shown,) = slack.workspace.find(sent.channel, sent.ts).attachments
    dates = [leaf for leaf in shown["blocks"][1]["elements"][0]["elements"] if leaf["type"] == "date"]
    assert [each["timestamp"] for each in dates] == [NEW.started_at // 1_000]


def test_a_run_beside_the_channels_baseline_is_judged_with_what_was_changed(slack, bot):
    pin(bot, OLD)
    assert card(slack, page(NEW)) == (
        "✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)\n"
        "finished · in iris · started 2026-11-23 11:02 UTC · took 1 min · by maya · against old (the channel's baseline)\n"
        "(C 1.0 → 0.5)\n"
        "(⚠️ Single runs: this could be seed noise.)"
    )


def test_the_baseline_itself_says_so(slack, bot):
    pin(bot, NEW)
    assert "the channel's baseline" in card(slack, page(NEW))


def test_a_baseline_of_another_experiment_is_no_measure(slack, bot):
    pin(bot, OTHER)
    assert "against" not in card(slack, page(NEW))


def test_the_experiments_own_baseline_stands_in(slack, bot):
    iris = replace(OLD.experiment, baseline=OLD.run_id)
    bot.runs.runs = [replace(run, experiment=iris) for run in (OLD, NEW)]
    assert "against old (the experiment's baseline)" in card(slack, page(NEW))


def test_only_three_parameters_are_named(slack, bot):
    bot.runs.runs = [
        a_run("plain", 1, parameters={f"p{number}": "1" for number in range(5)}),
        fancy := a_run("fancy", 2, parameters={f"p{number}": "2" for number in range(5)}),
    ]
    pin(bot, bot.runs.runs[0])
    assert "2 more changed" in card(slack, page(fancy))


def test_a_comparison_is_its_verdict(slack, bot):
    assert card(slack, both(OLD, NEW)) == (
        "✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)\n"
        "(2 runs · in iris)\n"
        "(⚠️ Single runs: this could be seed noise.)"
    )


def test_a_metric_is_told_of_its_runs(slack, bot):
    ids = ",".join(f'"{run.run_id}"' for run in (OLD, NEW))
    assert card(slack, f'{UI}/#/metric?runs=[{ids}]&metric="loss"&plot_metric_keys=["loss"]') == (
        "✅ new is better: loss 0.50 → 0.25 (-50 %) · 1 more metric better\n"
        "(2 runs · in iris)\n"
        "(⚠️ Single runs: this could be seed noise.)"
    )
    assert card(slack, f'{UI}/#/metric?runs=["{NEW.run_id}"]&metric="loss"').startswith("new: loss 0.25\n")


def test_an_experiment_is_told_by_its_runs(slack, bot):
    assert card(slack, f"{UI}/#/experiments/1") == (
        "iris: 2 runs, all finished\n(best accuracy 0.92, new · newest new, finished)"
    )
    bot.runs.runs = [OLD, a_run("later", 5, status=Status.RUNNING, ended_at=None)]
    assert card(slack, f"{UI}/#/experiments/1", channel=STANDUP).startswith("iris: 2 runs, 1 running, 1 finished\n")


def test_a_registered_model_is_told_by_the_run_that_made_it(slack, bot):
    bot.runs.models = [
        (ModelVersion("fraud detector", number, run.run_id), []) for number, run in (("1", OLD), ("2", NEW))
    ]
    pin(bot, OLD)
    said = card(slack, f"{UI}/#/models/fraud%20detector")
    assert "fraud detector version 2" in said
    assert "against old" in said
    assert "fraud detector version 1" in card(slack, f"{UI}/#/models/fraud%20detector/versions/1")


def test_two_links_have_a_card_each(slack, bot):
    assert card(slack, f"{page(OLD)} and {page(NEW)}").count("--") == 1


def test_a_run_that_fails_or_was_deleted_says_so(slack, bot):
    bot.runs.runs = [a_run("bad", 1, status=Status.FAILED), replace(a_run("gone", 2), deleted=True)]
    assert "failed" in card(slack, page(bot.runs.runs[0]))
    assert "deleted" in card(slack, page(bot.runs.runs[1]))


def test_what_runs_are_called_calls_nobody_and_links_nowhere(slack, bot):
    evil = a_run("<!channel> <https://evil.com|click> *x*", 1, user="<@U0MAYA>")
    bot.runs.runs = [evil]
    sent = slack.say(page(evil))
    (shown,) = slack.workspace.find(sent.channel, sent.ts).attachments
    texts = str(shown["blocks"])
    assert "mrkdwn" not in texts
    assert "'link'" not in texts
    assert "<!channel>" in texts


# When there is none


@pytest.mark.parametrize(
    "address",
    [
        f"{UI}/#/experiments/1/runs/{'f' * 32}",
        f"{UI}/#/experiments/99",
        f"{UI}/#/models/nobody",
        f"{UI}/#/compare-runs?runs=[%22{OLD.run_id}%22,%22{'f' * 32}%22]",
        f'{UI}/#/metric?runs=["{OLD.run_id}"]&metric="nonsense"',
        f"{UI}/other/#/experiments/1/runs/{OLD.run_id}",
        f"{UI}:8080/#/experiments/1/runs/{OLD.run_id}",
        f"http://sub.mlflow.example/#/experiments/1/runs/{OLD.run_id}",
        f"http://maya@mlflow.example/#/experiments/1/runs/{OLD.run_id}",
        f"http://mlflow.example.evil.com/#/experiments/1/runs/{OLD.run_id}",
        f"{UI}/",
    ],
)
def test_of_what_is_not_there_or_not_ours_nothing_is_said(slack, bot, address):
    before = slack.count("chat.unfurl")
    assert card(slack, address) == ""
    assert slack.count("chat.unfurl") == before


def test_the_same_link_unfolds_once_in_half_an_hour_in_each_channel(slack, bot):
    assert card(slack, page(NEW))
    assert card(slack, f"again {page(NEW)}?compact=1") == ""
    assert card(slack, page(OLD))
    assert card(slack, page(NEW), channel=STANDUP)


def test_three_links_or_more_unfold_none(slack, bot):
    assert card(slack, f"{page(OLD)} {page(NEW)} {page(OTHER)}") == ""
    assert bot.runs.asked == []


def test_nothing_unfolds_while_a_message_is_written(slack, bot):
    before = slack.count("chat.unfurl")
    (taken,) = slack.people.compose(page(NEW), user=MAYA)
    assert taken.was_taken
    assert (bot.runs.asked, slack.count("chat.unfurl")) == ([], before)


def test_the_bots_own_links_do_not_unfold_and_those_of_other_apps_do(slack, bot):
    assert card(slack, page(NEW), user="U0MLCOMPARE") == ""
    slack.workspace.add_user("ci", "CI", "U0CI", is_bot=True)
    assert card(slack, page(NEW), user="U0CI")


def test_an_event_that_comes_again_unfolds_once(slack, bot):
    before = slack.count("chat.unfurl")
    slack.people.message(page(NEW), channel=EXPERIMENTS, user=MAYA, deliveries=3)
    assert slack.count("chat.unfurl") == before + 1


def test_it_unfolds_in_a_thread_and_where_the_bot_is_not_invited(slack, bot):
    parent = slack.say("look")
    assert card(slack, page(NEW), thread_ts=parent.ts)
    assert card(slack, page(NEW), channel=GENERAL)


def test_what_mlflow_does_not_tell_in_two_seconds_is_not_told(slack, bot):
    """And costs nobody anything: no card comes later, and the same link unfolds when it is written again."""
    gate = Gate(bot.runs)
    assert Services.unfold_within == 2.0
    for name, value in (("runs", gate), ("unfold_within", 0.05)):
        object.__setattr__(bot.services, name, value)
    assert card(slack, page(NEW)) == ""
    gate.open()
    for name, value in (("runs", bot.runs), ("unfold_within", PATIENT)):
        object.__setattr__(bot.services, name, value)
    assert card(slack, page(NEW))


@pytest.mark.parametrize("error", [TrackingUnavailable("MLflow is away."), OSError("odd")])
def test_when_mlflow_fails_nothing_is_said(slack, bot, error):
    object.__setattr__(bot.services, "runs", Broken(error))
    before = len(slack.workspace.everything())
    assert card(slack, page(NEW)) == ""
    assert len(slack.workspace.everything()) == before + 1


def test_when_the_bot_is_busy_nothing_unfolds(slack, bot):
    object.__setattr__(bot.services, "pool", FullPool())
    assert card(slack, page(NEW)) == ""


def test_that_slack_does_not_take_a_card_is_no_trouble(slack, bot):
    slack.faults.add(FaultKind.SLACK_ERROR, method="chat.unfurl", error="cannot_unfurl_url")
    before = len(slack.workspace.everything())
    assert card(slack, page(NEW)) == ""
    assert len(slack.workspace.everything()) == before + 1


# Who sees what


def test_it_shows_what_the_channel_may_see_whoever_wrote_the_link(slack, bot):
    bot.services.access.store.change(TEAM, EXPERIMENTS, ChannelSetting(ACCESS, write_patterns(["fraud"])))
    pin(bot, OTHER)
    assert card(slack, page(NEW)) == ""
    assert card(slack, f"{UI}/#/experiments/2/runs/{NEW.run_id}") == ""  # the run counts, not what the link says
    assert card(slack, both(OLD, NEW)) == ""
    assert card(slack, f"{UI}/#/experiments/1") == ""
    assert card(slack, page(OTHER))
    assert card(slack, page(NEW), channel=STANDUP)


def test_a_baseline_that_may_not_be_seen_is_not_named(slack, bot):
    hidden = a_run("hidden", 20, experiment=Experiment("1", "iris"))
    vault = replace(hidden, experiment=Experiment("77", "vault"))
    bot.runs.runs = [NEW, vault]
    pin(bot, vault)
    bot.services.access.store.change(TEAM, EXPERIMENTS, ChannelSetting(ACCESS, write_patterns(["iris"])))
    assert "hidden" not in card(slack, page(NEW))


def test_the_number_of_questions_to_mlflow(slack, bot):
    """One for a run and its baseline, one for the runs of a comparison; the list of experiments is at hand."""
    pin(bot, OLD)
    for link, most in ((page(NEW), 1), (both(OLD, NEW), 2), (f"{UI}/#/experiments/1", 1)):
        bot.runs.asked = []
        assert card(slack, link)
        assert len([each for each in bot.runs.asked if each != "experiments"]) <= most


def test_somebody_from_outside_unfolds_nothing(slack, bot):
    """As at every door."""
    slack.workspace.add_user("elsa", "Elsa", "U0ELSA", team="T0ELSEWHERE")
    room = slack.workspace.channel(STANDUP)
    slack.workspace.change_channel(room, members=room.members | {"U0ELSA"}, is_shared=True)
    event = {
        "type": "link_shared",
        "user": "U0ELSA",
        "channel": STANDUP,
        "message_ts": slack.say("x", channel=STANDUP).ts,
        "links": [{"domain": "mlflow.example", "url": page(NEW)}],
    }
    assert slack.people.event(event, is_shared=True)[0].was_taken
    assert bot.runs.asked == []


@pytest.mark.parametrize(
    "event",
    [
        {"links": None},
        {"links": "nonsense"},
        {"links": [None, 3, {"url": 5}, {}]},
        {"links": [{"url": "http://[mlflow.example/#/x"}], "channel": EXPERIMENTS, "message_ts": "1.2"},
        {"links": [{"url": page(NEW)}], "channel": EXPERIMENTS},
        {"links": [{"url": page(NEW)}], "channel": EXPERIMENTS, "message_ts": "9.9"},
    ],
)
def test_an_odd_event_is_taken_and_nothing_comes_of_it(slack, bot, event):
    before = len(slack.workspace.everything())
    assert slack.people.event({"type": "link_shared", "user": MAYA, **event})[0].was_taken
    assert len(slack.workspace.everything()) == before
