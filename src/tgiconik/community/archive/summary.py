"""The contents of an archive, counted."""

from collections.abc import Mapping
from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class ArchiveSummary:
    """The contents of an archive that was written or read.

    Attributes:
        companies: BUIDs of the companies in it.
        exported_at: when it was exported; timezone-aware, in UTC.
        rows: how many rows it has of each kind: `company`, `record`, `lookup`, `entry`, `journal`,
            `letter`, `message`, `token`.
        sha256: the digest of all its lines but the last, in hexadecimal.
    """

    companies: tuple[str, ...]
    exported_at: datetime
    rows: Mapping[str, int]
    sha256: str

    def __str__(self) -> str:
        entries = f"{self.rows['entry']:,} names, claims, counters and answers"
        return (
            f"companies: {', '.join(self.companies) or 'none'}\n"
            f"{self.rows['record']:,} records, {entries}, "
            f"{self.rows['journal']:,} journal entries\n"
            f"{self.rows['letter']:,} letters and {self.rows['message']:,} messages of the post "
            "office\n"
            f"sha256 {self.sha256}"
        )
