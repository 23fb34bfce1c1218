"""A row a rule: what just fits, and what no longer does."""

import copy

import pytest

from bot.playground.limits import check_message, check_options, check_view, measure
from tests.bot.playground.samples import button, gallery, line_chart, mrkdwn, number, pie_chart, plain, text, verdict


def block(kind, **more):
    return {"type": kind, **more}


def section(words="x", **more):
    return block("section", text=mrkdwn(words), **more)


def actions(*elements):
    return block("actions", elements=list(elements))


def rows(count, columns=2):
    return [[text("x")] * columns for _ in range(count)]


def data(cells, **more):
    return block("data_table", caption="Metrics", rows=cells, **more)


def lines(*series, categories=("1", "2"), **axes):
    return block(
        "data_visualization",
        title="t",
        chart={"type": "line", "series": list(series), "axis_config": {"categories": list(categories), **axes}},
    )


def series(name="a", labels=("1", "2"), value=1.0):
    return {"name": name, "data": [{"label": label, "value": value} for label in labels]}


def pie(*values):
    return block(
        "data_visualization",
        title="t",
        chart={"type": "pie", "segments": [{"label": f"s{at}", "value": value} for at, value in enumerate(values)]},
    )


def container(*children, **more):
    return block("container", title=plain("t"), child_blocks=list(children), **more)


def rich(*elements):
    return block("rich_text", elements=list(elements))


def leaves(*items):
    return block("rich_text_section", elements=list(items))


def select(count, **more):
    options = [{"text": plain("o"), "value": str(at)} for at in range(count)]
    return block("static_select", action_id="s", options=options, **more)


def picture(**more):
    return block("image", alt_text="a", **more)


