"""The rungs of the ladder that a message falls down when a workspace refuses a block."""

from enum import IntEnum


class Rung(IntEnum):
    """Which blocks a message is drawn with; a higher number asks less of the workspace. The numbers are stored."""

    ALL = 0
    NO_CHARTS = 1
    TABLE = 2  # `table` for `data_table`, nothing that collapses
    SECTIONS = 3  # header, section, context, actions: what every workspace takes
    TEXT = 4  # no blocks
