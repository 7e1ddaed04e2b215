"""The directory's partners get a profile, and profiles that it does not know are named."""

from tgiconik import TradingGridClient
from tgiconik.community.partner_import import (
    ImportState,
    PartnerProfile,
    import_partners,
    profiles_from_directory,
)
from tgiconik.community.partner_import.directory import compared
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid.community_management import DIRECTORY
from tgiconik.tradinggrid.community_management import DirectoryPartner

ALPIN = "GC10000499AT"


def list_in_directory(sandbox: Sandbox, company_id: str, name: str) -> None:
    sandbox.state.store.put(
        DIRECTORY,
        f"{credentials.COMPANY_ID}/{company_id}",
        {"companyId": company_id, "partnerCompanyId": company_id, "partnerCompanyName": name,
         "tradingAddress": f"ZZ:{company_id}"},
        parent=credentials.COMPANY_ID,
    )  # fmt: skip


async def test_a_partner_without_a_profile_gets_one_and_is_told_as_without_contact(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    listed_before = {one.company_id async for one in grid.partners.list()}
    list_in_directory(sandbox, "GC77", "Fjell AS")

    found = await profiles_from_directory(grid)
    done = await import_partners(grid, found.profiles)

    assert "GC77" in found.added
    assert not {world.NORDLICHT, world.SUMMIT, world.YAMA} & set(found.added)
    assert set(found.added) <= listed_before | {"GC77"}
    assert done.without_contact == found.added
    assert (await grid.community.partners.get("GC77")).name == "Fjell AS"
    again = await profiles_from_directory(grid)
    assert again.profiles == ()


async def test_a_profile_of_the_file_counts_and_the_directorys_name_does_not(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    list_in_directory(sandbox, "GC77", "FJELL A/S")
    own = PartnerProfile(company_id="GC77", name="Fjell")

    found = await profiles_from_directory(grid, [own])

    assert found.profiles[0] is own
    assert "GC77" not in found.added
    assert found.unknown == ()


async def test_profiles_that_the_directory_does_not_know_are_named_and_imported(
    grid: TradingGridClient,
) -> None:
    own = PartnerProfile(company_id="GC-TYPO", name="Alpin")

    found = await profiles_from_directory(grid, [own])
    done = await import_partners(grid, found.profiles)

    assert found.unknown == ("GC-TYPO",)
    assert "not in the directory: GC-TYPO" in str(found)
    assert done.outcomes[0].state is ImportState.CREATED


def test_an_entry_without_a_usable_company_id_is_counted() -> None:
    listed = [
        DirectoryPartner(company_id=None, partnerCompanyName="Nobody"),
        DirectoryPartner(company_id="..", partnerCompanyName="Path"),
        DirectoryPartner(company_id=ALPIN, partnerCompanyName="Alpin"),
    ]

    found = compared([], listed, [])

    assert (found.added, found.unusable) == ((ALPIN,), 2)
    assert "entries of the directory without a company id: 2" in str(found)


def test_an_entry_that_is_there_twice_is_one_partner_with_the_first_name() -> None:
    names = (None, "Alpin", "Other")
    listed = [DirectoryPartner(company_id=ALPIN, partnerCompanyName=name) for name in names]

    assert compared([], listed, []).profiles == (PartnerProfile(company_id=ALPIN, name="Alpin"),)


def test_a_name_that_cannot_be_one_is_replaced_by_the_company_id() -> None:
    for name in (None, "", "Two\nlines", "x" * 501):
        listed = [DirectoryPartner(company_id=ALPIN, partnerCompanyName=name)]
        assert compared([], listed, []).profiles[0].name == ALPIN
