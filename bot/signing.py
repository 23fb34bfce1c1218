"""Whether a request is Slack's: its signature, its age, and that it was not seen before."""

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from enum import Enum

WINDOW = 300  # seconds a signature is good for
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Finding(Enum):
    GENUINE = "genuine"
    FORGED = "forged"
    STALE = "stale"
    REPLAYED = "replayed"


class Signatures:
    """Slack's signing, version 0: HMAC-SHA256 over `v0:timestamp:body`. A signature is good once."""

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        self._secret = secret.encode()
        self._now = now
        self._mutex = threading.Lock()
        self._seen: dict[bytes, float] = {}  # in order of arrival: signature → when it may be forgotten

    def glance(self, timestamp: str, signature: str) -> Finding | None:
        """What to think of a request by its headers; None: that depends on its body, which is worth reading."""
        if not _SECONDS.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            return Finding.FORGED
        return Finding.STALE if self._is_stale(timestamp) else None

    def judge(self, timestamp: str, signature: str, body: bytes) -> Finding:
        """What to think of a request; a genuine one is remembered. Never raises, whatever the headers hold."""
        if not _SECONDS.fullmatch(timestamp):
            return Finding.FORGED
        expected = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
        given = signature.encode("utf-8", "replace")
        if not hmac.compare_digest(b"v0=" + expected.hexdigest().encode(), given):
            return Finding.FORGED
        if self._is_stale(timestamp):
            return Finding.STALE
        return Finding.GENUINE if self._is_new(expected.digest(), self._now()) else Finding.REPLAYED

    def forget(self, timestamp: str, body: bytes) -> None:
        """Lets a request come again that could not be worked on."""
        digest = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).digest()
        with self._mutex:
            self._seen.pop(digest, None)

    def _is_stale(self, timestamp: str) -> bool:
        return abs(self._now() - int(timestamp)) > WINDOW

    def _is_new(self, digest: bytes, at: float) -> bool:
        with self._mutex:
            while self._seen and next(iter(self._seen.values())) < at:
                del self._seen[next(iter(self._seen))]
            if digest in self._seen:
                return False
            self._seen[digest] = at + 2 * WINDOW  # a timestamp may be as far ahead as behind
            return True