BIG = "x" * 20_000
ADDRESS = "https://example.com/"
# what fits, what does not, where
RULES = {
    "header of 150": (block("header", text=plain("x" * 150)), block("header", text=plain("x" * 151)), "/text/text"),
    "header is plain": (block("header", text=plain("x")), block("header", text=mrkdwn("x")), "/text/type"),
    "header levels": (block("header", text=plain("x"), level=4), block("header", text=plain("x"), level=5), "/level"),
    "section text": (section("x" * 3000), section("x" * 3001), "/text/text"),
    "section needs something": (section(), block("section"), ""),
    "section not empty": (section(" "), section(""), "/text/text"),
    "fields": (block("section", fields=[mrkdwn("x")] * 10), block("section", fields=[mrkdwn("x")] * 11), "/fields"),
    "field text": (
        block("section", fields=[mrkdwn("x" * 2000)]),
        block("section", fields=[mrkdwn("x" * 2001)]),
        "/fields/0/text",
    ),
    "no unknown fields": (section(), section(colour="red"), ""),
    "accessory": (section(accessory=button("a", "x")), section(accessory=block("header")), "/accessory/type"),
    "context": (
        block("context", elements=[mrkdwn("x")] * 10),
        block("context", elements=[mrkdwn("x")] * 11),
        "/elements",
    ),
    "context not empty": (block("context", elements=[mrkdwn("x")]), block("context", elements=[]), "/elements"),
    "actions": (
        actions(*(button(str(at), "x") for at in range(25))),
        actions(*(button(str(at), "x") for at in range(26))),
        "/elements",
    ),
    "action_ids differ": (
        actions(button("a", "x"), button("b", "x")),
        actions(button("a", "x"), button("a", "x")),
        "/elements/1/action_id",
    ),
    "button text": (actions(button("a", "x" * 75)), actions(button("a", "x" * 76)), "/elements/0/text/text"),
    "button value": (
        actions(button("a", "x", value="v" * 2000)),
        actions(button("a", "x", value="v" * 2001)),
        "/elements/0/value",
    ),
    "button url": (
        actions(button("a", "x", url=ADDRESS.ljust(3000, "x"))),
        actions(button("a", "x", url=ADDRESS.ljust(3001, "x"))),
        "/elements/0/url",
    ),
    "button url is one": (
        actions(button("a", "x", url=ADDRESS)),
        actions(button("a", "x", url="mlflow")),
        "/elements/0/url",
    ),
    "button style": (
        actions(button("a", "x", style="danger")),
        actions(button("a", "x", style="green")),
        "/elements/0/style",
    ),
    "action_id": (actions(button("a" * 255, "x")), actions(button("a" * 256, "x")), "/elements/0/action_id"),
    "block_id": (section(block_id="b" * 255), section(block_id="b" * 256), "/block_id"),
    "select options": (actions(select(100)), actions(select(101)), "/elements/0/options"),
    "overflow": (
        actions(select(5) | {"type": "overflow"}),
        actions(select(6) | {"type": "overflow"}),
        "/elements/0/options",
    ),
    "checkboxes": (
        actions(select(10) | {"type": "checkboxes"}),
        actions(select(11) | {"type": "checkboxes"}),
        "/elements/0/options",
    ),
    "placeholder": (
        actions(select(1, placeholder=plain("x" * 150))),
        actions(select(1, placeholder=plain("x" * 151))),
        "/elements/0/placeholder/text",
    ),
    "image has an address": (picture(image_url=ADDRESS), picture(), ""),
    "image one address": (
        picture(slack_file={"id": "F1"}),
        picture(slack_file={"id": "F1"}, image_url=ADDRESS),
        "",
    ),
    "image alt text": (picture(image_url=ADDRESS), block("image", image_url=ADDRESS), ""),
    "markdown": (block("markdown", text="x" * 12_000), block("markdown", text="x" * 12_001), "/text"),
    "table rows": (block("table", rows=rows(100)), block("table", rows=rows(101)), "/rows"),
    "table columns": (block("table", rows=rows(2, 20)), block("table", rows=rows(2, 21)), "/rows/0"),
    "table may be ragged": (
        block("table", rows=[[text("a")], [text("a"), text("b")]]),
        block("table", rows=[[text("a")], []]),
        "/rows/1",
    ),
    "table cells not empty": (block("table", rows=[[text("–")]]), block("table", rows=[[text("")]]), "/rows/0/0/text"),
    "table cell kinds": (
        block("table", rows=[[text("a"), number(1.0), rich(leaves())]]),
        block("table", rows=[[button("a", "x")]]),
        "/rows/0/0/type",
    ),
    "table columns settings": (
        block("table", rows=rows(1), column_settings=[None, {"align": "right"}]),
        block("table", rows=rows(1), column_settings=[{"align": "top"}]),
        "/column_settings/0/align",
    ),
    "table characters": (
        block("table", rows=[[text(BIG[:10_000])]]),
        block("table", rows=[[text(BIG[:10_000]), text("x")]]),
        "/rows",
    ),
    "data_table rows": (data(rows(201)), data(rows(202)), "/rows"),
    "data_table has a body": (data(rows(2)), data(rows(1)), "/rows"),
    "data_table columns": (data(rows(2, 20)), data(rows(2, 21)), "/rows/0"),
    "data_table is no ragged": (data(rows(2)), data([[text("x")] * 2, [text("x")]]), "/rows/1"),
    "data_table caption": (data(rows(2)), block("data_table", rows=rows(2)), ""),
    "data_table head": (
        data([[text("a")], [rich(leaves())]]),
        data([[rich(leaves())], [text("a")]]),
        "/rows/0/0/type",
    ),
    "data_table pages": (data(rows(2), page_size=100), data(rows(2), page_size=101), "/page_size"),
    "data_table has no settings": (data(rows(2)), data(rows(2), column_settings=[]), ""),
    "data_table characters": (
        data([[text("a")], [text(BIG[:-1])]]),
        data([[text("a")], [text(BIG)]]),
        "/rows",
    ),
    "data_table numbers": (
        data([[text("a")], [number(1.5)]]),
        data([[text("a")], [number(float("nan"), "NaN")]]),
        "/rows/1/0/value",
    ),
    "chart title": (
        pie(1) | {"title": "t" * 50},
        pie(1) | {"title": "t" * 51},
        "/title",
    ),
    "pie segments": (pie(*[1] * 12), pie(*[1] * 13), "/chart/segments"),
    "pie is positive": (pie(0.1), pie(0), "/chart/segments/0/value"),
    "chart series": (
        lines(*(series(str(at)) for at in range(12))),
        lines(*(series(str(at)) for at in range(13))),
        "/chart/series",
    ),
    "chart points": (
        lines(series(labels=[str(at) for at in range(20)]), categories=[str(at) for at in range(20)]),
        lines(series(labels=[str(at) for at in range(21)]), categories=[str(at) for at in range(21)]),
        "/chart/series/0/data",
    ),
    "chart points meet categories": (lines(series()), lines(series(labels=["1"])), "/chart/series/0/data"),
    "chart names differ": (lines(series("a"), series("b")), lines(series("a"), series("a")), "/chart/series/1/name"),
    "chart names": (lines(series("n" * 20)), lines(series("n" * 21)), "/chart/series/0/name"),
    "chart may be negative": (
        lines(series(value=-1)),
        lines(series(value=float("inf"))),
        "/chart/series/0/data/0/value",
    ),
    "chart axis": (lines(series(), x_label="x" * 50), lines(series(), x_label="x" * 51), "/chart/axis_config/x_label"),
    "container children": (container(*[section()] * 10), container(*[section()] * 11), "/child_blocks"),
    "container children kinds": (
        container(section(), block("divider"), block("table", rows=rows(1))),
        container(data(rows(2))),
        "/child_blocks/0/type",
    ),
    "container in container": (container(section()), container(container(section())), "/child_blocks/0/type"),
    "container chart": (container(section()), container(pie(1)), "/child_blocks/0/type"),
    "container title": (
        container(section()),
        block("container", child_blocks=[section()]),
        "",
    ),
    "container collapsed": (
        container(section(), is_collapsible=True, default_collapsed=True),
        container(section(), default_collapsed=True),
        "/default_collapsed",
    ),
    "container divider": (
        container(section(), has_header_divider=True),
        container(section(), has_header_divider=True, is_collapsible=True),
        "/has_header_divider",
    ),
    "rich text list": (
        rich(block("rich_text_list", style="bullet", indent=8, elements=[leaves()])),
        rich(block("rich_text_list", style="bullet", indent=9, elements=[leaves()])),
        "/elements/0/indent",
    ),
    "rich text leaves": (
        rich(leaves(block("text", text="x", style={"bold": True}))),
        rich(leaves(block("bold", text="x"))),
        "/elements/0/elements/0/type",
    ),
    "rich text not empty": (
        rich(leaves(block("text", text=" "))),
        rich(leaves(block("text", text=""))),
        "/elements/0/elements/0/text",
    ),
    "rich text tag": (
        rich(leaves(block("tag", text="x", color="red"))),
        rich(leaves(block("tag", text="x", color="pink"))),
        "/elements/0/elements/0/color",
    ),
    "card": (block("card", title=mrkdwn("x" * 150)), block("card", title=mrkdwn("x" * 151)), "/title/text"),
    "card is not empty": (block("card", body=plain("x")), block("card", subtitle=plain("x")), ""),
    "card buttons": (
        block("card", actions=[button("a", "x")] * 3),
        block("card", actions=[button("a", "x")] * 4),
        "/actions",
    ),
    "carousel": (
        block("carousel", elements=[block("card", title=plain("x"))] * 10),
        block("carousel", elements=[block("card", title=plain("x"))] * 11),
        "/elements",
    ),
    "task alone": (
        block("task_card", task_id="t", title="t", status="complete"),
        block("task_card", task_id="t", title="t", status="pending"),
        "/status",
    ),
    "known kinds": (block("divider"), block("dividers"), "/type"),
}


