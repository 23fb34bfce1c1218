"""Said → understood."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood, RequestError
from comparison.language.parser import parse, parse_run
from comparison.request import Compare, Help, WatchRequest
from comparison.run_reference import Linked, Named, SweepRuns
from comparison.tolerance import write_tolerance

ONE, TWO = "0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdef"
UI = "https://mlflow.example.com"


def named(run):
    """A reference as a few words: names and links by themselves, all others as what they are and what they hold."""
    if isinstance(run, Linked):
        return f"link:{run.run_id[:4]}"
    if isinstance(run, Named):
        return run.text + (f" or {run.otherwise}" if run.otherwise else "")
    if isinstance(run, SweepRuns):
        return f"<SweepRuns {named(run.parent)}>"
    held = [getattr(run, each.name) for each in fields(run) if each.name != "at"]
    return f"<{' '.join([type(run).__name__, *(str(value) for value in held if value)])}>"


def drawn(request):
    """A request as one line: baseline | candidates, and the clauses."""
    if isinstance(request, Help):
        return f"help {request.topic}".strip() + (" (unasked)" if request.unasked else "")
    if not isinstance(request, Compare):
        held = {each.name: getattr(request, each.name) for each in fields(request) if each.name != "text"}
        told = [named(value) if name == "run" and value else f"{name}={value}" for name, value in held.items() if value]
        return f"{type(request).__name__}({', '.join(told)})"
    parts = [" | ".join(named(each) for each in request.runs)]
    parts += ["why"] if request.why else []
    parts += [f"in {request.experiment}"] if request.experiment else []
    parts += [f"by {' + '.join(request.metrics)}"] if request.metrics else []
    parts += ["all"] if request.everything else []
    parts += ["best"] if request.best else []
    parts += [f"step {request.at_step}"] if request.at_step is not None else []
    parts += [f"within {write_tolerance(request.tolerance)}"] if request.tolerance is not None else []
    return "; ".join(parts)


SAID = {
    # the plain forms
    "A vs B": "A | B",
    "A B": "A | B",
    "A VS B": "A | B",
    "A vs. B": "A | B",
    "A versus B": "A | B",
    "A v B": "A | B",
    "A, B": "A | B",
    "A,B,C": "A | B | C",
    "A, B and C": "A | B | C",
    "A, B, and C": "A | B | C",
    "A and B": "A | B",
    "A & B": "A | B",
    "A B C D": "A | B | C | D",
    "A vs B vs C": "A | B | C",
    "A vs B, C": "A | B | C",
    "A vs B and C": "A | B | C",
    "A with B": "A | B",
    "A to B": "A | B",
    "compare A B": "A | B",
    "compare A and B": "A | B",
    "compare A with B": "A | B",
    "compare A to B": "A | B",
    "compare A vs B": "A | B",
    "Compare A, B, C": "A | B | C",
    "compare between A and B": "A | B",
    "diff A B": "A | B",
    "diff A and B": "A | B",
    "difference between A and B": "A | B",
    # the word run
    "compare run A with run B": "run A or A | run B or B",
    "compare runs A and B": "A | B",
    "run A vs run B": "run A or A | run B or B",
    "Run 1 vs Run 2": "Run 1 or 1 | Run 2 or 2",
    "compare the runs A and B": "A | B",
    f"compare run {ONE} with run {TWO}": f"{ONE} | {TWO}",
    "run A run B": "run A or A | run B or B",
    "Run 1 Run 2": "Run 1 or 1 | Run 2 or 2",
    "Run 1 Run 2 Run 3 by acc": "Run 1 or 1 | Run 2 or 2 | Run 3 or 3; by acc",
    "Logistic Regression - Run 1 Logistic Regression - Run 2": "Logistic Regression - Run 1 | Logistic Regression - Run 2",
    # signs and lists
    "A -> B": "A | B",
    "A → B → C": "A | B | C",
    "A - B": "A | B",
    "A — B": "A | B",
    "A | B": "A | B",
    "A; B": "A | B",
    "A，B": "A | B",
    "a->b vs c|d": "a->b | c|d",
    "lr=0.1,bs=32 vs lr=0.2,bs=32": "lr=0.1,bs=32 | lr=0.2,bs=32",
    "lr=0.1,lr=0.2": "lr=0.1 | lr=0.2",
    '"my experiment"/A vs iris/"Run 1"': "my experiment/A | iris/Run 1",
    'iris/"Run 1" "my experiment"/"Run 2" in x': "iris/Run 1 | my experiment/Run 2; in x",
    # small talk and small slips
    "can you compare A and B?": "A | B",
    "Hey, could you please compare A with B": "A | B",
    "I'd like to compare A, B and C in iris": "A | B | C; in iris",
    "show me the difference between A and B": "A | B",
    "comapre A B": "A | B",
    "compar A with B": "A | B",
    "comapre vs B": "comapre | B",
    "A vs B…": "A | B",
    "<@U1|bot>: A vs B": "A | B",
    "@mlcompare: compare A B": "A | B",
    "&gt; A vs B": "A | B",
    "`A vs B`": "A | B",
    "<@U1> `/mlcompare A vs B by acc`": "A | B; by acc",
    "```\nA vs B\n```": "A | B",
    "*my run* vs *other run*": "my run | other run",
    '“A" vs B': "A | B",
    "\u200bA\u200b vs \ufeffB": "A | B",
    "A vs B at step 1,000": "A | B; step 1000",
    "A vs B at step 5, by acc": "A | B; by acc; step 5",
    # which is better
    "is a better than b": "b | a",
    "is run a better than run b": "run b or b | run a or a",
    "is B a better model than A?": "A | B",
    "is B any better than A": "A | B",
    "is B an improvement over A": "A | B",
    "isn't B better than A": "A | B",
    "how is B compared to A?": "A | B",
    "B beats A": "A | B",
    "B better than A?": "A | B",
    "B compared to A by f1": "A | B; by f1",
    "is B better than A and C": "A | B | C",
    "which is better, A or B?": "A | B",
    "which run is best: A, B or C": "A | B | C",
    "is A or B better?": "A | B",
    "is A better or B": "A | B",
    'compare run "my run" with run "other run"': "my run | other run",
    # who is the baseline
    "A against B": "B | A",
    "compare A against B": "B | A",
    "is B better than A": "A | B",
    "is B better than A?": "A | B",
    "Is B worse than A": "A | B",
    "is run B better than run A?": "run A or A | run B or B",
    "did B beat A": "A | B",
    "does B improve on A?": "A | B",
    "how does B compare to A?": "A | B",
    "is B better or worse than A": "A | B",
    "is B better than A in iris by f1": "A | B; in iris; by f1",
    # clauses
    "A vs B in iris": "A | B; in iris",
    "A vs B in experiment iris": "A | B; in iris",
    "A vs B in my long experiment": "A | B; in my long experiment",
    'A vs B in "in by all"': "A | B; in in by all",
    "A B in iris": "A | B; in iris",
    "A vs B by accuracy": "A | B; by accuracy",
    "A vs B on accuracy": "A | B; by accuracy",
    "A vs B by accuracy, loss": "A | B; by accuracy + loss",
    "A vs B by accuracy and loss": "A | B; by accuracy + loss",
    "A vs B by accuracy, loss and f1": "A | B; by accuracy + loss + f1",
    "A vs B by f1 score": "A | B; by f1 score",
    "A vs B by val/loss": "A | B; by val/loss",
    'A vs B by "val loss", acc': "A | B; by val loss + acc",
    "A vs B by loss, loss": "A | B; by loss",
    "A vs B all": "A | B; all",
    "A vs B everything": "A | B; all",
    "A vs B best": "A | B; best",
    "A vs B at step 10": "A | B; step 10",
    "A vs B at step 1000": "A | B; step 1000",
    "A vs B in iris by accuracy all": "A | B; in iris; by accuracy; all",
    "A vs B all by accuracy in iris": "A | B; in iris; by accuracy; all",
    "A vs B by loss best in digits": "A | B; in digits; by loss; best",
    "A vs B in iris, by accuracy, all": "A | B; in iris; by accuracy; all",
    "A, B and C in iris by acc at step 5": "A | B | C; in iris; by acc; step 5",
    "A vs B IN iris BY acc ALL": "A | B; in iris; by acc; all",
    # names with spaces
    "Logistic Regression - Run 1 vs Logistic Regression - Run 2": "Logistic Regression - Run 1 | Logistic Regression - Run 2",
    "compare Logistic Regression - Run 1 with Logistic Regression - Run 2": "Logistic Regression - Run 1 | Logistic Regression - Run 2",
    "big model, small model": "big model | small model",
    "fine tuned to death vs base with dropout": "fine tuned to death | base with dropout",
    '"big model" "small model"': "big model | small model",
    "“big model” vs “small model”": "big model | small model",
    "‘big model’ vs ‘small model’": "big model | small model",
    "'big model' vs 'small model'": "big model | small model",
    "«big model» vs «small model»": "big model | small model",
    "„big model“ vs „small model“": "big model | small model",
    "`big model` vs `small model`": "big model | small model",
    '"big model", B': "big model | B",
    '"A" B': "A | B",
    "is “big model” better than “small model”?": "small model | big model",
    # names that look like our own words, or odd
    '"vs" vs "in"': "vs | in",
    "in vs by": "in | by",
    "all vs B": "all | B",
    "best vs all in iris": "<Leading> | all; in iris",
    "compare compare vs diff": "compare | diff",
    "compare vs B": "compare | B",
    '"help" vs B': "help | B",
    "it's vs that's": "it's | that's",
    "O'Brien vs D'Arcy": "O'Brien | D'Arcy",
    'say "hi" vs B': "say hi | B",
    "lr=0.1 vs lr=0.01": "lr=0.1 | lr=0.01",
    "a/b vs iris/Run": "a/b | iris/Run",
    "v1.2 vs v1.3": "v1.2 | v1.3",
    "v vs v2": "v | v2",
    "日本 vs ünï": "日本 | ünï",
    "🚀 vs 😀": "🚀 | 😀",
    "run—1 vs run–2": "run--1 | run-2",
    "abcd1234 vs beef": "abcd1234 | beef",
    f"{ONE} {TWO}": f"{ONE} | {TWO}",
    '"latest" vs "best"': "latest | best",
    "“running” vs “baseline”": "running | baseline",
    # ways of saying which run
    "latest vs previous": "<Latest> | <Latest 1>",
    "latest previous": "<Latest> | <Latest 1>",
    "latest~3 vs latest": "<Latest 3> | <Latest>",
    "the latest run vs A": "<Latest> | A",
    "latest by maya vs A": "<Latest maya> | A",
    "A vs latest by maya": "A | <Latest maya>",
    "A vs latest by accuracy": "A | <Latest>; by accuracy",
    "A vs latest by <@U1|maya>": "A | <Latest maya>",
    "latest vs best accuracy": "<Latest> | <Leading accuracy>",
    "latest vs best": "<Latest> | <Leading>",
    "latest vs worst val_loss": "<Latest> | <Leading val_loss True>",
    "best by f1 vs latest in fraud": "<Leading f1> | <Latest>; in fraud",
    "best vs latest by f1": "<Leading> | <Latest>; by f1",
    "baseline vs latest": "<Pinned> | <Latest>",
    "is latest better than baseline?": "<Pinned> | <Latest>",
    "champion vs latest": "<Registered champion> | <Latest>",
    "@champion vs latest": "<Registered champion> | <Latest>",
    "latest vs production": "<Latest> | <Registered production>",
    "latest vs models:/fraud@champion": "<Latest> | <Registered fraud champion>",
    "latest vs models:/fraud/3": "<Latest> | <Registered fraud 3>",
    "running vs best": "<Unfinished> | <Leading>",
    "latest vs running": "<Latest> | <Unfinished>",
    "yesterday vs latest": "<OfDay yesterday> | <Latest>",
    "yesterday's vs latest": "<OfDay yesterday> | <Latest>",
    "monday’s run vs latest": "<OfDay monday> | <Latest>",
    "A vs where params.lr = '0.1'": "A | <Filtered params.lr = '0.1'>",
    "A vs where params.lr = ‘0.1’ and metrics.acc &gt; 0.9": "A | <Filtered params.lr = '0.1' and metrics.acc > 0.9>",
    "where params.lr = '0.1' vs where params.lr = '0.2'": "<Filtered params.lr = '0.1'> | <Filtered params.lr = '0.2'>",
    "A vs where metrics.acc > 0.9 in fraud": "A | <Filtered metrics.acc > 0.9>; in fraud",
    "where vs B": "where | B",
    "compare top 3 by f1": "<TopRuns 3>; by f1",
    "compare top 3 by f1 in fraud": "<TopRuns 3>; in fraud; by f1",
    "latest vs top 3 by f1": "<Latest> | <TopRuns 3>; by f1",
    "top 3 by f1 vs latest": "<TopRuns 3 f1> | <Latest>",
    "compare all in sweep grid-7": "<SweepRuns grid-7>",
    "baseline vs sweep grid-7": "<Pinned> | <SweepRuns grid-7>",
    "what changed between A and B": "A | B; why",
    "what changed from A to B": "A | B; why",
    "what's different between A and B": "A | B; why",
    "why is B better than A?": "A | B; why",
    # quick answers
    "latest": "Show(<Latest>)",
    "best accuracy in fraud": "Show(<Leading accuracy>, experiment=fraud)",
    "best run so far": "Show(<Leading>)",
    f"{UI}/#/experiments/1/runs/{ONE}": "Show(link:0123)",
    "show A": "Show(A)",
    "show my long run in fraud": "Show(my long run, experiment=fraud)",
    "who ran latest": "Show(<Latest>, who=True)",
    "who ran A?": "Show(A, who=True)",
    "top 5 by f1 in fraud": "Top(count=5, metric=f1, experiment=fraud)",
    "top 5 f1": "Top(count=5, metric=f1)",
    "top by f1": "Top(count=5, metric=f1)",
    "top": "Top(count=5)",
    "top 10 runs by val_loss": "Top(count=10, metric=val_loss)",
    "worst 3 by loss": "Top(count=3, metric=loss, worst=True)",
    "best 3 by loss": "Top(count=3, metric=loss)",
    "top 3 by f1 where params.lr = '0.1'": "Top(count=3, metric=f1, where=params.lr = '0.1')",
    "running": "Running()",
    "running in fraud": "Running(experiment=fraud)",
    "what is running?": "Running()",
    "what's running in fraud": "Running(experiment=fraud)",
    "failed": "Failed()",
    "failed since yesterday": "Failed(since=since yesterday)",
    "failed since monday 9am in fraud": "Failed(since=since monday 9am, experiment=fraud)",
    "what failed since yesterday": "Failed(since=since yesterday)",
    "standup": "Standup()",
    "standup since monday": "Standup(since=since monday)",
    "standup 24h": "Standup(since=24h)",
    "standup since 9am in fraud": "Standup(since=since 9am, experiment=fraud)",
    "what finished since yesterday": "Standup(since=since yesterday)",
    "set experiment fraud": "SetDefault(what=experiment, value=fraud)",
    "set metric to val_auc": "SetDefault(what=metric, value=val_auc)",
    "set goal cost lower": "SetDefault(what=goal, value=lower, metric=cost)",
    "goal cost lower": "SetDefault(what=goal, value=lower, metric=cost)",
    "set goal cost to higher": "SetDefault(what=goal, value=higher, metric=cost)",
    "unset metric": "SetDefault(what=metric)",
    "set goal score_* lower": "SetDefault(what=goal, value=lower, metric=score_*)",
    'set goal "my score*" lower': "SetDefault(what=goal, value=lower, metric=my score*)",
    "unset goal cost": "SetDefault(what=goal, metric=cost)",
    "set baseline A": "Pin(A)",
    "pin latest": "Pin(<Latest>)",
    "pin A in fraud": "Pin(A, experiment=fraud)",
    "unpin": "Pin()",
    "settings": "ShowSettings()",
    "show vs hide": "show | hide",
    "watch vs other-run": "watch | other-run",
    "digest vs other": "digest | other",
    "digest model vs base": "digest model | base",
    '"watch" against best': "<Leading> | watch",
    "watches": "ListWatches()",
    "unwatch fraud": "Unwatch(place=fraud)",
    "unwatch all": "Unwatch(place=*, is_all=True)",
    "please stop watching fraud": "Unwatch(place=fraud)",
    "digest off": "PlanDigest()",
    "when a <0.5 vs b> 2": "when a <0.5 | b> 2",
    "running vs settings": "<Unfinished> | settings",
    # how it arrives
    "  A   vs \t B \n": "A | B",
    "A\nvs\nB": "A | B",
    "A\u00a0vs\u00a0B": "A | B",
    "A vs B?": "A | B",
    "A vs B!": "A | B",
    "A vs B please": "A | B",
    "please compare A and B": "A | B",
    "A vs B, please.": "A | B",
    "<@U123ABC> A vs B": "A | B",
    "<@U123ABC|bot> compare A vs B": "A | B",
    "@mlcompare A vs B": "A | B",
    "/mlcompare A vs B": "A | B",
    "A &amp; B": "A | B",
    "a&lt;b vs c&gt;d": "a<b | c>d",
    "`A` vs `B`": "A | B",
    "*A* vs *B*": "A | B",
    "<http://model.pt|model.pt> vs other.pt": "model.pt | other.pt",
    "<mailto:a@b.com|a@b.com> vs B": "a@b.com | B",
    "<#C123|general> vs B": "#general | B",
    "A vs <@U123|maya>": "A | @maya",
    "<!channel> vs <x>": "<!channel> | <x>",
    '"run <x> & y" vs B': "run <x> & y | B",
    "compare: A vs B": "A | B",
    "compare: A, B": "A | B",
    # a tolerance
    "A vs B within 0.1 %": "A | B; within 0.1 %",
    "A vs B by acc within 0,5% best": "A | B; by acc; best; within 0.5 %",
    "is B better than A within 1 ‰?": "A | B; within 0.1 %",
    "compare within budget vs B": "within budget | B",
    # links
    f"{UI}/#/experiments/1/runs/{ONE} vs {UI}/#/experiments/1/runs/{TWO}": "link:0123 | link:f123",
    f"<{UI}/#/experiments/1/runs/{ONE}> <{UI}/#/experiments/1/runs/{TWO}|best one>": "link:0123 | link:f123",
    f"<{UI}/#/experiments/1/runs/{ONE}/artifacts|x> vs B": "link:0123 | B",
    f"{UI}/#/runs/{ONE}, B": "link:0123 | B",
    f"{UI}/?workspace=blue#/experiments/1/runs/{ONE}/model-metrics vs B": "link:0123 | B",
    f"https://adb.azuredatabricks.net/ml/experiments/9/runs/{ONE}?o=1 vs B": "link:0123 | B",
    f'{UI}/#/compare-runs?runs=["{ONE}","{TWO}"]&experiments=["1"]': "link:0123 | link:f123",
    f"<{UI}/#/compare-runs?runs=%5B%22{ONE}%22,%22{TWO}%22%5D&amp;experiments=%5B%221%22%5D>": "link:0123 | link:f123",
    f"compare {UI}/#/compare-runs?runs=%5B%22{ONE}%22%2C%22{TWO}%22%5D&experiments=%5B%221%22%5D by acc": "link:0123 | link:f123; by acc",
    f"#/experiments/1/runs/{ONE} vs B": "link:0123 | B",
    f"/experiments/1/runs/{ONE} vs experiments/1/runs/{TWO}": "link:0123 | link:f123",
    f"runs:/{ONE}/model vs runs:/{TWO}": "link:0123 | link:f123",
    f'#/compare-runs?runs=["{ONE}","{TWO}"]&experiments=["1"]': "link:0123 | link:f123",
    f'compare-runs?runs=["{ONE}", "{TWO}"] by acc': "link:0123 | link:f123; by acc",
    f"is {UI}/#/experiments/1/runs/{ONE} better than B?": "B | link:0123",
    # help
    "": "help (unasked)",
    "   ": "help (unasked)",
    "<@U123ABC>": "help (unasked)",
    "help": "help",
    "Help": "help",
    "help!": "help",
    "?": "help",
    "--help": "help",
    "help runs": "help runs",
    "help me please": "help me",
}


@pytest.mark.parametrize(("said", "understood"), SAID.items())
def test_said_is_understood(said, understood):
    assert drawn(parse(said)) == understood


NOT_UNDERSTOOD = {
    # said: (the spot, a word of the problem, what to copy)
    "A": ("", "only one run", "A vs run-b"),
    "my run vs": ("", "only one run", "“my run” vs run-b"),
    "compare": ("", "one run", "run-a vs run-b"),
    "compare A": ("", "only one run", "A vs run-b"),
    "vs": ("", "one run", "run-a vs run-b"),
    "vs B": ("", "only one run", "B vs run-b"),
    ",,,": ("", "", ""),
    '"A vs B': ('"A vs B', "never closed", ""),
    "A vs “B": ("“B", "never closed", ""),
    "watch fraud only wrong": ("wrong", "Only what?", "watch fraud only failures"),
    "digest": ("digest", "When shall the digest come?", "digest weekdays 9:30 Europe/Berlin"),
    "A vs B in": ("in", "experiment", "run-a vs run-b in my-experiment"),
    "A vs B by": ("by", "metric", "run-a vs run-b by accuracy"),
    "A vs B in iris by": ("by", "metric", "run-a vs run-b by accuracy"),
    "A vs B within 5": ("within", "how much", "run-a vs run-b within 0.1 %"),
    "A vs B within 200 %": ("within", "how much", "run-a vs run-b within 0.1 %"),
    "A vs B at step ten": ("at", "step", "run-a vs run-b at step 100"),
    "A vs B at step 1.5": ("at", "step", "run-a vs run-b at step 100"),
    "is A better": ("is", "better", "is run-b better than run-a"),
    "show": ("show", "Which run", "show latest"),
    "who": ("who", "Who ran what", "who ran latest"),
    "top 0 by f1": ("0", "between 1 and 50", "top 5 by accuracy"),
    "compare top 99 by f1": ("99", "between 1 and 20", "compare top 3 by accuracy"),
    "show top 3": ("top", "takes one run", ""),
    "set": ("set", "I can set", "set metric accuracy"),
    "set colour red": ("colour", "I can set", "set metric accuracy"),
    "set metric": ("metric", "Which metric", "set metric accuracy"),
    "set goal cost": ("set", "Which way", "set goal cost lower"),
    "set goal cost sideways": ("set", "Which way", "set goal cost lower"),
    "set goal cost higher|lower": ("higher|lower", "Which way", ""),
    "pin": ("pin", "Which run", "pin latest"),
    "running latest": ("latest", "is running", "running in fraud"),
    "latest vs models:/fraud": ("models", "no version", "latest vs models:/my-model@champion"),
    "group:seeds vs A": ("group", "cannot be compared yet", ""),
    "is A": ("is", "better", "is run-b better than run-a"),
    'A vs ""': ('""', "no name", ""),
    "A and": ("", "only one run", "A vs run-b"),
    "run A": ("", "only one run", "“run A” vs run-b"),
    "A vs B at step": ("at", "step", "run-a vs run-b at step 100"),
    "big - A small - B": ("- A", "where one name ends", "my first run vs my second run"),
    "A vs https://example.com/page": ("https", "leads to no run", ""),
    f"A vs {UI}/#/experiments/1": (UI, "leads to no run", ""),
    " ".join(f"r{number}" for number in range(51)): ("r50", "51 runs", ""),
    "A vs " + "B" * 10_001: (None, "10,006 characters", "help runs"),
}


@pytest.mark.parametrize(("said", "told"), NOT_UNDERSTOOD.items())
def test_what_is_not_understood_says_where_and_what_to_type(said, told):
    spot, problem, example = told
    if said == ",,,":
        assert parse(said) == Help(unasked=True)
        return
    with pytest.raises(NotUnderstood) as caught:
        parse(said)
    error = caught.value
    assert problem in error.problem
    assert example in error.example
    assert error.text == said[:2_000]
    assert spot is None or said[error.at :].startswith(spot)


def test_a_misspelt_command_is_named():
    with pytest.raises(NotUnderstood) as caught:
        parse("hepl")
    assert caught.value.near == ("help",)


@pytest.mark.parametrize("said", ["watch fraud", "watch fraud against best", "watch against best", "watch a vs best"])
def test_a_watch_may_say_against_what_and_is_no_comparison(said):
    assert isinstance(parse(said), WatchRequest)


def test_a_greeting_is_answered_with_help():
    assert [parse(said) for said in ("hi", "Hello!", "-h", "<@U1> hey")] == [Help()] * 4


def test_every_run_knows_its_spot():
    said = "compare big model with <@U1|maya>  in iris"
    assert [said[each.at : each.end] for each in parse(said).runs] == ["big model", "<@U1|maya>"]
    said = "<@U1> `/mlcompare Run 1 vs B`"
    assert [said[each.at : each.end] for each in parse(said).runs] == ["Run 1", "B"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Run 1", Named("Run 1")),
        ("a vs b", Named("a vs b")),
        ('"Run 1"', Named("Run 1")),
        ('say "hi" twice', Named('say "hi" twice')),
        (f"{UI}/#/experiments/7/runs/{ONE}", Linked(ONE, "7")),
        (ONE, Named(ONE)),
    ],
)
def test_a_single_run_is_all_that_was_said(said, meant):
    assert parse_run(said) == meant


OUR_WORDS = [
    "vs",
    "in",
    "by",
    "all",
    "best",
    "at",
    "step",
    "run",
    "compare",
    "is",
    "better",
    "than",
    "and",
    ",",
    '"',
    "“",
    "<",
    ">",
    "|",
    "http://",
    "#/",
    "?",
    "'",
]


@given(
    st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from(OUR_WORDS) | st.text(max_size=4), max_size=12).map(" ".join)
    )
)
def test_any_text_is_a_request_or_a_request_error(text):
    request = answered(text)
    if isinstance(request, RequestError):
        assert request.problem
        assert request.at is None or 0 <= request.at <= len(text)
    elif isinstance(request, Compare):
        assert len(request.runs) >= 2
        assert all(0 <= each.at <= len(text) for each in request.runs)


def answered(text):
    try:
        return parse(text)
    except RequestError as error:
        return error


@pytest.mark.parametrize("sign", ['"', "'", "“", "<", "[", "`", ", ", "vs ", "by ", "in ", "a "])
def test_hostile_repetition_is_refused_or_read_quickly(sign):
    assert answered((sign * 10_000)[:10_000])


def test_a_sweep_of_a_sweep_is_the_sweep_of_a_run_called_so_however_often_it_is_said():
    (run,) = parse("compare all in sweep sweep 7").runs
    assert (run.parent.text, run.parent.at) == ("sweep 7", 21)
    assert parse("all in sweep " * 700 + "x").runs[0].parent.text.startswith("all in sweep")
