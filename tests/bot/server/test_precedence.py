"""Acknowledgements go before drawing, but drawing goes on."""

import contextlib
import threading
import time

from bot.server.worker_pool import Precedence

SOON = 10


def test_so_many_draw_at_once():
    precedence, mutex, drawing, most = Precedence(2), threading.Lock(), [0], [0]

    def draw():
        with precedence:
            with mutex:
                drawing[0] += 1
                most[0] = max(most[0], drawing[0])
            time.sleep(0.005)
            with mutex:
                drawing[0] -= 1

    threads = [threading.Thread(target=draw) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(SOON)
    assert most == [2]


def drawn_by(precedence):
    drawn = threading.Event()

    def draw():
        with precedence:
            drawn.set()

    threading.Thread(target=draw).start()
    return drawn


def test_nothing_is_drawn_while_something_is_acknowledged():
    precedence = Precedence(2, held_back=SOON)
    with precedence.acknowledging():
        with precedence.acknowledging():
            drawn = drawn_by(precedence)
        assert not drawn.wait(0.1)
    assert drawn.wait(SOON)


def test_drawing_is_not_held_back_for_ever():
    precedence = Precedence(2, held_back=0.05)
    with precedence.acknowledging():
        assert drawn_by(precedence).wait(SOON)


def test_what_fails_holds_nobody_back():
    precedence = Precedence(1, held_back=SOON)
    for context in (precedence.acknowledging(), precedence):
        with contextlib.suppress(ZeroDivisionError), context:
            _ = 1 / 0
    assert drawn_by(precedence).wait(SOON)
