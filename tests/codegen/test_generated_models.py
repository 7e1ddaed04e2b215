"""Models: what a platform may send without anybody noticing, and what is an error, and where."""

import importlib
import pickle
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._models import (
    UNSET,
    DecodeError,
    Model,
    decode,
    parse_time,
    rfc3339,
    structure,
    unstructure,
)
from tgiconik.iconik.models import assets, auth, automations, files, jobs, search
from tgiconik.iconik.services import SERVICES

ASSET: dict[str, Any] = {
    "id": "e1f0f5e2-f14e-11eb-8bd6-0a580a3c0c6d",
    "title": "Launch film",
    "status": "ACTIVE",
    "date_created": "2021-07-30T15:16:54.406403+00:00",
    "is_online": True,
    "clip_id": 7,
    "in_collections": ["a", "b"],
    "versions": [{"id": "v1", "version_number": 1, "status": "ACTIVE"}],
}


def test_an_asset_is_read_into_typed_values() -> None:
    asset = structure(ASSET, assets.Asset)
    assert asset.title == "Launch film"
    assert asset.date_created == datetime(2021, 7, 30, 15, 16, 54, 406403, tzinfo=UTC)
    assert asset.versions == [assets.AssetVersion(id="v1", version_number=1, status="ACTIVE")]
    assert asset.external_id is None


def test_an_unknown_field_is_dropped_and_an_unknown_value_kept() -> None:
    asset = structure({"flying": True, "status": "LEVITATING"}, assets.Asset)
    assert asset == assets.Asset(status="LEVITATING")
    assert "LEVITATING" not in list(assets.AssetStatus)


@pytest.mark.parametrize("model", [assets.Asset, search.SearchDocument, jobs.Job])
def test_every_field_may_be_null_or_missing(model: type[Model]) -> None:
    nulls = {field.name.rstrip("_"): None for field in attrs.fields(model)}
    assert structure(nulls, model) == structure({}, model) == model()


def test_a_null_among_the_entries_of_a_list_says_nothing() -> None:
    asset = structure({"in_collections": ["a", None], "versions": [None]}, assets.Asset)
    assert (asset.in_collections, asset.versions) == (["a"], [])


def test_null_into_text_is_never_the_text_none() -> None:
    assert structure({"title": None}, assets.Asset).title is None


def test_a_number_as_text_is_read_where_a_number_is_promised() -> None:
    assert structure({"clip_id": "42"}, assets.Asset).clip_id == 42


@pytest.mark.parametrize("value", [3.7, "3.7", True, "", "x", [], {}, float("inf")])
def test_what_is_no_whole_number_is_an_error(value: object) -> None:
    with pytest.raises(DecodeError, match="whole number"):
        structure({"clip_id": value}, assets.Asset)


def test_an_error_names_the_place() -> None:
    page = {"objects": [{}, {"versions": [{"version_number": "one"}]}]}
    with pytest.raises(DecodeError) as caught:
        structure({"objects": [{}, {"versions": 1}]}, assets.Assets)
    assert caught.value.path == "objects[1].versions"
    with pytest.raises(DecodeError, match=r"^versions\[0\]\.version_number: a whole number"):
        structure(page["objects"][1], assets.Asset)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1", b'{"a":'])
def test_what_is_not_json_is_an_error(content: bytes) -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        decode(content, assets.Asset)


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_not_an_object_is_an_error(data: object) -> None:
    with pytest.raises(DecodeError, match="an object was expected"):
        structure(data, assets.Asset)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ASSET, "x"]), inner),
    )
)
def test_whatever_json_comes_it_is_read_or_refused_and_nothing_else(data: object) -> None:
    with suppress(DecodeError):
        assert isinstance(structure(data, assets.Asset), assets.Asset)


def test_json_that_is_nested_too_deeply_is_an_error() -> None:
    data: dict[str, Any] = {}
    for _ in range(100_000):
        data = {"filters": [data]}
    with pytest.raises(DecodeError, match="nested too deeply"):
        structure(data, search.CriteriaFilterInput)


