"""Maps of a solution, to read: Cartographer publishes no call that changes one."""

from collections.abc import Sequence

from tgiconik._http import Pages, Session, Surface, build
from tgiconik.tradinggrid._decode import decode
from tgiconik.tradinggrid.cartographer._calls import MAPS, by_page, number, one_or_more
from tgiconik.tradinggrid.cartographer.models import Annotation, Map, MapPartner, Specification


class Maps(Surface):
    """Maps, their trading partners, specifications and annotations.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self, solution_id: str, *, sort: str | None = None, page_size: int | None = None
    ) -> Pages[Map]:
        """Maps of a solution. `GET /cartographer/mp/v1/solutions/{solutionId}/maps`.

        Args:
            solution_id: from `Cartographer.solutions`.
            sort: the order, ascending or descending; its words are not published.
            page_size: maps per call (`pageSize`), 1 or more; Cartographer's own number when left
                out.

        Raises:
            ConfigurationError: a page size below 1, or an id that no path can hold.
        """
        return by_page(
            self._session,
            Map,
            MAPS,
            solution_id,
            items="response",
            size=page_size,
            query={"sort": sort},
        )

    async def get(self, solution_id: str, map_id: int) -> Map:
        """All that is known of a map. `GET …/solutions/{solutionId}/maps/{mapId}/metadata`.

        Args:
            solution_id: from `Cartographer.solutions`.
            map_id: the map's number.

        Raises:
            NotFound: there is no such map.
        """
        call = build("GET", MAPS + "/{}/metadata", solution_id, number(map_id, "map_id"))
        return decode(Map, await self._session.send(call), lenient=True)

    async def trading_partners(self, solution_id: str, map_id: int) -> Sequence[MapPartner]:
        """Partners of a map. `GET …/solutions/{solutionId}/maps/{mapId}/trading-partners`.

        The published answer shows one partner; a list is read as well.

        Args:
            solution_id: from `Cartographer.solutions`.
            map_id: the map's number.

        Raises:
            NotFound: there is no such map.
        """
        call = build("GET", MAPS + "/{}/trading-partners", solution_id, number(map_id, "map_id"))
        return one_or_more(MapPartner, await self._session.send(call))

    async def specifications(self, solution_id: str, map_id: int) -> Sequence[Specification]:
        """Files that specify a map. `GET …/solutions/{solutionId}/maps/{mapId}/specifications`.

        Args:
            solution_id: from `Cartographer.solutions`.
            map_id: the map's number.

        Raises:
            NotFound: there is no such map.
        """
        call = build("GET", MAPS + "/{}/specifications", solution_id, number(map_id, "map_id"))
        return one_or_more(Specification, await self._session.send(call))

    async def download_specification(self, solution_id: str, map_id: int, file_id: int) -> bytes:
        """The bytes of a file. `GET …/maps/{mapId}/specifications/{fileId}`.

        The whole file is held in memory.

        Args:
            solution_id: from `Cartographer.solutions`.
            map_id: the map's number.
            file_id: the file's number, from `specifications`.

        Raises:
            NotFound: there is no such map or file.
        """
        call = build(
            "GET",
            MAPS + "/{}/specifications/{}",
            solution_id,
            number(map_id, "map_id"),
            number(file_id, "file_id"),
            headers={"Accept": "*/*"},
        )
        return (await self._session.send(call)).content

    async def annotations(self, solution_id: str, map_id: int) -> Sequence[Annotation]:
        """Conversations about a map. `GET …/solutions/{solutionId}/maps/{mapId}/annotations`.

        The published answer shows one annotation; a list is read as well.

        Args:
            solution_id: from `Cartographer.solutions`.
            map_id: the map's number.

        Raises:
            NotFound: there is no such map.
        """
        call = build("GET", MAPS + "/{}/annotations", solution_id, number(map_id, "map_id"))
        return one_or_more(Annotation, await self._session.send(call))
