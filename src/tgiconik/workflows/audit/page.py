"""A record as one HTML page: opens offline, asks no host for anything, filters, prints.

All values come from outside and are escaped. The page's own policy allows no request and no script
but its own, so that a mistake in the first would still do nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import Final

import attrs

from tgiconik._report import one_line
from tgiconik.workflows.audit.events import Event, EventKind
from tgiconik.workflows.audit.findings import Finding
from tgiconik.workflows.run.html import closing, facts, filters, opening, own_file, text
from tgiconik.workflows.run.text import moment, named

_LONGEST_LABEL: Final = 80
_SENTENCES: Final[dict[str, str]] = {
    EventKind.ANNOUNCED: "Partners were told: {title}",
    EventKind.ANNOUNCEMENT_READ: "{partner} has read: {title}",
    EventKind.APPROVAL_REQUESTED: "Approval was asked for: {title}",
    EventKind.APPROVED: "Approved: {title}",
    EventKind.REJECTED: "Not approved: {title}",
    EventKind.VERSION_CREATED: "A version was made: {title}",
    EventKind.VERSION_PROMOTED: "A version became the current one: {title}",
    EventKind.GRANTED: "{partner} was given access to {title}",
    EventKind.USED: "{partner} last opened {title}",
    EventKind.PREVIEWED: "{partner} previewed {title}",
    EventKind.DOWNLOADED: "{partner} downloaded {title}",
    EventKind.ENDED: "The access of {partner} to {title} ran out",
    EventKind.REVOKED: "The access of {partner} to {title} was revoked",
    EventKind.DELIVERY_READ: "{partner} acknowledged {title}",
    EventKind.PUBLISHED: "Published on Trading Grid: {title}",
    EventKind.COMMENTED: "A comment on {title}",
    EventKind.TRANSACTION: "A transaction of {partner}: {title}",
    "request.submitted": "{partner} asks: {title}",
    "issue.open": "{partner} reports: {title}",
    "exception.open": "In the way of {partner}: {title}",
}
_JUDGED: Final = {
    True: "The access of {partner} to {title} may stay",
    False: "The access of {partner} to {title} may not stay",
}


@attrs.frozen(kw_only=True)
class Page:
    """The values that the page shows.

    Attributes:
        built_at: the time of the record, in UTC.
        since: nothing is from before; None for the beginning.
        until: nothing is from then or later; None for the time of the record.
        length: how many events there are.
        findings_by_code: how many findings there are of each code.
        pseudonymised: whether people have other names.
        clock_difference: Trading Grid's clock against iconik's; None when not comparable.
        head: the hash of the seal.
        gaps: one line for each source that could not be read.
        notes: the limits of every record.
        events: reads all events with their numbers, in order; called once for each pass.
        findings: reads all findings; called once for each pass.
    """

    built_at: datetime
    since: datetime | None
    until: datetime | None
    length: int
    findings_by_code: Mapping[str, int]
    pseudonymised: bool
    clock_difference: timedelta | None
    head: str
    gaps: Sequence[str]
    notes: Sequence[str]
    events: Callable[[], Iterable[tuple[int, Event]]]
    findings: Callable[[], Iterable[Finding]]

    def parts(self) -> Iterator[str]:
        """The HTML, part by part. It reads the events twice: once for the filters."""
        codes: dict[int, list[str]] = defaultdict(list)
        for finding in self.findings():
            for number in finding.entries:
                codes[number].append(finding.code)
        yield from _head(self)
        yield from _findings(self.findings())
        yield filters(self._options())
        yield from _timeline(self.events(), codes)
        yield closing(_file("page.js"))

    def framed(self) -> str:
        """The page for a notebook: a frame keeps its styles and its script to itself."""
        content = escape("".join(self.parts()))
        return (
            f'<iframe title="Audit record" sandbox="allow-scripts" srcdoc="{content}" '
            'style="width: 100%; height: 36rem; border: 0"></iframe>'
        )

    def _options(self) -> Mapping[str, Mapping[str, str]]:
        """The filters, each with its values and their labels."""
        partners: dict[str, str] = {}
        assets: dict[str, str] = {}
        for _, event in self.events():
            if event.partner_id is not None:
                partners[event.partner_id] = event.partner_id
            if event.asset_id is not None:
                assets.setdefault(event.asset_id, _label(event))
        findings = {code: code.replace("_", " ") for code in self.findings_by_code}
        return {"partner": partners, "asset": assets, "finding": findings}


def _file(name: str) -> str:
    return own_file(__package__, name)


def _head(page: Page) -> Iterator[str]:
    yield opening("Audit record", style=_file("page.css"), script=_file("page.js"))
    lag = page.clock_difference
    known: Mapping[str, object] = {
        "Made": moment(page.built_at),
        "From": moment(page.since) if page.since else "the beginning",
        "To": moment(page.until) if page.until else "when it was made",
        "Events": f"{page.length:,}",
        "Findings": f"{sum(page.findings_by_code.values()):,}",
        "People": "under other names" if page.pseudonymised else "as the platforms name them",
        "Clocks": f"{lag.total_seconds():+.1f} s at the least, Trading Grid against iconik"
        if lag is not None
        else "not comparable: no event was seen by both",
        "Seal": page.head,
    }
    yield facts(known)
    if page.gaps:
        yield "<h2>What could not be read</h2><ul>"
        yield from (f'<li class="codes">{text(gap)}</li>' for gap in page.gaps)
        yield "</ul>"
    yield '<details class="notes"><summary>What the record can and cannot say</summary><ul>'
    yield from (f"<li>{text(note)}</li>" for note in page.notes)
    yield "</ul></details>"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    yield "<h2>Findings</h2>"
    rows = (
        f"<li {_data('finding', f.partner_id, f.asset_id, [f.code])}>"
        f'<span class="codes">{text(f.code.replace("_", " "))}</span> {text(f.message)} '
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


def _timeline(events: Iterable[tuple[int, Event]], codes: Mapping[int, list[str]]) -> Iterator[str]:
    for day, of_day in groupby(events, key=lambda each: each[1].at.date()):
        yield f'<section class="day"><h2>{day:%Y-%m-%d}</h2><ol>'
        for number, event in of_day:
            yield _item(number, event, codes.get(number, []))
        yield "</ol></section>"


def _item(number: int, event: Event, codes: list[str]) -> str:
    actor = f" · {text(event.actor)}" if event.actor else ""
    quoted = f"<blockquote>{escape(event.text)}</blockquote>" if event.text else ""
    found = "".join(f' <span class="codes">{text(c.replace("_", " "))}</span>' for c in codes)
    used = ""
    if event.access_count is not None or event.download_count is not None:
        used = f" · opened {event.access_count or 0}, downloaded {event.download_count or 0} times"
    end = f" · until {moment(event.expires_at)}" if event.expires_at else ""
    seen = " · ".join(f"{text(s.platform)} {text(s.source)}, {_clock(s.at)}" for s in event.seen)
    kind = "event found" if codes else "event"
    return (
        f'<li id="e{number}" {_data(kind, event.partner_id, event.asset_id, codes)}>'
        f"<time>{_clock(event.at)}</time>{escape(sentence(event))}{actor}{used}{end}{found}{quoted}"
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


def sentence(event: Event) -> str:
    """An event as one line of plain text."""
    form = _JUDGED[event.allowed] if event.allowed is not None else _SENTENCES.get(event.kind)
    form = form or "{partner}, {title}: " + _words(event.kind)
    names = (event.title, event.request_id, event.document_id, event.asset_id)
    return form.format(
        partner=named(event.partner_id) or "Somebody",
        title=next((name for name in map(named, names) if name), "(without a title)"),
    )


def _words(kind: str) -> str:
    words = named(kind).replace(".", " ").replace("_", " ")
    return words.replace("{", "(").replace("}", ")")
