"""The services of iconik that transfers use."""

from typing import Protocol

from tgiconik.iconik.assets import Assets
from tgiconik.iconik.metadata import Metadata
from tgiconik.iconik.services.files import FilesService
from tgiconik.iconik.services.jobs import JobsService


class MediaServices(Protocol):
    """The services of iconik that transfers use, as attributes: an `IconikClient` has them."""

    @property
    def assets(self) -> Assets:
        """Makes assets and versions, and deletes them again when an upload fails."""
        ...

    @property
    def files(self) -> FilesService:
        """Keeps formats, file sets and files, and signs links to their bytes."""
        ...

    @property
    def jobs(self) -> JobsService:
        """Shows the progress of an upload, and makes previews."""
        ...

    @property
    def metadata(self) -> Metadata:
        """Sets the metadata of a new asset."""
        ...