@pytest.mark.parametrize("rule", RULES)
def test_what_fits_is_taken_and_what_does_not_is_named_with_its_place(rule):
    good, bad, place = RULES[rule]
    assert check_message({"blocks": [good]}) is None
    refusal = check_message({"blocks": [bad]})
    assert refusal.error == "invalid_blocks"
    assert f"/blocks/0{place}" in [problem.place for problem in refusal.problems]


WHOLE = {
    "blocks": ([block("divider")] * 50, [block("divider")] * 51, "invalid_blocks"),
    "tables": ([data(rows(2))], [data(rows(2)), block("table", rows=rows(1))], "invalid_blocks"),
    "tables in containers": (
        [data(rows(2))],
        [data(rows(2)), container(block("table", rows=rows(1)))],
        "invalid_blocks",
    ),
    "charts": ([pie(1)] * 2, [pie(1)] * 3, "invalid_blocks"),
    "markdown in all": (
        [block("markdown", text="x" * 6000)] * 2,
        [block("markdown", text="x" * 6001)] * 2,
        "invalid_blocks",
    ),
    "block_ids": ([section(block_id="a"), section(block_id="b")], [section(block_id="a")] * 2, "invalid_blocks"),
    "all text": ([section("x" * 3000)] * 4, [section("x" * 3000)] * 5, "msg_blocks_too_long"),
    "a table is counted for itself": (
        [section("x" * 3000)] * 4 + [data([[text("a")], [text(BIG[:-1])]])],
        ["x"],
        "invalid_blocks_format",
    ),
}


