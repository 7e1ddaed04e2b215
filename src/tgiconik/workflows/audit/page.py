"""A record as one HTML page: findings first, then a timeline with filters."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import Final

import attrs

from tgiconik._page import own_file, report
from tgiconik._page.report import Filter, Head, Tile, Tone, text
from tgiconik.workflows.audit.events import Event, EventKind
from tgiconik.workflows.audit.findings import Finding
from tgiconik.workflows.audit.sources import Subject
from tgiconik.workflows.run.text import moment, named

_MOST_SUBJECTS: Final = 3
_KINDS: Final[dict[str, str]] = {
    EventKind.GRANTED: "access given",
    EventKind.USED: "access used",
    EventKind.ENDED: "access ran out",
    EventKind.REVOKED: "access revoked",
    EventKind.JUDGED: "open access judged",
    EventKind.PREVIEWED: "previewed",
    EventKind.DOWNLOADED: "downloaded",
    EventKind.COMMENTED: "comment",
    EventKind.TRANSACTION: "transaction",
}
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
        subject: what the record is about.
        built_at: the time of the record, in UTC.
        since: nothing is from before; None for the beginning.
        until: nothing is from then or later; None for the time of the record.
        counts: how many events there are of each kind.
        findings_by_code: how many findings there are of each code.
        pseudonymised: whether people have other names.
        clock_difference: Trading Grid's clock against iconik's; None when not comparable.
        head: the hash of the seal.
        gaps: one line for each source that could not be read.
        notes: the limits of every record.
        names: names of partners and people; see `AuditRecord`.
        events: reads all events with their numbers, in order; called once for each pass.
        findings: reads all findings; called once for each pass.
    """

    subject: Subject
    built_at: datetime
    since: datetime | None
    until: datetime | None
    counts: Mapping[str, int]
    findings_by_code: Mapping[str, int]
    pseudonymised: bool
    clock_difference: timedelta | None
    head: str
    gaps: Sequence[str]
    notes: Sequence[str]
    names: Mapping[str, str]
    events: Callable[[], Iterable[tuple[int, Event]]]
    findings: Callable[[], Iterable[Finding]]

    def parts(self) -> Iterator[str]:
        """The HTML, part by part. It reads the events twice: once for head and filters."""
        codes: dict[int, list[str]] = defaultdict(list)
        for finding in self.findings():
            for number in finding.entries:
                codes[number].append(finding.code)
        partners, assets = self._subjects()
        yield report.opening(self._head(partners, assets), style=own_file(__package__, "page.css"))
        yield from report.section(
            "What could not be read", [*map(report.prose, self.gaps)], Tone.BAD
        )
        yield from _findings(self.findings(), self.findings_by_code, partners)
        yield '<section id="rows"><h2>Timeline</h2>'
        yield report.filters("events", self._filters(partners, assets))
        yield from _timeline(self.events(), codes, self.names)
        yield "</section>"
        yield from _notes(self.notes)
        yield report.closing()

    def framed(self) -> str:
        """The page for a notebook: a frame keeps its styles and its script to itself."""
        content = escape("".join(self.parts()))
        return (
            f'<iframe title="Audit record" sandbox="allow-scripts" srcdoc="{content}" '
            'style="width: 100%; height: 36rem; border: 0"></iframe>'
        )

    def _subjects(self) -> tuple[dict[str, str], dict[str, str]]:
        """The partners and the assets of all events by id, each with its label."""
        partners: dict[str, str] = {}
        assets: dict[str, str] = {}
        for _, event in self.events():
            if event.partner_id is not None:
                partners[event.partner_id] = _partner(event.partner_id, self.names)
            if event.asset_id is not None and not assets.get(event.asset_id):
                assets[event.asset_id] = report.label(event.title or "")
        return partners, assets

    def _filters(self, partners: Mapping[str, str], assets: Mapping[str, str]) -> list[Filter]:
        codes = {code: code.replace("_", " ") for code in self.findings_by_code}
        return [
            Filter("kind", {kind: _kind(kind) for kind in self.counts}),
            Filter("partner", partners),
            Filter("asset", {id_: f"{title} ({id_[:8]})" for id_, title in assets.items()}),
            Filter("finding", codes, many=True),
        ]

    def _head(self, partners: Mapping[str, str], assets: Mapping[str, str]) -> Head:
        lag = self.clock_difference
        found = sum(self.findings_by_code.values())
        tiles = [
            Tile(count, code.replace("_", " "), Tone.BAD, ("finding", code))
            for code, count in Counter(self.findings_by_code).most_common()
        ]
        return Head(
            kind="Audit record",
            subject=self._title(partners, assets),
            period=f"From {moment(self.since) if self.since else 'the beginning'} "
            f"to {moment(self.until or self.built_at)}",
            tiles=(
                *(tiles or [Tile(0, "findings", Tone.BAD)]),
                *([Tile(len(self.gaps), "sources not read", Tone.BAD)] if self.gaps else []),
                Tile(sum(self.counts.values()), "events"),
            ),
            facts={
                "Findings": f"{found:,}",
                "Partners": f"{len(partners):,}",
                "Assets": f"{len(assets):,}",
                "Made": moment(self.built_at),
                "People": "under other names"
                if self.pseudonymised
                else "as the platforms name them",
                "Clocks": f"{lag.total_seconds():+.1f} s at the least, Trading Grid against iconik"
                if lag is not None
                else "not comparable: no event was seen by both",
                "Seal": self.head,
            },
            rows="timeline",
        )

    def _title(self, partners: Mapping[str, str], assets: Mapping[str, str]) -> str:
        subject = self.subject
        of = _some([assets.get(id_) or id_ for id_ in subject.assets]) or "All assets"
        known = [partners.get(id_) or _partner(id_, self.names) for id_ in subject.partners]
        return f"{of}, {_some(known) or 'all partners'}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_SUBJECTS
    shown = ", ".join(names[:_MOST_SUBJECTS])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _partner(id_: str, names: Mapping[str, str]) -> str:
    name = names.get(id_)
    return f"{name} ({id_})" if name else id_


