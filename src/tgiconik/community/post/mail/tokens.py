"""Reply tokens in addresses and subjects."""

import re
from collections.abc import Iterable
from typing import Final

_TOKEN: Final = r"[A-Za-z0-9_-]{8,64}"  # noqa: S105 - a pattern
_IN_SUBJECT: Final = re.compile(rf"\[#({_TOKEN})\]")


def address_with(address: str, token: str) -> str:
    """The address with a token in its sub-address: `reply@…` becomes `reply+TOKEN@…`."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def subject_with(subject: str, token: str) -> str:
    """The subject with a token at its end: `…  [#TOKEN]`."""
    return f"{subject} [#{token}]"


def tokens_in(subject: str, recipients: Iterable[str], address: str) -> set[str]:
    """The different tokens of a mail, in lower case: mail servers change the case of addresses.

    Args:
        subject: its subject.
        recipients: the addresses that it went to.
        address: the address without a token.
    """
    local, _, domain = address.rpartition("@")
    form = re.compile(
        rf"{re.escape(local)}\+({_TOKEN})@{re.escape(domain)}", re.IGNORECASE | re.ASCII
    )
    found = {match[1] for one in recipients if (match := form.fullmatch(one))}
    return {token.lower() for token in (*found, *_IN_SUBJECT.findall(subject))}
