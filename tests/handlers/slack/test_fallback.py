from handlers.slack.blocks import Reply
from handlers.slack.fallback import BlockLevel, send_with_fallback
from tests.handlers.workshop import Ledger


def test_a_message_over_the_limits_is_never_sent(caplog):
    too_long = ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},)
    sent = []
    send_with_fallback(
        lambda rung: Reply("text", () if rung is BlockLevel.TEXT else too_long), sent.append, "T1", Ledger()
    )
    assert sent == [Reply("text")]
    assert "/blocks/0/text/text" in caplog.text


def test_it_starts_where_the_workspace_was_left():
    ledger, drawn = Ledger(), []
    ledger.remember("T1", BlockLevel.SECTIONS)
    send_with_fallback(lambda rung: drawn.append(rung) or Reply(rung.name), lambda _: None, "T1", ledger)
    assert drawn == [BlockLevel.SECTIONS]


def test_a_rung_that_is_none_is_taken_for_the_nearest():
    ledger, drawn = Ledger(), []
    ledger.remember("T1", 99)
    send_with_fallback(lambda rung: drawn.append(rung) or Reply(rung.name), lambda _: None, "T1", ledger)
    assert drawn == [BlockLevel.SECTIONS]
