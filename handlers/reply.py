"""What is sent to Slack: Block Kit as plain dicts, and the text that stands for it where blocks cannot."""

from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    text: str  # a complete short answer: screen readers and notifications read it in place of the blocks
    blocks: tuple[Block, ...] = ()
    only_to_asker: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)  # {"event_type": …, "event_payload": …}; ids only
