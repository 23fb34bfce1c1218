"""Tokens of workspaces, encrypted with keys of the environment, so that whoever reads the database cannot use them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


@dataclass(frozen=True, slots=True)
class Tokens:
    """A bot's token, and the one that fetches the next where tokens are rotated; "" where they are not."""

    token: str
    refresh: str = ""

    def __repr__(self) -> str:
        return "Tokens(…)"


class UnreadableTokens(Exception):  # noqa: N818 -- named for what was found
    """No key that is set opens them, or they are another workspace's."""


class TokenCipher:
    """Encrypts with the first key and reads with all: a key is changed by putting the new one in front."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys: 32 bytes as URL-safe base64. Raises ValueError where there is none, or it is none."""
        self._all = MultiFernet([Fernet(key) for key in keys])
        self._first = Fernet(keys[0])

    def seal(self, owner: str, tokens: Tokens) -> str:
        """The tokens as text that only the keys open, and only as this workspace's."""
        plain = json.dumps({"owner": owner, "token": tokens.token, "refresh": tokens.refresh})
        return self._all.encrypt(plain.encode()).decode()

    def open(self, owner: str, sealed: str) -> Tokens:
        """The tokens of a workspace. Raises UnreadableTokens."""
        try:
            content = json.loads(self._all.decrypt(sealed.encode()))
        except InvalidToken as error:
            raise UnreadableTokens from error
        if content["owner"] != owner:  # moved from one row into another
            raise UnreadableTokens
        return Tokens(content["token"], content["refresh"])

    def renewed(self, sealed: str) -> str | None:
        """The same, encrypted with the first key; None where it is already. Raises UnreadableTokens."""
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            try:
                return self._all.rotate(sealed).decode()
            except InvalidToken as error:
                raise UnreadableTokens from error
        return None


def new_key() -> str:
    """A key that nobody has."""
    return Fernet.generate_key().decode()
