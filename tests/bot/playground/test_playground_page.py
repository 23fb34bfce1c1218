import json
import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from bot.playground.slack import EXPERIMENTS, MAYA, STANDUP
from tests.bot.playground.samples import (
    METRICS,
    bar_chart,
    button,
    container,
    data_table,
    gallery,
    line_chart,
    mrkdwn,
    number,
    pie_chart,
    plain,
    table,
    text,
    verdict,
)

DARK = "rgb(26, 29, 33)"


@pytest.fixture
def shown(slack, page):
    """The page in a real browser; whatever it complains of fails the test."""
    complaints = []
    listeners = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda message: complaints.append(message.text) if message.type == "error" else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(slack.url)
    page.wait_for_selector("body[data-ready]")
    yield page
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert complaints == []


@pytest.fixture
def post(client):
    def post(*blocks, text="x", channel=EXPERIMENTS, **more):
        return client.chat_postMessage(channel=channel, text=text, blocks=list(blocks), **more)["ts"]

    return post


def column(page, at):
    return page.locator(f".data-table tbody tr > :nth-child({at})").all_text_contents()


def test_a_comparison_is_drawn_as_a_reader_sees_it(shown, post):
    post(*verdict())
    expect(shown.get_by_role("heading", name="Run 2 is worse than Run 1")).to_be_visible()
    expect(shown.get_by_role("link", name="Logistic Regression - Run 1")).to_have_attribute("target", "_blank")
    expect(shown.get_by_role("row", name=re.compile("accuracy 0.9667 0.9333"))).to_be_visible()
    expect(shown.get_by_text("⚠️ Run 2 logged no dataset")).to_be_visible()
    expect(shown.get_by_role("button", name="Swap baseline")).to_be_visible()
    expect(shown.locator(".context")).to_contain_text("Asked by @maya")


def test_every_kind_of_block_is_drawn(shown, post):
    blocks = [*verdict(), *(block for block in gallery() if block["type"] != "table")]
    post(*blocks)
    post(table(), pie_chart(), line_chart("area"))
    post({"type": "carousel", "elements": [{"type": "card", "title": plain("one")}]})
    expect(shown.locator("[data-block=carousel]")).to_be_visible()
    drawn = set(shown.locator("[data-block]").evaluate_all("nodes => nodes.map(node => node.dataset.block)"))
    assert drawn >= {
        *("header", "section", "data_table", "container", "actions", "context", "data_visualization", "divider"),
        *("rich_text", "markdown", "card", "image", "table", "carousel"),
    }
    expect(shown.locator(".unknown")).to_have_count(0)


def test_a_data_table_sorts_by_number_only_where_all_are_numbers(shown, post):
    post(data_table(page_size=10))
    shown.get_by_role("button", name="Run 1").click()
    assert [float(value) for value in column(shown, 2)] == sorted(old for _, old, _ in METRICS)
    shown.get_by_role("button", name="Run 1").click()
    assert column(shown, 1)[0] == "fit_seconds"
    assert shown.get_by_role("columnheader", name="Run 1").get_attribute("aria-sort") == "descending"
    shown.get_by_role("button", name="Metric").click()
    assert column(shown, 1) == sorted(name for name, _, _ in METRICS)


def test_one_cell_without_a_number_makes_a_column_sort_as_words(shown, post):
    values = [number(9, "9"), number(10, "10"), text("–")]
    rows = [[text("m"), text("v")], *([text(str(at)), cell] for at, cell in enumerate(values))]
    post({"type": "data_table", "caption": "c", "rows": rows})
    shown.get_by_role("button", name="v", exact=True).click()
    assert column(shown, 2) == ["–", "10", "9"]


def test_a_data_table_is_paged_and_filtered(shown, post):
    post(data_table())
    expect(shown.get_by_text("1–5 of 7")).to_be_visible()
    assert len(column(shown, 1)) == 5
    shown.get_by_role("button", name="Next page").click()
    assert column(shown, 1) == ["fit_seconds", "val_accuracy"]
    expect(shown.get_by_role("button", name="Next page")).to_be_disabled()
    shown.get_by_role("searchbox").fill("loss")
    assert column(shown, 1) == ["log_loss"]


def test_a_container_folds(shown, post):
    post(container())
    words = shown.get_by_text("max_iter")
    expect(words).to_be_hidden()
    shown.get_by_text("Parameters that differ (3)").click()
    expect(words).to_be_visible()
    shown.locator("summary.container-head").press("Enter")
    expect(words).to_be_hidden()