@pytest.mark.parametrize("rule", WHOLE)
def test_a_message_has_limits_as_a_whole(rule):
    good, bad, error = WHOLE[rule]
    assert check_message({"blocks": copy.deepcopy(good)}) is None
    assert check_message({"blocks": copy.deepcopy(bad)}).error == error


def test_a_header_costs_more_than_its_text():
    full = [section("x" * 3000)] * 4 + [section("x" * 949)]
    assert check_message({"blocks": [*full, section("x" * 50)]}) is None
    assert check_message({"blocks": [*full, block("header", text=plain("x"))]}).error == "msg_blocks_too_long"


@pytest.mark.parametrize(
    "blocks",
    [None, [], "", "x", {}, [1], [None], [{}], [{"type": None}], [{"type": []}], [{"type": "section", "text": 5}]],
)
def test_no_blocks_make_it_stumble(blocks):
    refusal = check_message({"blocks": blocks})
    assert refusal is None or refusal.error in {"invalid_blocks", "invalid_blocks_format"}


def test_blocks_in_attachments_count_too():
    attached = {"blocks": [block("table", rows=rows(1))]}
    assert check_message({"attachments": [attached]}) is None
    assert check_message({"blocks": [data(rows(2))], "attachments": [attached]}).error == "invalid_attachments"


@pytest.mark.parametrize(
    ("kind", "inside", "place"),
    [
        ("modal", block("data_visualization"), "/view/blocks/0/type"),
        ("modal", data(rows(2)), "/view/blocks/0/type"),
        ("home", block("markdown", text="x"), "/view/blocks/0/type"),
    ],
)
def test_some_blocks_stand_in_messages_only(kind, inside, place):
    view = {"type": kind, "blocks": [inside]} | ({"title": plain("t")} if kind == "modal" else {})
    assert place in [problem.place for problem in check_view(view).problems]


def test_a_modal_has_a_short_title_and_a_way_to_send_its_inputs():
    field = block("input", label=plain("Run"), element=block("plain_text_input", action_id="run"))
    view = {"type": "modal", "title": plain("t" * 24), "submit": plain("Go"), "blocks": [field]}
    assert check_view(view) is None
    assert check_view(view | {"title": plain("t" * 25)}).problems[0].place == "/view/title/text"
    assert "submit" in str(check_view({name: view[name] for name in ("type", "title", "blocks")}).problems[0])


def test_a_view_takes_a_hundred_blocks():
    view = {"type": "home", "blocks": [block("divider")] * 100}
    assert check_view(view) is None
    assert check_view({"type": "home", "blocks": [block("divider")] * 101}).problems[0].place == "/view/blocks"


def test_options_are_a_hundred_at_most():
    option = {"text": plain("x"), "value": "v"}
    assert check_options({"options": [option] * 100}) is None
    assert check_options({"options": [option] * 101}).error == "invalid_options"


def test_the_samples_fit():
    for blocks in (verdict(), gallery(), [pie_chart(), line_chart("area")]):
        assert check_message({"blocks": blocks}) is None


def test_what_is_used_of_each_limit_can_be_told():
    figures = {figure["name"]: figure["used"] for figure in measure("four", verdict())}
    assert figures["Blocks"] == 7
    assert figures["Characters in text"] == 4
