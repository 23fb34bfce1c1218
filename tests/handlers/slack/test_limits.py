"""Our own table of limits: what it finds, and that it is as strict as the stand-in for Slack."""

import math

import pytest

from bot.playground.limits import check_message
from handlers.slack.limits import find_problems

OK = {"type": "section", "text": {"type": "plain_text", "text": "fine"}}


def plain(size):
    return {"type": "plain_text", "text": "x" * size}


def cell(text="x"):
    return {"type": "raw_text", "text": text}


def data_table(rows, **changes):
    return {"type": "data_table", "caption": "c", "page_size": 5, "rows": rows, **changes}


def actions(*buttons):
    return {"type": "actions", "elements": [{"type": "button", "text": plain(3), **each} for each in buttons]}


REFUSED = [
    ([OK] * 51, "/blocks"),
    ([{"type": "header", "text": plain(151)}], "/blocks/0/text/text"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text"),
    ([{"type": "header", "text": plain(0)}], "/blocks/0/text/text"),
    ([OK, {"type": "section", "text": plain(3001)}], "/blocks/1/text/text"),
    ([{"type": "section"}], "/blocks/0"),
    ([{"type": "section", "fields": [plain(1)] * 11}], "/blocks/0/fields"),
    ([{"type": "section", "fields": [plain(2001)]}], "/blocks/0/fields/0/text"),
    ([{"type": "context", "elements": [plain(1)] * 11}], "/blocks/0/elements"),
    ([actions(*({"action_id": str(number)} for number in range(26)))], "/blocks/0/elements"),
    ([actions({"action_id": "a", "text": plain(76)})], "/blocks/0/elements/0/text/text"),
    ([actions({"action_id": "a", "url": "http://x/" + "a" * 3000})], "/blocks/0/elements/0/url"),
    ([actions({"action_id": "a", "value": "a" * 2001})], "/blocks/0/elements/0/value"),
    ([actions({"action_id": "a" * 256})], "/blocks"),
    ([actions({"action_id": "a"}, {"action_id": "a"})], "/blocks"),
    ([{**OK, "block_id": "b"}, {**OK, "block_id": "b"}], "/blocks"),
    ([data_table([[cell()]])], "/blocks/0/rows"),
    ([data_table([[cell()]] * 202)], "/blocks/0/rows"),
    ([data_table([[cell()] * 21] * 2)], "/blocks/0/rows"),
    ([data_table([[cell()], [cell(), cell()]])], "/blocks/0/rows"),
    ([data_table([[cell()], [cell("")]])], "/blocks/0/rows/1/0/text"),
    ([data_table([[cell()]] * 2, caption="")], "/blocks/0/caption"),
    ([data_table([[cell()]] * 2, page_size=101)], "/blocks/0/page_size"),
    ([data_table([[cell()], [{"type": "raw_number", "value": math.nan, "text": "x"}]])], "/blocks/0/rows/1/0/value"),
    ([data_table([[cell()], [{"type": "button", "text": "x"}]])], "/blocks/0/rows/1/0"),
    ([data_table([[cell()]] * 2)] * 2, "/blocks"),
    ([{"type": "table", "rows": [[cell()]] * 101}], "/blocks/0/rows"),
    ([{"type": "table", "rows": [[cell("x" * 10_001)]]}], "/blocks/0/rows"),
    ([{"type": "table", "rows": [[cell()]], "column_settings": [{}] * 21}], "/blocks/0/column_settings"),
    ([{"type": "container", "title": plain(151), "child_blocks": [OK]}], "/blocks/0/title/text"),
    ([{"type": "container", "title": plain(1), "child_blocks": [OK] * 11}], "/blocks/0/child_blocks"),
    ([{"type": "container", "title": plain(1), "child_blocks": [data_table([[cell()]] * 2)]}], "/blocks/0/child_blocks/0"),
    ([{"type": "rich_text", "elements": []}], "/blocks/0/elements"),
    ([{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}],
     "/blocks/0/elements/0/elements/0/text"),
    ([{"type": "hologram"}], "/blocks/0"),
]  # fmt: skip


@pytest.mark.parametrize(("blocks", "pointer"), REFUSED)
def test_what_slack_would_refuse_is_found_with_its_place(blocks, pointer):
    assert pointer in [problem.pointer for problem in find_problems(blocks, "text")]
    known = [block for block in blocks if not (block["type"] == "rich_text" and block["elements"] == [])]
    assert not known or check_message({"blocks": blocks, "text": "text"})


@pytest.mark.parametrize("text", ["", "x" * 3001, "🎉" * 1501])
def test_a_text_is_neither_empty_nor_too_long(text):
    assert [problem.pointer for problem in find_problems([OK], text)] == ["/text"]


def test_all_the_text_of_a_message_has_a_budget():
    assert [str(problem) for problem in find_problems([{"type": "section", "text": plain(2900)}] * 3, "text")] == [
        "more than 8000 characters over all blocks [json-pointer:/blocks]"
    ]


def test_a_message_within_the_limits_is_found_to_be():
    assert find_problems([OK, {"type": "divider"}, data_table([[cell()], [cell()]])], "text") == []
