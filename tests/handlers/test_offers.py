"""Whatever is offered where a request cannot be answered works: over a real store, a table of mistakes."""

import re
import time
from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from bot.playground.slack import SlackStandIn
from comparison.tracking.mlflow import MlflowSource
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop
from tests.logged import log_run, new_experiment

MISTAKES = """
xgb-v1 vs xgb-v22
xbg-v1 vs xbg-v2
compare xgv-1 vs lgbm1
compare t3 vs t4
mlp-smal vs mlp-lrage
xgb-v1, xgb-v9, xbg-v3
xgb-v1 xgb-v9 xgb-v2
xgb-v1 vs "xgb v4"
compair xgb-v1 and xgv-v2
compare quiet-1 vs xgb-v9
compare quiet-9 vs xgb-v1
show xgb-v1 in churn
xgb-v1 vs xgb-v2 in churn
bert-base vs xgb-v1 in fraud
fraud/xgb-v4 vs fraud/xgb-v1
churn/xgb-v1 vs fraud/xgb-v1
show xgb-v4
show xgbv1
show nightly
nightly vs xgb-v1
nightly vs nightly
nightli vs xgb-v1
status of mlp-larg
how did xgb-v9 train
curves mlp-smal
curves mlp-small vs mlp-larg
pin xgb-v9
pin latest in narnia
who ran xgb-v11
deadbeef vs xgb-v1
0000 vs xgb-v1
top 5 by sharpness in fraud
top 5 by val_acu in fraud
top 5 by val_auc in frod
top 5 by val_auc in churn
top 5 by val_auc by mya
top 5 by val_auc in fraud at step 10
best f2 in fraud
best in narnia
best val_accuracy in fraud
what is the best vall_auc in fraud
worst 3 by vl_loss in fraud
compare top 3 in narnia
compare top 3 by sharpness in fraud
standup in frad
standup in narnia
standup by mya
standup at step 10
failed in chrun
failed in churn
failed by mayaa
failed yesterday in churn
running in frud
running on gpu
list runs in imges
list runs in Image Classificaton
watch frod
watch narnia
watch xgb-v1
watch fraud when val_acu drops by 2 %
watch fraud only bests
watch fraud against xgb-v9
unwatch churn
digest sometimes
digest weekdays 9:30 Europe/Berln
digest daily 9:00 frod
set experiment fruad
set metric val_acu
set goal val_acu lower
set goal f1 sideways
set goal f1 higher|lower
baseline vs xgb-v2
xgb-v2 vs production
fraud-detector@champoin vs xgb-v2
@challenger vs xgb-v1
xgb-* vs foo-*
all seeds of xgb-v1 vs all seeds of mlp-16
compare all runs in narnia
all in sweep xgb-v1
sweep narnia
what matters in frod
where params.lr = '99'
xgb-v1 vs xgb-v2 by sharpness
xgb-v1 vs xgb-v2 by val_acu
xgb-v1 vs xgb-v2 at step 10
xgb-v1 vs xgb-v2 except xgb-v2
compare
compare xgb-v2
compare with production
compare fraud
compare maya's latest with jonsa's latest
latest by mya
latest in fraud by priya
xgb-v1 vs latest in frad
standupp
runing
shwo xgb-v1
watchh fraud
delete run xgb-v1
deploy the best one
""".strip().splitlines()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    address = f"sqlite:///{tmp_path_factory.mktemp('offers') / 'mlflow.db'}"
    client = MlflowClient(address)
    places = {name: new_experiment(client, name) for name in ("fraud", "churn", "Image Classification", "night")}
    people = {"fraud": "maya", "churn": "ann", "Image Classification": "priya", "night": "ci-bot"}

    def log(place, name, metrics=None, **more):
        by = more.pop("by", people[place])
        log_run(client, places[place], name, metrics, tags={"mlflow.user": by}, **more)

    for number in (1, 2, 3):
        metrics = {"val_auc": 0.9 + number / 100, "val_loss": 0.3 - number / 100, "f1": 0.7 + number / 100}
        log("fraud", f"xgb-v{number}", metrics | {"accuracy": 0.94}, params={"lr": 0.1 / number})
    log("fraud", "lgbm-v1", {"val_auc": 0.92, "val_loss": 0.29, "f1": 0.74}, by="jonas")
    for name in ("mlp-small", "mlp-large"):
        log("fraud", name, {"val_auc": 0.9, "val_loss": [0.7, 0.5, 0.4]}, by="jonas")
    log("fraud", "mlp-oom", {"val_loss": [0.7, 0.6]}, by="jonas", status="FAILED")
    for number in (1, 2):
        log("fraud", f"quiet-{number}")
    for name, value in (("bert-base", 0.86), ("bert-large", 0.88)):
        log("churn", name, {"val_accuracy": value, "val_loss": 1 - value})
    for name, value in (("resnet18", 0.7), ("resnet50", 0.76)):
        log("Image Classification", name, {"accuracy": value, "val_loss": 1.9 - value})
    for value in (0.8, 0.81, 0.79):
        log("night", "nightly", {"accuracy": value, "val_loss": 1 - value})
    log("fraud", "mlp-huge", {"val_loss": [0.7, 0.6]}, status="RUNNING")
    log("churn", "roberta", {"val_loss": [0.7, 0.6]}, status="RUNNING")
    return address


