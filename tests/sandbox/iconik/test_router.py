"""Paths that differ only in the name of a parameter lead to different operations."""

import attrs
import pytest

from tgiconik.sandbox import facts
from tgiconik.sandbox.iconik.router import Router

SEGMENT = next(
    each
    for each in facts.load().operations
    if each.name == "GET assets/v1/assets/{asset_id}/segments/{segment_id}/"
)
OF_TYPE = attrs.evolve(SEGMENT, path=SEGMENT.path.replace("segment_id", "segment_type"))
ID = "52b8975f-73bd-5a97-925d-9a34e859b706"


@pytest.mark.parametrize("order", [(SEGMENT, OF_TYPE), (OF_TYPE, SEGMENT)])
def test_a_uuid_is_an_id_and_other_text_is_none(order: tuple[facts.Operation, ...]) -> None:
    router = Router(order)

    by_id = router.find("GET", f"assets/v1/assets/{ID}/segments/{ID}/")
    by_type = router.find("GET", f"assets/v1/assets/{ID}/segments/MARKER/")

    assert by_id == (SEGMENT, {"asset_id": ID, "segment_id": ID})
    assert by_type == (OF_TYPE, {"asset_id": ID, "segment_type": "MARKER"})
