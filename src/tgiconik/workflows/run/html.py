"""The frame of every HTML page: opens offline, asks no host for anything, light and dark, prints.

All values come from outside and are escaped. A page's own policy allows no request, and no style or
script but its own, so that a mistake in escaping would still do nothing.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from importlib.resources import files

from tgiconik._report import one_line


def own_file(package: str, name: str) -> str:
    """A style or script that is part of the package.

    Args:
        package: the package that it is in.
        name: its file name.
    """
    return files(package).joinpath(name).read_text("utf-8")


def base_style() -> str:
    """The style of all pages."""
    return own_file(__package__, "page.css")


def text(value: object) -> str:
    """A value as text of a page, on one line."""
    return escape(one_line(str(value)))


def opening(title: str, *, style: str = "", script: str = "") -> str:
    """The beginning of a page, up to its heading.

    Args:
        title: the title and heading, as plain text.
        style: the page's style beside that of all pages.
        script: the page's script, which `closing` includes.
    """
    styles = base_style() + style
    allowed = f"script-src {_digest(script)}; " if script else ""
    policy = (
        f"default-src 'none'; style-src {_digest(styles)}; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{styles}</style></head><body><h1>{text(title)}</h1>"
    )


def closing(script: str = "") -> str:
    """The end of a page, with its script."""
    return f"{f'<script>{script}</script>' if script else ''}</body></html>\n"


def facts(values: Mapping[str, object]) -> str:
    """Names and values as a list."""
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in values.items())
    return f"<dl>{rows}</dl>"


def filters(options: Mapping[str, Mapping[str, str]]) -> str:
    """Filters, each with its values and their labels; hidden until the page's script runs."""
    selects = "".join(
        f'<label>{text(name.capitalize())}<select name="{escape(name)}">'
        '<option value="">all</option>'
        + "".join(
            f'<option value="{escape(value)}">{text(label)}</option>'
            for value, label in sorted(choices.items(), key=lambda choice: choice[1])
        )
        + "</select></label>"
        for name, choices in options.items()
    )
    # Without its script the page shows everything, and filters that do nothing would be a lie.
    return f'<form hidden autocomplete="off">{selects}<output></output></form>'


def _digest(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
