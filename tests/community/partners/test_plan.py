"""A plan holds what an import would change, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tgiconik import UNSET, errors
from tgiconik.community.partner_import import (
    Action,
    ContactProfile,
    CurrentPartners,
    FieldChange,
    ImportPlan,
    PartnerProfile,
    plan_import,
    profiles_of,
)
from tgiconik.tradinggrid.collaboration import Contact, Group, Partner

STAMPS: dict[str, Any] = {
    "written_by": "operator",
    "created_at": datetime(2026, 3, 2, tzinfo=UTC),
    "updated_at": datetime(2026, 3, 2, tzinfo=UTC),
    "etag": '"1"',
}
EVA = Contact(email="eva@alpin.example", name="Eva Huber", role="media", login_id="eva")
RETAIL = Group(id="GRP-1", name="Retail", external_id="shops", **STAMPS)
LAUNCH = Group(id="GRP-2", name="Launch", **STAMPS)


def partner(**fields: Any) -> Partner:  # noqa: ANN401 - any field
    known: dict[str, Any] = {
        "company_id": "GC1",
        "name": "Alpin",
        "contacts": (EVA,),
        "regions": ("AT", "DE"),
        "languages": ("de",),
        "groups": ("GRP-1",),
    }
    return Partner(**{**known, **STAMPS, **fields})


def profile(**fields: Any) -> PartnerProfile:  # noqa: ANN401 - any field
    return PartnerProfile(**{"company_id": "GC1", "name": "Alpin", **fields})


def plan(*profiles: PartnerProfile, there: Partner | None = None, **options: bool) -> ImportPlan:
    return plan_import(profiles, community(there), **options)


def community(there: Partner | None, *more: Group) -> CurrentPartners:
    partners = {} if there is None else {there.company_id: there}
    return CurrentPartners(partners, (RETAIL, LAUNCH, *more))


def test_a_partner_without_a_profile_is_created() -> None:
    (planned,) = plan(profile(groups=["Retail"])).partners

    assert planned.action is Action.CREATE
    assert planned.groups_joined == ("Retail",)
    assert not planned.has_contact


def test_what_is_unset_stays() -> None:
    assert plan(profile(), there=partner()).is_empty


def test_an_empty_value_clears() -> None:
    (planned,) = plan(profile(regions=[]), there=partner()).partners

    assert planned.action is Action.CHANGE
    assert planned.changes == (FieldChange(field="regions", before=("AT", "DE"), after=()),)
    assert str(planned.changes[0]) == "regions: AT, DE → none"


def test_every_field_that_changes_is_told() -> None:
    new = profile(name="Alpin AG", contacts=[], regions=["CH"], languages=["fr"])

    (planned,) = plan(new, there=partner()).partners

    assert [one.field for one in planned.changes] == ["name", "contacts", "regions", "languages"]
    assert planned.changes[1].before == ("Eva Huber <eva@alpin.example> (media, eva)",)


def test_the_order_of_a_list_is_no_change() -> None:
    assert plan(profile(regions=["DE", "AT"]), there=partner()).is_empty


def test_a_contact_keeps_what_the_import_does_not_tell() -> None:
    same = ContactProfile(email="EVA@alpin.example", role="legal")

    (planned,) = plan(profile(contacts=[same]), there=partner()).partners

    (change,) = planned.changes
    assert change.after == ("Eva Huber <EVA@alpin.example> (legal, eva)",)


def test_of_two_contacts_with_one_address_the_one_with_the_role_is_kept() -> None:
    legal = Contact(email=EVA.email, name="Eva Huber", role="legal", login_id="legal-eva")
    roles = [ContactProfile(email=EVA.email, role=one) for one in ("legal", "media")]

    (planned,) = plan(profile(contacts=roles), there=partner(contacts=(legal, EVA))).partners

    assert planned.action is Action.KEEP


@pytest.mark.parametrize("named", ["GRP-1", "shops", "Retail", "RETAIL"])
def test_a_group_is_found_by_id_external_id_or_name(named: str) -> None:
    assert plan(profile(groups=[named]), there=partner()).is_empty


def test_a_group_that_is_not_there_is_created_once() -> None:
    new = plan(profile(groups=["Ski", "SKI"]), profile(company_id="GC2", groups=["ski"]))

    assert new.groups_created == ("Ski",)
    assert [one.groups_joined for one in new.partners] == [("Ski",), ("ski",)]


def test_a_group_that_an_import_made_is_found_after_it_was_renamed() -> None:
    renamed = Group(id="GRP-3", name="Winter sports", external_id="group:ski", **STAMPS)

    new = plan_import([profile(groups=["Ski"])], community(partner(), renamed))

    assert new.groups_created == ()
    assert new.partners[0].groups_joined == ("Winter sports",)


def test_a_name_of_several_groups_is_refused() -> None:
    other = Group(id="GRP-3", name="retail", **STAMPS)

    with pytest.raises(errors.ConfigurationError, match="give the id, of GRP-1, GRP-3"):
        plan_import([profile(groups=["Retail"])], community(None, other))
    assert plan_import([profile(groups=["GRP-3"])], community(None, other)).groups_created == ()


def test_groups_are_left_only_with_prune() -> None:
    new = profile(groups=["Launch"])

    (kept,) = plan(new, there=partner()).partners
    (pruned,) = plan(new, there=partner(), prune=True).partners

    assert (kept.groups_joined, kept.groups_left) == (("Launch",), ())
    assert (pruned.groups_joined, pruned.groups_left) == (("Launch",), ("Retail",))


def test_groups_that_are_unset_are_not_left_with_prune() -> None:
    assert plan(profile(groups=UNSET), there=partner(), prune=True).is_empty
    assert not plan(profile(groups=[]), there=partner(), prune=True).is_empty


def test_a_partner_without_a_profile_in_the_import_is_left_alone() -> None:
    assert plan(there=partner(), prune=True).is_empty


def test_two_profiles_of_one_partner_are_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="'GC1' has 2 profiles"):
        plan(profile(), profile(name="Other"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"company_id": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"contacts": [ContactProfile(email="nobody")]},
        {"contacts": [ContactProfile(email="a@b.example"), ContactProfile(email="A@b.example")]},
        {"regions": "AT"},
        {"languages": ["de_AT!"]},
        {"groups": [""]},
    ],
)
def test_a_profile_that_is_not_valid_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError):
        plan(profile(**wrong))


def test_what_is_exported_changes_nothing() -> None:
    current = community(partner(contacts=(EVA, EVA)))

    (exported,) = profiles_of(current)

    assert exported.groups == ("Retail",)
    assert exported.contacts == (
        ContactProfile(email=EVA.email, name="Eva Huber", role="media", login_id="eva"),
    )
    assert plan_import([exported], community(partner())).is_empty


def test_an_export_keeps_the_order_of_contacts() -> None:
    contacts = tuple(Contact(email=f"{one}@alpin.example", role="media") for one in "cab")
    current = community(partner(contacts=contacts))

    assert plan_import(profiles_of(current), current).is_empty


def test_an_export_names_a_group_by_id_where_its_name_is_not_enough() -> None:
    other = Group(id="GRP-3", name="RETAIL", **STAMPS)

    (exported,) = profiles_of(community(partner(groups=("GRP-1", "GRP-2")), other))

    assert exported.groups == ("GRP-1", "Launch")


def test_a_plan_is_plain_data_and_a_table() -> None:
    new = plan(profile(name="<b>", regions=["CH"]), there=partner())

    assert new.to_dict()["partners"][0]["changes"][0] == {
        "field": "name",
        "before": ["Alpin"],
        "after": ["<b>"],
    }
    shown = new._repr_html_()
    assert "regions: AT<br>DE → CH" in shown
    assert "<b>" not in shown
