"""The Home tab: what somebody compared, what their channels agreed on, how to ask, and how MLflow is."""

import dataclasses
import time

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP
from comparison.channel_defaults import ChannelSetting
from comparison.runs import Metric
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, NOON, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Broken, Gate, Workshop

TEAM, JONAS = "T0PLAYGROUND", "U0JONAS"


@dataclasses.dataclass
class Page:
    blocks: list
    text: str = ""


def home(slack, user=MAYA):
    """What a person reads on the tab once it is drawn."""
    before = slack.home(user)
    (delivery,) = slack.people.open_home(user)
    assert delivery.was_taken
    view = slack.wait_until(lambda: slack.home(user) if slack.home(user) is not before else None)
    return read(Page(view.content["blocks"]))


def store(*more):
    return FakeRuns([OLD, NEW, *more])


def test_somebody_new_reads_how_to_begin(slack):
    with Workshop(slack, store()) as bot:
        said = home(slack)
        bot.finish()
    assert said.startswith("# Compare MLflow runs\n[Compare runs …] [")
    assert "\n(Connected to MLflow.)\n# Your recent comparisons\n(Nothing yet." in said
    assert (
        "(Nothing is set in channels where you asked me. To set something, in a channel type /mlcompare set metric"
        in said
    )


def test_the_lines_to_copy_have_runs_that_are_there(slack):
    with Workshop(slack, store()) as bot:
        said = home(slack)
        bot.finish()
    assert "`/mlcompare old vs new" in said or "`/mlcompare new vs old" in said


def test_the_lines_to_copy_have_runs_of_their_own_comparisons_first(slack):
    theirs = [a_run("mine-1", 3, metrics={"f1": Metric(0.1)}), a_run("mine-2", 4, metrics={"f1": Metric(0.2)})]
    newer = [a_run("other-1", 50), a_run("other-2", 51)]
    with Workshop(slack, store(*theirs, *newer)) as bot:
        slack.command("/mlcompare", "mine-1 vs mine-2")
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        said = home(slack)
        bot.finish()
    assert "mine-1" in said.partition("# How to ask")[2]
    assert "other-1" not in said


def test_recent_comparisons_of_this_person_are_listed_newest_first_with_their_place(slack):
    with Workshop(slack, store()) as bot:
        for words, channel, user in (
            ("old vs new", EXPERIMENTS, MAYA),
            ("new vs old", STANDUP, MAYA),
            ("old new", STANDUP, JONAS),
        ):
            slack.command("/mlcompare", words, channel=channel, user=user)
            slack.wait_until(
                lambda u=user, n=words: [r for r in bot.services.comparisons.recent(TEAM, u) if r.labels[0] == n[:3]]
            )
        said = home(slack)
        links = [each for each in slack.calls if each.method == "chat.getPermalink"]
        bot.finish()
    recent = said.partition("# Your recent comparisons")[2].partition("# What")[0]
    assert recent.count("[Compare again …]") == 2
    assert (
        f"new vs old · iris\n<!date^{NOON // 1000}^{{date_short_pretty}} at {{time}}|earlier> in <#{STANDUP}>" in recent
    )
    assert len(links) == 2
    assert all(each.answer["ok"] for each in links)


def test_only_five_are_listed(slack):
    with Workshop(slack, store()) as bot:
        for number in range(7):
            slack.command("/mlcompare", "old vs new")
            slack.wait_until(lambda n=number: len(slack.messages()) > n)
        slack.wait_until(lambda: len(bot.services.comparisons.recent(TEAM, MAYA, limit=9)) == 7)
        assert home(slack).count("[Compare again …]") == 5
        bot.finish()


def test_a_message_that_is_gone_is_listed_without_an_address(slack):
    slack.faults.add(FaultKind.SLACK_ERROR, method="chat.getPermalink", error="message_not_found")
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        assert "old vs new · iris" in home(slack)
        bot.finish()