def test_a_chart_can_be_read_as_a_table_and_by_keyboard(shown, post):
    post(bar_chart())
    bars = shown.locator(".bar")
    expect(bars).to_have_count(5)
    bars.nth(3).focus()
    expect(shown.locator(".chart-note")).to_have_text("Change %, log_loss: 31.4")
    shown.get_by_role("button", name="Show as table").click()
    expect(shown.get_by_role("row", name="log_loss 31.4")).to_be_visible()
    expect(bars.first).to_be_hidden()


def test_bars_stand_on_zero_and_negative_ones_hang(shown, post):
    post(bar_chart())
    expect(shown.locator(".bar")).to_have_count(5)
    tops = shown.locator(".bar").evaluate_all("nodes => nodes.map(node => Number(node.getAttribute('y')))")
    zero = float(shown.locator(".axis").get_attribute("y1"))
    assert tops[3] < zero
    assert tops[0] == pytest.approx(zero)


def test_mrkdwn_is_drawn_as_slack_reads_it(shown, post):
    words = (
        "*bold* _slanted_ ~gone~ `co*d*e` 2*3*4 snake_case_name * not * :tada: :no_such:\n"
        "<https://example.com/?a=1&amp;b=2|the &lt;link&gt;> <@U0MAYA> <#C0STANDUP|standup> <!channel> "
        "<!date^1792300000^{date_num}|some day>\n> quoted *too*\n```\n*not bold* &amp; done\n```"
    )
    post({"type": "section", "text": mrkdwn(words)})
    drawn = shown.locator(".section-text")
    expect(drawn.locator("strong")).to_have_text(["bold", "too"])
    expect(drawn.locator("em")).to_have_text(["slanted"])
    expect(drawn.locator("s")).to_have_text(["gone"])
    expect(drawn.locator("code")).to_have_text(["co*d*e", "*not bold* & done"])
    expect(drawn.locator("blockquote")).to_have_text("quoted too")
    expect(drawn.get_by_role("link")).to_have_attribute("href", "https://example.com/?a=1&b=2")
    expect(drawn.get_by_role("link")).to_have_text("the <link>")
    expect(drawn.locator(".mention")).to_have_text(["@maya", "#standup", "@channel"])
    for literal in ("2*3*4", "snake_case_name", "* not *", "🎉", ":no_such:"):
        expect(drawn).to_contain_text(literal)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", drawn.locator("time").text_content())


HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
ESCAPED = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_hostile_text_is_text(slack, shown, post):
    slack.say(HOSTILE)
    post(
        {"type": "header", "text": plain(HOSTILE)},
        {"type": "section", "text": mrkdwn(f"{ESCAPED} <javascript:window.hacked=1|click> <!channel|x>{HOSTILE}")},
        {"type": "data_table", "caption": HOSTILE, "rows": [[text(HOSTILE)], [text(HOSTILE)]]},
        {"type": "markdown", "text": f"{HOSTILE} [click](javascript:window.hacked=1)"},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": "javascript:window.hacked=1", "text": "click"}],
                }
            ],
        },
        text=HOSTILE,
    )
    expect(shown.get_by_role("heading", name=HOSTILE)).to_be_visible()
    for words in shown.get_by_text("click").all():
        words.click()
    assert shown.evaluate("window.hacked") is None
    assert shown.locator("#messages script, #messages img[src=x], a[href^=javascript]").count() == 0


def test_a_command_typed_goes_to_the_bot_and_its_answer_appears(slack, bot, shown):
    bot.command("/mlcompare")(lambda ack, say, command: (ack("Working on it"), say(f"*{command['text']}*: better")))
    box = shown.get_by_label("Message #ml-experiments")
    box.fill("/mlc")
    box.press("Tab")
    box.press_sequentially("A vs B")
    box.press("Enter")
    expect(shown.get_by_text("A vs B: better")).to_be_visible()
    expect(shown.locator(".ephemeral")).to_contain_text("Only visible to you")
    expect(box).to_have_value("")
    assert [message.text for message in slack.messages()] == ["*A vs B*: better"]


def test_a_mention_is_answered_in_its_thread(bot, shown):
    bot.event("app_mention")(lambda event, say: say("in the thread", thread_ts=event["ts"]))
    shown.get_by_label("Message #ml-experiments").fill("@mlcompare A vs B")
    shown.get_by_role("button", name="Send").click()
    shown.get_by_role("button", name="1 reply").click()
    thread = shown.get_by_role("log", name="Thread")
    expect(thread).to_contain_text("in the thread")
    shown.get_by_label("Reply", exact=True).fill("@mlcompare again")
    shown.get_by_label("Reply", exact=True).press("Enter")
    expect(thread.locator(".message")).to_have_count(3)


