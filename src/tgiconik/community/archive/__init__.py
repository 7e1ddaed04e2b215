"""A community as a file of JSON Lines: written from one database, read into another."""

from tgiconik.community.archive.reading import import_from
from tgiconik.community.archive.summary import ArchiveSummary
from tgiconik.community.archive.writing import export_to

__all__ = ["ArchiveSummary", "export_to", "import_from"]
