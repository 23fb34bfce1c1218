"""A process of its own that delivers: `worker.py ADDRESS FOLDER MESSAGE_ID…` takes a slot, hands over, and delivers.

It writes each delivery down, with its process id: `began` and `done`. The one called `hang` ends only when the file
`go` is there. The process ends with its standard input, or by SIGKILL.
"""

import os
import sys
import threading
import time
from pathlib import Path

from bot.notifier.outbox import QueuedMessage
from bot.notifier.process_locks import open_process_locks
from bot.notifier.queue import DeliveryQueue


def work(address, folder, message_ids, ending):
    written, go = Path(folder) / "written", Path(folder) / "go"

    def write(line):
        with written.open("a", encoding="utf-8") as file:
            file.write(f"{line} {os.getpid()}\n")

    def deliver(message_id, _revision):
        write(f"began {message_id}")
        while message_id == "hang" and not go.exists():
            time.sleep(0.02)
        write(f"done {message_id}")

    slots = open_process_locks(address)
    while (slot := slots.take()) is None:
        write("stands by")
        time.sleep(0.1)
    engine = DeliveryQueue(address, slot, deliver)
    engine.start()
    write("slot")
    engine.hand_over([QueuedMessage(each, 1, "T1", f"C-{each}") for each in message_ids])
    while not ending.wait(0.2):
        engine.adopt(slots)
    engine.stop(5)
    slots.release()


if __name__ == "__main__":
    ending = threading.Event()
    working = threading.Thread(target=work, args=(*sys.argv[1:3], sys.argv[3:], ending))
    working.start()
    sys.stdin.read()
    ending.set()
    working.join()