def test_direct_messages_need_no_mention(bot, shown):
    bot.event("message")(lambda event, say: say(f"you said {event['text']}"))
    shown.get_by_role("navigation").get_by_role("button", name="mlcompare").click()
    shown.get_by_label("Message mlcompare").fill("A vs B")
    shown.get_by_label("Message mlcompare").press("Enter")
    expect(shown.get_by_text("you said A vs B")).to_be_visible()


def test_a_button_reaches_the_bot_and_the_message_changes_in_place(bot, shown, post):
    bot.action("swap")(lambda ack, respond: (ack(), respond("Swapped")))
    post(*verdict())
    shown.get_by_role("button", name="Swap baseline").click()
    expect(shown.get_by_text("Swapped")).to_be_visible()
    expect(shown.locator("#messages .message")).to_have_count(1)


def test_a_button_nobody_takes_is_marked(bot, shown, post):
    post({"type": "actions", "elements": [button("unknown", "Press")]})
    shown.get_by_role("button", name="Press").click()
    expect(shown.locator(".button.failed")).to_be_visible()


def test_a_question_comes_before_the_action(bot, shown, post):
    bot.action("drop")(lambda ack, respond: (ack(), respond("Dropped")))
    confirm = {"title": plain("Sure?"), "text": plain("It goes."), "confirm": plain("Yes"), "deny": plain("No")}
    post({"type": "actions", "elements": [button("drop", "Drop", confirm=confirm)]})
    shown.get_by_role("button", name="Drop").click()
    shown.get_by_role("dialog").get_by_role("button", name="No").click()
    assert bot.heard == []
    shown.get_by_role("button", name="Drop").click()
    shown.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(shown.get_by_text("Dropped")).to_be_visible()


def test_an_overflow_menu_sends_what_was_chosen(bot, shown, post):
    bot.action("more")(lambda ack, respond, action: (ack(), respond(action["selected_option"]["value"])))
    post(*verdict())
    shown.locator(".overflow summary").click()
    shown.get_by_role("button", name="Parameters", exact=True).click()
    expect(shown.get_by_text("params")).to_be_visible()


def test_a_modal_is_filled_in_with_options_from_the_bot_and_sent(bot, shown):
    inputs = [
        {
            "type": "input",
            "block_id": "run",
            "label": plain("Run"),
            "element": {"type": "external_select", "action_id": "pick", "min_query_length": 0},
        },
        {
            "type": "input",
            "block_id": "note",
            "label": plain("Note"),
            "optional": True,
            "element": {"type": "plain_text_input", "action_id": "words"},
        },
    ]
    view = {
        "type": "modal",
        "callback_id": "compare",
        "title": plain("Compare"),
        "submit": plain("Compare"),
        "blocks": inputs,
    }
    bot.command("/mlcompare")(
        lambda ack, client, command: (ack(), client.views_open(trigger_id=command["trigger_id"], view=view))
    )
    bot.options("pick")(lambda ack, payload: ack(options=[{"text": plain(f"{payload['value']} one"), "value": "1"}]))
    sent = []

    @bot.view("compare")
    def compare(ack, view):
        values = view["state"]["values"]
        sent.append(values)
        if values["note"]["words"]["value"]:
            ack()
        else:
            ack(response_action="errors", errors={"note": "Say why"})

    shown.get_by_label("Message #ml-experiments").fill("/mlcompare")
    shown.get_by_label("Message #ml-experiments").press("Enter")
    dialog = shown.get_by_role("dialog", name="Compare")
    dialog.get_by_role("combobox").fill("run")
    dialog.get_by_role("option", name="run one").click()
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog.get_by_role("alert")).to_have_text("Say why")
    dialog.get_by_label("Note").fill("curious")
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog).to_have_count(0)
    assert sent[-1]["run"]["pick"]["selected_option"]["value"] == "1"
    assert sent[-1]["note"]["words"]["value"] == "curious"


def test_the_home_tab_shows_what_was_published(bot, shown):
    home = {"type": "home", "blocks": [{"type": "header", "text": plain("Your watches")}]}
    bot.event("app_home_opened")(lambda event, client: client.views_publish(user_id=event["user"], view=home))
    shown.get_by_role("navigation").get_by_role("button", name="mlcompare").click()
    shown.get_by_role("tab", name="Home").click()
    expect(shown.get_by_role("heading", name="Your watches")).to_be_visible()


def test_edits_and_deletions_are_seen_at_once(client, shown, post):
    ts = post(text="first")
    expect(shown.get_by_text("first")).to_be_visible()
    client.chat_update(channel=EXPERIMENTS, ts=ts, text="second")
    expect(shown.locator("#messages .text")).to_have_text("second (edited)")
    client.chat_delete(channel=EXPERIMENTS, ts=ts)
    expect(shown.locator("#messages .message")).to_have_count(0)


