"""A record as one HTML page: opens offline, asks no host for anything, filters, prints.

Whatever is shown was written by somebody else and is escaped. The page's own policy allows no
request and no script but its own, so that a mistake in the first would still do nothing.
"""

import hashlib
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from importlib.resources import files
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Final, TextIO

from tgiconik.workflows.audit.events import Event
from tgiconik.workflows.audit.findings import Finding
from tgiconik.workflows.audit.wording import sentence
from tgiconik.workflows.run.text import moment, one_line

if TYPE_CHECKING:
    from tgiconik.workflows.audit.record import AuditRecord

_LONGEST_LABEL: Final = 80


def write_page(record: "AuditRecord", file: TextIO) -> None:
    """Write the page, event by event. It reads the record twice: once for the filters."""
    codes: dict[int, list[str]] = defaultdict(list)
    for finding in record.findings():
        for number in finding.entries:
            codes[number].append(finding.code)
    partners: dict[str, str] = {}
    assets: dict[str, str] = {}
    for _, event in record.events():
        if event.partner_id is not None:
            partners[event.partner_id] = event.partner_id
        if event.asset_id is not None:
            assets.setdefault(event.asset_id, _label(event))
    filters = {
        "partner": partners,
        "asset": assets,
        "finding": {code: code.replace("_", " ") for code in record.findings_by_code},
    }
    for part in (
        _head(record),
        _findings(record.findings()),
        [_filters(filters)],
        _timeline(record.events(), codes),
        [f"<script>{_own('page.js')}</script></body></html>\n"],
    ):
        file.writelines(part)


def framed(record: "AuditRecord") -> str:
    """The page for a notebook: in a frame, so that its styles and its script are for it alone."""
    file = StringIO()
    write_page(record, file)
    return (
        f'<iframe title="Audit record" sandbox="allow-scripts" srcdoc="{escape(file.getvalue())}" '
        'style="width: 100%; height: 36rem; border: 0"></iframe>'
    )


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _digest(name: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(_own(name).encode()).digest()).decode()}'"


def _text(value: object) -> str:
    return escape(one_line(str(value)))


def _head(record: "AuditRecord") -> Iterator[str]:
    policy = (
        f"default-src 'none'; style-src {_digest('page.css')}; script-src {_digest('page.js')}; "
        "base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Audit record</title><style>{_own('page.css')}</style></head><body>"
        "<h1>Audit record</h1><dl>"
    )
    lag = record.clock_difference
    facts: Mapping[str, object] = {
        "Made": moment(record.built_at),
        "From": moment(record.since) if record.since else "the beginning",
        "To": moment(record.until) if record.until else "when it was made",
        "Events": f"{len(record):,}",
        "Findings": f"{sum(record.findings_by_code.values()):,}",
        "People": "under other names" if record.pseudonymised else "as the platforms name them",
        "Clocks": f"{lag.total_seconds():+.1f} s at the least, Trading Grid against iconik"
        if lag is not None
        else "not comparable: no event was seen by both",
        "Seal": record.head,
    }
    for name, value in facts.items():
        yield f"<dt>{name}</dt><dd>{_text(value)}</dd>"
    yield "</dl>"
    if record.gaps:
        yield "<h2>What could not be read</h2><ul>"
        yield from (f'<li class="codes">{_text(gap)}</li>' for gap in record.gaps)
        yield "</ul>"
    yield '<details class="notes"><summary>What the record can and cannot say</summary><ul>'
    yield from (f"<li>{_text(note)}</li>" for note in record.notes)
    yield "</ul></details>"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    yield "<h2>Findings</h2>"
    rows = (
        f"<li {_data('finding', f.partner_id, f.asset_id, [f.code])}>"
        f'<span class="codes">{_text(f.code.replace("_", " "))}</span> {_text(f.message)} '
        + " ".join(f'<a href="#e{number}">entry {number}</a>' for number in f.entries)
        + "</li>"
        for f in findings
    )
    first = next(rows, None)
    if first is None:
        yield "<p>Nothing was found.</p>"
        return
    yield f"<ul>{first}"
    yield from rows
    yield "</ul>"


def _filters(filters: Mapping[str, Mapping[str, str]]) -> str:
    selects = "".join(
        f'<label>{name.capitalize()}<select name="{name}"><option value="">all</option>'
        + "".join(
            f'<option value="{escape(value)}">{_text(label)}</option>'
            for value, label in sorted(options.items(), key=lambda option: option[1])
        )
        + "</select></label>"
        for name, options in filters.items()
    )
    # Without its script the page shows everything, and filters that do nothing would be a lie.
    return f'<form hidden autocomplete="off">{selects}<output></output></form>'


def _timeline(events: Iterable[tuple[int, Event]], codes: Mapping[int, list[str]]) -> Iterator[str]:
    for day, of_day in groupby(events, key=lambda each: each[1].at.date()):
        yield f'<section class="day"><h2>{day:%Y-%m-%d}</h2><ol>'
        for number, event in of_day:
            yield _item(number, event, codes.get(number, []))
        yield "</ol></section>"


def _item(number: int, event: Event, codes: list[str]) -> str:
    actor = f" · {_text(event.actor)}" if event.actor else ""
    text = f"<blockquote>{escape(event.text)}</blockquote>" if event.text else ""
    found = "".join(f' <span class="codes">{_text(c.replace("_", " "))}</span>' for c in codes)
    used = ""
    if event.access_count is not None or event.download_count is not None:
        used = f" · opened {event.access_count or 0}, downloaded {event.download_count or 0} times"
    end = f" · until {moment(event.expires_at)}" if event.expires_at else ""
    seen = " · ".join(f"{_text(s.platform)} {_text(s.source)}, {_clock(s.at)}" for s in event.seen)
    kind = "event found" if codes else "event"
    return (
        f'<li id="e{number}" {_data(kind, event.partner_id, event.asset_id, codes)}>'
        f"<time>{_clock(event.at)}</time>{escape(sentence(event))}{actor}{used}{end}{found}{text}"
        f'<div class="seen">entry {number} · {seen}</div></li>'
    )


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S}"


def _data(kind: str, partner_id: str | None, asset_id: str | None, codes: Iterable[str]) -> str:
    return (
        f'class="{kind}" data-partner="{escape(partner_id or "")}" '
        f'data-asset="{escape(asset_id or "")}" data-findings="{escape(" ".join(codes))}"'
    )


def _label(event: Event) -> str:
    title = one_line(event.title or "")[:_LONGEST_LABEL]
    return f"{title} ({(event.asset_id or '')[:8]})"
