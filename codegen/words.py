"""English as far as the naming needs it: singulars, class names and identifiers."""

import keyword
import re

#: Words of the paths that end in s without being plurals, or whose singular is irregular.
_IRREGULAR = {
    "access": "access",
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


def camel(text: str) -> str:
    """A class name from snake_case: `analyze_status` is `AnalyzeStatus`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_\W]+", text))


_UPPER = {
    "acl": "ACL", "acls": "ACLs", "ai": "AI", "b2": "B2", "cc": "CC", "cors": "CORS", "csv": "CSV",
    "drm": "DRM", "e2e": "E2E", "gcs": "GCS", "id": "id", "ids": "ids", "idp": "IdP", "idps": "IdPs",
    "isg": "ISG", "oauth": "OAuth", "otp": "OTP", "s3": "S3", "saml": "SAML", "srt": "SRT",
    "totp": "TOTP", "url": "URL", "urls": "URLs", "v2": "(version 2)", "vtt": "VTT",
    "webvtt": "WebVTT",
}  # fmt: skip


def sentence(method: str) -> str:
    """What a method does, from its name: `get_asset_acl` is "Get asset ACL"."""
    verb, *rest = (_UPPER.get(word, word) for word in method.split("_"))
    if verb == "bulk" and rest:
        verb, *rest = [*rest, "in bulk"]
    return " ".join([verb[:1].upper() + verb[1:], *rest])
