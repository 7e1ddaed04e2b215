"""Acts as JSON, for messages in quarantine that an operator may replay."""

import json
from typing import Any

import attrs

from tgiconik.community.post.channel import Act
from tgiconik.community.post.intent import Intent, IntentKind


def encode(act: Act) -> str:
    """An act as JSON."""
    return json.dumps(attrs.asdict(act))


def decode(text: str) -> Act:
    """The act that `encode` wrote."""
    given: dict[str, Any] = json.loads(text)
    intent = given.pop("intent")
    kind = IntentKind(intent.pop("kind"))
    files = tuple(given.pop("files"))
    return Act(intent=Intent(kind=kind, **intent), files=files, **given)
