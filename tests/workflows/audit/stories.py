"""Events to make stories of."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Unpack

from hypothesis import strategies as st

from tgiconik.workflows.audit import AuditRecord, Finding, Gap
from tgiconik.workflows.audit.chain import HEADING, Chain, Totals
from tgiconik.workflows.audit.events import About, Event, EventKind, Platform, Sighting

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def event(
    kind: str,
    minutes: float = 0,
    *,
    platform: str = Platform.ICONIK,
    source: str = "history",
    id_: str = "1",
    **about: Unpack[About],
) -> Event:
    """Something that happened so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    seen = (Sighting(platform=platform, source=source, id=id_, at=at),)
    return Event(at=at, kind=kind, seen=seen, **about)


def _text() -> st.SearchStrategy[str]:
    return st.text(max_size=20)


def events() -> st.SearchStrategy[Event]:
    """Any event: few ids and times, so that some of them are the same, and any text."""
    few = st.sampled_from(["a", "b"])
    return st.builds(
        event,
        st.sampled_from([*EventKind, "request.submitted", "anything.else"]),
        st.integers(0, 20),
        platform=st.sampled_from(list(Platform)),
        source=st.sampled_from(["history", "shares", "receipts"]),
        id_=st.sampled_from(["1", "2", "3"]),
        share_id=st.none() | few,
        asset_id=st.none() | few,
        version_id=st.none() | few,
        actor=st.none() | _text(),
        title=st.none() | _text(),
        text=st.none() | st.text(alphabet=st.characters(), max_size=20),
        access_count=st.none() | st.integers(0, 3),
    )


def record_of(
    folder: Path, *story: Event, findings: Sequence[Finding] = (), gaps: Sequence[Gap] = ()
) -> AuditRecord:
    """A sealed record of some events, in a file."""
    bodies: list[dict[str, object]] = [{**HEADING}]
    bodies += [{"type": "event", "event": each.to_dict()} for each in story]
    bodies += [{"type": "finding", "finding": each.to_dict()} for each in findings]
    bodies += [{"type": "gap", "gap": str(each)} for each in gaps]
    chain, totals = Chain(), Totals()
    for body in bodies:
        totals.add(body)
    lines = [*map(chain.link, bodies), chain.seal(totals)]
    path = folder / "story.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return AuditRecord(
        path=path,
        head=chain.head,
        built_at=NOON,
        counts=Counter(each.kind for each in story),
        findings_by_code=Counter(each.code for each in findings),
        gaps=tuple(gaps),
    )