# --- times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2021-07-30T15:16:54.406403+00:00", datetime(2021, 7, 30, 15, 16, 54, 406403, tzinfo=UTC)),
        ("2021-07-30T17:16:54+02:00", datetime(2021, 7, 30, 15, 16, 54, tzinfo=UTC)),
        ("2021-07-30T15:16:54Z", datetime(2021, 7, 30, 15, 16, 54, tzinfo=UTC)),
        ("2022-04-29T00:22:10.316685", datetime(2022, 4, 29, 0, 22, 10, 316685, tzinfo=UTC)),
        ("2022-04-29 00:22:10", datetime(2022, 4, 29, 0, 22, 10, tzinfo=UTC)),
        ("2022-04-29", datetime(2022, 4, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc_whatever_zone_it_names_or_leaves_out(
    text: str, time: datetime
) -> None:
    assert parse_time(text) == time
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["", "soon", "2022-13-01", 1627658214, "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time_is_an_error_with_its_place(value: object) -> None:
    with pytest.raises(DecodeError, match=r"^date_created: a time was expected"):
        structure({"date_created": value}, assets.Asset)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_that_was_written_is_read_back(time: datetime) -> None:
    assert parse_time(rfc3339(time)) == time


# --- sending ---------------------------------------------------------------------------------


def test_a_body_sends_what_was_set_and_null_only_where_it_was_said() -> None:
    body = assets.AssetInput(title="New", external_id=None)
    assert unstructure(body) == {"title": "New", "external_id": None}
    assert unstructure(assets.AssetInput()) == {}
    assert body.category is UNSET


def test_of_a_model_that_was_read_a_none_is_not_sent_whoever_put_it_there() -> None:
    asset = structure({"title": "x", "external_id": None}, assets.Asset)
    assert unstructure(asset) == {"title": "x"}
    asset.title = None
    assert unstructure(asset) == {}


def test_a_field_that_was_taken_back_is_not_sent() -> None:
    body = assets.AssetInput(title="New")
    body.title = UNSET
    assert unstructure(body) == {}


def test_times_are_sent_as_rfc_3339_in_utc() -> None:
    body = assets.ShareURLCreateInput(expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert unstructure(body) == {"expires": "2030-01-02T03:04:05Z"}
    assert unstructure({"day": date(2030, 1, 2)}) == {"day": "2030-01-02"}


def test_what_is_inside_a_body_is_sent_by_the_same_rules() -> None:
    criteria = search.SearchCriteriaInput(
        filter=search.CriteriaFilterInput(
            operator="AND", terms=[search.CriteriaTermInput(name="status", value="ACTIVE")]
        )
    )
    assert unstructure(criteria) == {
        "filter": {"operator": "AND", "terms": [{"name": "status", "value": "ACTIVE"}]}
    }


def test_a_field_that_can_only_be_one_value_has_it() -> None:
    assert unstructure(automations.ArchiveActionInput()) == {"type": "ARCHIVE"}


def test_a_field_that_a_model_does_not_have_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="AssetInput has no field titel"):
        assets.AssetInput(titel="New")  # type: ignore[call-arg]  # that is the point


# --- attrs -----------------------------------------------------------------------------------


def test_a_model_is_an_attrs_class() -> None:
    asset = structure(ASSET, assets.Asset)
    assert attrs.has(assets.Asset)
    assert attrs.asdict(asset, filter=lambda _, value: value is not None)["title"] == "Launch film"
    changed = attrs.evolve(asset, title="Other")  # type: ignore[misc]  # mypy knows only @define
    assert (changed.title, changed.id) == ("Other", asset.id)
    assert [field.name for field in attrs.fields(assets.AssetVersion)][:2] != []


def test_a_model_equals_by_value_copies_and_pickles() -> None:
    asset = structure(ASSET, assets.Asset)
    assert asset == structure(ASSET, assets.Asset) == deepcopy(asset)
    assert pickle.loads(pickle.dumps(asset)) == asset  # noqa: S301 - our own
    assert asset != structure({}, assets.Asset)
    assert asset != ASSET


def test_the_repr_is_short_and_keeps_secrets() -> None:
    assert repr(assets.Asset(id="1", title="x")) == "Asset(title='x', id='1')"
    shown = repr(auth.OAuthTokenInput(grant_type="refresh_token", client_secret="geheim"))
    assert shown == "OAuthTokenInput(grant_type='refresh_token', client_secret='***')"
    assert repr(assets.Share(has_password=True)) == "Share(has_password=True)"
    signed = files.File(upload_url="https://storage.test/f?signature=geheim")
    assert repr(signed) == "File(upload_url='***')"


def test_a_subclass_of_a_model_is_a_model() -> None:
    class Film(assets.Asset):
        length: int | None = None

    film = structure({"title": "x", "length": "3"}, Film)
    assert film == Film(title="x", length=3)


# --- wire names and unions -------------------------------------------------------------------


def test_a_wire_name_that_python_cannot_take_is_mapped_both_ways() -> None:
    hit = structure({"_sort": [1, "a"]}, search.SearchDocument)
    assert hit.sort_ == [1, "a"]
    body = auth.MarketplaceGoogleSignupInput(x_gcp_marketplace_token="geheim")
    assert unstructure(body) == {"x-gcp-marketplace-token": "geheim"}


def test_the_entries_of_a_mixed_list_are_what_their_type_says() -> None:
    contents = structure(
        {"objects": [{"id": "1", "object_type": "collections"}, {"object_type": "assets"}]},
        assets.CollectionContents,
    )
    assert [type(one).__name__ for one in contents.objects or []] == [
        "CollectionElastic",
        "AssetElastic",
    ]


def test_without_a_type_an_entry_is_what_knows_most_of_its_fields() -> None:
    contents = structure({"objects": [{"is_root": True, "parents": []}]}, assets.CollectionContents)
    assert isinstance((contents.objects or [])[0], assets.CollectionElastic)


def test_an_action_is_told_by_its_tag() -> None:
    automation = structure({"actions": [{"type": "TRANSCODE"}]}, automations.Automation)
    assert isinstance((automation.actions or [])[0], automations.TranscodeAction)


# --- all of them -----------------------------------------------------------------------------


def all_models() -> list[type[Model]]:
    modules = [importlib.import_module(f"tgiconik.iconik.models.{name}") for name in SERVICES]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, Model) and one is not Model]


def test_every_model_can_be_read_and_made_and_sent() -> None:
    models = all_models()
    assert len(models) > 1_000
    for model in models:
        assert structure({}, model) == model()
        # What is sent unasked is what can only have one value.
        assert all(isinstance(value, str) for value in unstructure(model()).values())


def test_every_field_of_a_model_to_read_may_be_left_out_and_of_one_to_send_is_unset() -> None:
    for model in all_models():
        sent = model.__name__.endswith("Input")
        for field in attrs.fields(model):
            fixed = sent and isinstance(field.default, str)
            assert fixed or field.default is (UNSET if sent else None), (model, field.name)