class Asker:
    """Says things in a channel one after the other, and reads what is answered."""

    def __init__(self, slack, outcomes):
        self.slack, self.outcomes = slack, outcomes

    def ask(self, words):
        """How it ended, and the message."""
        count = len(self.outcomes)
        before = {message.ts for message in self.said()}
        self.slack.command("/mlcompare", words)
        for _ in range(6_000):
            if len(self.outcomes) > count:
                break
            time.sleep(0.01)
        new = self.slack.wait_until(lambda: [each for each in self.said() if each.ts not in before])
        return self.outcomes[count], new[-1]

    def said(self):
        return [each for each in self.slack.workspace.everything() if each.user == "U0MLCOMPARE"]


@pytest.fixture(scope="module")
def asker(store):
    outcomes = []
    observe = {"observe_answer": lambda _command, outcome, _seconds: outcomes.append(outcome)}
    with SlackStandIn() as slack, Workshop(slack, MlflowSource(store), more=observe) as bot:
        object.__setattr__(bot.services, "now", lambda: datetime.now(UTC))
        yield Asker(slack, outcomes)


def offered(message):
    """The lines to copy and what the buttons ask."""
    elements = [each for block in message.blocks for each in (*block.get("elements", ()), block.get("accessory"))]
    pressed = [
        each["value"]
        for each in elements
        if isinstance(each, dict) and each.get("type") == "button" and each["action_id"].startswith("pick:")
    ]
    return list(dict.fromkeys([*pressed, *re.findall(r"`/mlcompare ([^`]+)`", read(message))]))


def take_back(asker, line):
    for lead, words in (("watch", "unwatch all"), ("pin", "unpin"), ("digest", "digest off")):
        if line.startswith(lead):
            asker.ask(words)
    if line.startswith("set "):
        asker.ask(f"unset {' '.join(line.split()[1:2])}" if "goal" not in line else f"unset goal {line.split()[2]}")


@pytest.mark.parametrize("said", MISTAKES)
def test_whatever_is_offered_is_answered(asker, said):
    _outcome, message = asker.ask(said)
    for line in offered(message):
        outcome, answer = asker.ask(line)
        is_asked_which = "Pick one" in answer.text
        assert outcome == "answered" or is_asked_which, f"{line}: {read(answer)}"
        assert "are one run" not in answer.text, line
        assert " vs " not in line or "no metrics" not in answer.text.lower(), line
        take_back(asker, line)


MENDED = {
    "xbg-v1 vs xbg-v2": ["xgb-v1 vs xgb-v2"],
    "mlp-smal vs mlp-lrage": ["mlp-small vs mlp-large"],
    "xgb-v1, xgb-v9, xbg-v3": ["xgb-v1, xgb-v3, xgb-v2"],
    "show xgb-v1 in churn": ["show xgb-v1"],
    "xgb-v1 vs xgb-v2 in churn": ["xgb-v1 vs xgb-v2"],
    "best f2 in fraud": ["best f1 in fraud"],
    "latest by mya": ["latest by maya"],
    "top 5 by val_auc by mya": ["top 5 by val_auc by maya"],
    "set goal f1 higher|lower": ["set goal f1 higher", "set goal f1 lower"],
    "failed in churn": ["failed since 30d in churn"],
    "compare bert-base": ["bert-base vs bert-large"],
    "compare t3 vs t4": [],
}


@pytest.mark.parametrize(("said", "lines"), MENDED.items())
def test_what_was_meant_is_offered_with_all_that_was_said(asker, said, lines):
    _outcome, message = asker.ask(said)
    assert offered(message) == lines