def test_one_posted_where_the_bot_is_not_is_listed_too(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs new", channel=GENERAL)
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        assert f"in <#{GENERAL}>" in home(slack)
        bot.finish()
    assert slack.count("chat.getPermalink") == 0


def test_compare_again_opens_the_dialog_with_those_runs(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs new", channel=STANDUP)
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        home(slack)
        slack.press_in_view(slack.home(), "dialog:open:1")
        view = slack.wait_until(lambda: slack.modal)
        bot.finish()
    element = {each["block_id"]: each["element"] for each in view.content["blocks"]}
    assert [each["value"] for each in element["runs"]["initial_options"]] == [OLD.run_id, NEW.run_id]
    assert element["place"]["initial_conversation"] == STANDUP


def test_the_button_opens_the_dialog(slack):
    with Workshop(slack, store()) as bot:
        home(slack)
        slack.press_in_view(slack.home(), "dialog:open")
        assert slack.wait_until(lambda: slack.modal).content["callback_id"] == "dialog"
        bot.finish()


def test_what_channels_agreed_on_is_listed_with_who_set_it(slack):
    at = NOON // 1000
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        agreed = bot.services.defaults
        agreed.change(
            TEAM,
            EXPERIMENTS,
            [ChannelSetting("metric", "f1", "", JONAS, at), ChannelSetting("goal", "lower", "cost", MAYA, at)],
        )
        agreed.change(TEAM, STANDUP, [ChannelSetting("pinned", OLD.run_id, "", MAYA, at)])
        agreed.change(TEAM, GENERAL, [ChannelSetting("metric", "secret", "", JONAS, at)])
        said = home(slack).partition("# Channel defaults\n")[2].partition("# How")[0]
        bot.finish()
    day = f"<!date^{at}^{{date_short_pretty}}|earlier>"
    assert said == (
        f"<#{EXPERIMENTS}>\n"
        f"• metric f1, set by @{JONAS} {day}\n"
        f"• goal lower is better for cost, set by @{MAYA} {day}\n"
        f"<#{STANDUP}>\n"
        f"• baseline run {OLD.run_id[:8]}, set by @{MAYA} {day}\n"
    )


def test_how_mlflow_is_comes_from_the_last_time_it_was_asked(slack):
    with Workshop(slack, store()) as bot:
        bot.mlflow_problem = "MLflow at mlflow.example did not answer within 20 s."
        assert "(MLflow cannot be asked right now: MLflow at mlflow.example did not answer within 20 s.)" in home(slack)
        bot.finish()


def test_while_mlflow_takes_its_time_the_tab_is_drawn_without_names_within_two_seconds(slack):
    gate = Gate(store())
    with Workshop(slack, gate) as bot:
        begun = time.monotonic()
        said = home(slack)
        seconds = time.monotonic() - begun
        gate.open()
        bot.finish()
    assert "`/mlcompare run-a vs run-b" in said
    assert seconds < 2.5


def test_while_mlflow_is_down_the_tab_is_drawn(slack):
    with Workshop(slack, FakeRuns(down="MLflow does not answer.")) as bot:
        assert "# How to ask" in home(slack)
        bot.finish()


def test_what_cannot_be_looked_up_is_left_out(slack):
    with Workshop(slack, store(), defaults=Broken(OSError("the database is gone"))) as bot:
        assert "# Channel defaults\n(Nothing is set" in home(slack)
        bot.finish()


def test_hostile_names_do_nothing_on_the_tab(slack):
    names = ["<!channel>", "*bold* `code` | <http://x|y>" + "x" * 300]
    runs = FakeRuns([a_run(name, number) for number, name in enumerate(names, 10)])
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", f"{runs.runs[0].run_id} {runs.runs[1].run_id}")
        slack.wait_until(lambda: bot.services.comparisons.recent(TEAM, MAYA))
        home(slack)
        bot.finish()
    assert "<!channel>" not in str(
        [block["text"]["text"] for block in slack.home().content["blocks"] if "text" in block]
    )


def test_many_agreements_make_a_tab_that_slack_takes(slack):
    with Workshop(slack, store()) as bot:
        for number in range(12):
            goals = [ChannelSetting("goal", "lower", f"{'x' * 200}{each}", MAYA, 1) for each in range(40)]
            bot.services.defaults.change(TEAM, f"C{number:03}", goals)
        assert "and 25 more" in home(slack)
        bot.finish()


def test_the_messages_tab_draws_nothing(slack):
    with Workshop(slack, store()) as bot:
        slack.people.open_home(MAYA, tab="messages")
        bot.finish()
    assert slack.count("views.publish") == 0


def test_a_lost_call_is_made_again(slack):
    slack.faults.add(FaultKind.SERVER_ERROR, method="views.publish", left=1)
    with Workshop(slack, store()) as bot:
        assert "# How to ask" in home(slack)
        bot.finish()
