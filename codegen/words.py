"""English as far as the naming needs it: singulars, class names and identifiers."""

import keyword
import re

#: Words of the paths that end in s without being plurals, or whose singular is irregular.
_IRREGULAR = {
    "access": "access",
    "analysis": "analysis",
    "allowlist": "allowlist",
    "bulk": "bulk",
    "cors": "cors",
    "history": "history",
    "info": "info",
    "news": "news",
    "proxies": "proxy",
    "series": "series",
    "status": "status",
}


def singular(word: str) -> str:
    """The singular of the last part of a snake_case word: `file_sets` is `file_set`."""
    head, _, last = word.rpartition("_")
    return f"{head}_{_singular(last)}" if head else _singular(last)


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def snake(text: str) -> str:
    """A Python name for a wire name: `Share-Auth-Token` is `share_auth_token`."""
    name = re.sub(r"\W+", "_", text).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def identifier(wire: str) -> str:
    """The wire name where Python can take it, else the nearest public name: `_sort` is `sort_`."""
    if wire.startswith("_"):
        return f"{wire.strip('_')}_"
    return wire if wire.isidentifier() and not keyword.iskeyword(wire) else snake(wire)


def camel(text: str) -> str:
    """A class name from snake_case: `analyze_status` is `AnalyzeStatus`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_\W]+", text))


#: Words that read better in another case.
_SPELLED = {
    word.lower(): word
    for word in (  # noqa: SIM905 - a word list, not forty lines of quotes
        "ACL ACLs AI B2 CC CORS CSV DRM E2E GCS Google IdP IdPs ISG OAuth OTP S3 SAML SRT TOTP "
        "URL URLs VTT WebVTT"
    ).split()
}
_PREPOSITIONS = frozenset({"by", "for", "from", "in", "of", "on", "to", "with"})
_UNIQUE = frozenset({"current", "default", "latest", "matching"})
_UNCOUNTABLE = frozenset(
    (  # noqa: SIM905 - the same
        "access audit auth content csv history info metadata mediainfo path playback position "
        "priority queue report size srt state status telemetry text type usage vtt webvtt"
    ).split()
)
#: Second words of verbs such as "log in"; what follows them is no object.
_PARTICLES = frozenset({"and", "in", "out", "up", "to"})


def sentence(method: str) -> str:
    """A method's name as a sentence: `get_asset_acl` is "Get an asset ACL"."""
    verb, *rest = method.split("_")
    ending = ""
    if rest and rest[-1] == "v2":
        rest, ending = rest[:-1], ", by version 2 of the API"
    if verb == "bulk":
        verb, *rest = rest
        ending = f" in bulk{ending}"
    phrases: list[list[str]] = [[]]
    for word in rest:
        if word in _PREPOSITIONS:
            phrases.append([word])
        else:
            phrases[-1].append(word)
    plain = not rest or rest[0] in _PARTICLES
    said = [word for phrase in phrases for word in ([*phrase] if plain else _with_article(phrase))]
    return " ".join([verb.capitalize(), *(_SPELLED.get(word, word) for word in said)]) + ending


def _with_article(phrase: list[str]) -> list[str]:
    preposition = phrase[:1] if phrase and phrase[0] in _PREPOSITIONS else []
    nouns = phrase[len(preposition) :]
    if not nouns or singular(nouns[-1]) != nouns[-1] or nouns[0] == "all":
        return phrase
    if nouns[-1] in _UNCOUNTABLE or _UNIQUE.intersection(nouns):
        return [*preposition, "the", *nouns]
    article = "an" if nouns[0][0] in "aeio" else "a"
    return [*preposition, article, *nouns]