def _kind(kind: str) -> str:
    return _KINDS.get(kind) or _words(kind)


def _findings(
    findings: Iterable[Finding], by_code: Mapping[str, int], partners: Mapping[str, str]
) -> Iterator[str]:
    yield f"<section><h2>Findings: {sum(by_code.values()):,}</h2>"
    if not by_code:
        yield "<p>Nothing was found.</p>"
    for some in report.chunks(findings):
        yield '<ul class="lines chunk">'
        yield from (_finding(one, partners) for one in some)
        yield "</ul>"
    yield "</section>"


def _finding(found: Finding, partners: Mapping[str, str]) -> str:
    links = " ".join(f'<a href="#e{number}">entry {number}</a>' for number in found.entries)
    holder = ""
    if found.partner_id is not None:
        holder = f"<small>{text(partners.get(found.partner_id, found.partner_id))}</small>"
    return (
        f"<li {_data('finding bad', None, found.partner_id, found.asset_id, [found.code])} "
        f'data-also><span class="code">{text(found.code.replace("_", " "))}</span> '
        f"{report.prose(found.message)} {links}{holder}</li>"
    )


def _timeline(
    events: Iterable[tuple[int, Event]], codes: Mapping[int, list[str]], names: Mapping[str, str]
) -> Iterator[str]:
    for day, of_day in groupby(events, key=lambda each: each[1].at.date()):
        yield f'<section class="day" data-group><h3>{day:%Y-%m-%d}</h3>'
        for some in report.chunks(of_day):
            yield "<ol data-chunk>"
            yield from (
                _item(number, event, codes.get(number, []), names) for number, event in some
            )
            yield "</ol>"
        yield "</section>"


def _item(number: int, event: Event, codes: list[str], names: Mapping[str, str]) -> str:
    actor = f" · {_actor(event, names)}" if event.actor else ""
    quoted = f"<blockquote>{escape(event.text)}</blockquote>" if event.text else ""
    found = "".join(f' <span class="code">{text(c.replace("_", " "))}</span>' for c in codes)
    used = ""
    if event.access_count is not None or event.download_count is not None:
        used = f" · opened {event.access_count or 0}, downloaded {event.download_count or 0} times"
    end = f" · until {moment(event.expires_at)}" if event.expires_at else ""
    seen = " · ".join(f"{text(s.platform)} {text(s.source)}, {_clock(s.at)}" for s in event.seen)
    partner = f"{text(event.partner_id)} · " if event.partner_id in names else ""
    kind = "event found bad" if codes else "event"
    return (
        f'<li id="e{number}" {_data(kind, event.kind, event.partner_id, event.asset_id, codes)}>'
        f"<time>{_clock(event.at)}</time>{escape(sentence(event, names))}{actor}{used}{end}{found}"
        f'{quoted}<small class="seen">entry {number} · {partner}{seen}</small></li>'
    )


def _actor(event: Event, names: Mapping[str, str]) -> str:
    """Who did it: the name with the id, where it is known; a contact's by the partner's profile."""
    actor = event.actor or ""
    name = names.get(actor) or names.get(contact_key(event.partner_id or "", actor))
    return report.named(name, actor)


def contact_key(partner_id: str, email: str) -> str:
    """The key of a partner's contact among names.

    Args:
        partner_id: company id of the partner.
        email: the contact's address; capitals make no difference.
    """
    return f"{partner_id}/{email.casefold()}"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    yield '<details class="notes"><summary>What the record can and cannot say</summary><ul>'
    yield from (f"<li>{text(note)}</li>" for note in notes)
    yield "</ul></details>"


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S}"


def _data(
    class_: str,
    kind: str | None,
    partner_id: str | None,
    asset_id: str | None,
    codes: Iterable[str],
) -> str:
    fields = {
        "kind": kind,
        "partner": partner_id,
        "asset": asset_id,
        "finding": " ".join(codes),
    }
    return f'class="{class_}"' + report.data({name: one or "" for name, one in fields.items()})


def sentence(event: Event, names: Mapping[str, str] | None = None) -> str:
    """An event as one line of plain text.

    Args:
        event: the event.
        names: names of partners by company id; without one, the id stands for the partner.
    """
    form = _JUDGED[event.allowed] if event.allowed is not None else _SENTENCES.get(event.kind)
    form = form or "{partner}, {title}: " + _words(event.kind)
    titles = (event.title, event.request_id, event.document_id, event.asset_id)
    partner_id = event.partner_id
    return form.format(
        partner=named((names or {}).get(partner_id or "") or partner_id) or "Somebody",
        title=next((title for title in map(named, titles) if title), "(without a title)"),
    )


def _words(kind: str) -> str:
    words = named(kind).replace(".", " ").replace("_", " ")
    return words.replace("{", "(").replace("}", ")")