def test_what_only_another_person_sees_is_not_shown(client, shown):
    client.chat_postEphemeral(channel=EXPERIMENTS, user="U0JONAS", text="for jonas")
    client.chat_postEphemeral(channel=EXPERIMENTS, user=MAYA, text="for maya")
    expect(shown.get_by_text("for maya")).to_be_visible()
    expect(shown.get_by_text("for jonas")).to_have_count(0)


def test_a_table_keeps_its_order_while_other_messages_come(shown, post):
    post(data_table(page_size=10))
    shown.get_by_role("button", name="Run 1").click()
    before = column(shown, 1)
    post(text="something else")
    expect(shown.get_by_text("something else")).to_be_visible()
    assert column(shown, 1) == before


def test_faults_are_switched_on_and_off_from_the_page(slack, shown):
    shown.get_by_role("button", name="Faults").click()
    shown.get_by_label("How often").select_option("3 times")
    shown.get_by_role("button", name="429 with Retry-After").click()
    expect(shown.locator(".active-faults")).to_contain_text("429 with Retry-After: 3 times")
    assert [(fault.kind, fault.left) for fault in slack.faults.active] == [("rate_limited", 3)]
    shown.get_by_role("button", name="data_table").click()
    expect(shown.get_by_role("button", name="data_table")).to_have_attribute("aria-pressed", "true")
    for _ in range(2):
        shown.get_by_role("button", name="Switch off").first.click()
        shown.wait_for_timeout(150)
    expect(shown.locator(".active-faults")).to_have_count(0)
    assert slack.faults.active == ()


def test_the_payload_and_the_limits_of_a_message_can_be_looked_at(shown, post):
    post(*verdict(), text="In short")
    shown.get_by_role("button", name="Inspect the message").click()
    panel = shown.get_by_role("complementary")
    expect(panel).to_contain_text("7 of 50")
    expect(panel.locator(".json").last).to_contain_text('"type": "data_table"')
    expect(panel.locator(".json").first).to_have_text("In short")


def test_a_refused_call_is_listed_with_its_problems(client, shown):
    with pytest.raises(Exception, match="invalid_blocks"):
        client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=[{"type": "nope"}])
    shown.get_by_role("button", name="Calls").click()
    expect(shown.locator(".calls")).to_contain_text("unsupported type: nope [json-pointer:/blocks/0/type]")


def test_a_phone_has_a_drawer_and_nothing_sticks_out(slack, client, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    phone = context.new_page()
    phone.goto(slack.url)
    client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=verdict())
    client.chat_postMessage(channel=STANDUP, text="x", blocks=gallery())
    expect(phone.get_by_role("heading", name="Run 2 is worse")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    expect(phone.get_by_role("navigation")).to_be_hidden()
    phone.get_by_label("Show the channels").click()
    phone.get_by_role("button", name="standup").click()
    expect(phone.get_by_role("heading", name="Everything else")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


def test_a_dark_theme_is_dark(slack, browser):
    context = browser.new_context(color_scheme="dark")
    dark = context.new_page()
    dark.goto(slack.url)
    assert dark.evaluate("getComputedStyle(document.body).backgroundColor") == DARK
    context.close()


def test_nothing_is_asked_of_other_hosts(slack, page, client):
    asked = []

    def listen(request):
        asked.append(request.url)

    page.on("request", listen)
    client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=gallery())
    page.goto(slack.url)
    expect(page.get_by_role("heading", name="Everything else")).to_be_visible()
    page.remove_listener("request", listen)
    assert {url.split("/")[2] for url in asked} == {slack.url.split("/")[2]}


def status(path, body=None, headers=None):
    request = Request(path, body, headers or {})  # noqa: S310 - our own
    try:
        with urlopen(request) as answer:  # noqa: S310 - our own
            return answer.status, answer.headers
    except HTTPError as refused:
        with refused:
            return refused.code, refused.headers


def test_the_page_runs_no_script_but_its_own(slack):
    code, headers = status(slack.url)
    assert code == 200
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]


def test_other_sites_cannot_use_the_page(slack):
    say = json.dumps({"text": "x", "channel": EXPERIMENTS, "user": MAYA}).encode()
    assert status(f"{slack.url}page/say", say, {"content-type": "text/plain"})[0] == 415
    assert status(slack.url, headers={"host": "evil.example.com"})[0] == 400
    assert status(f"{slack.url}page/..%2fslack.py")[0] == 404
