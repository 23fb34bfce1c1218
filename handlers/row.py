"""What can be pressed below a comparison: five buttons, and a menu for what is seldom wanted."""

from handlers.blocks import menu, push
from handlers.held import Held, write
from handlers.reply import Block

PREFIX = "follow:"
MENU = f"{PREFIX}more"
ADD = "add"


def row(held: Held | None) -> list[Block]:
    """The buttons, all holding the same; none where the comparison does not fit into one."""
    value = write(held) if held else ""
    if held is None or not value:
        return []
    if held.request.why:
        return [push("Whole comparison", f"{PREFIX}whole", value)]
    reading = held.request.best or held.request.at_step is not None
    buttons = {
        "swap": "Swap sides",
        "fewer" if held.request.everything else "all": "Fewer metrics" if held.request.everything else "All metrics",
        "why": "Why?",
        "last" if reading else "best": "Last values" if reading else "Best values",
        "refresh": "Refresh",
    }
    pushes = [push(label, f"{PREFIX}{name}", value) for name, label in buttons.items()]
    only = {"fewer": "Also what is the same"} if held.request.differing else {"differing": "Only differences"}
    parts = {"parameters": "Parameters", "tags": "Tags", "details": "Details"}
    return [*pushes, menu(MENU, {**only, ADD: "Add a run …", **parts})]
