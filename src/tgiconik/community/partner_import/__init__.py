"""Partners and their groups from a CSV file, or from Trading Grid's directory.

    profiles = read_partner_csv("partners.csv")
    print(await import_partners(grid, profiles, dry_run=True))
    print(await import_partners(grid, profiles))

The same as commands: `python -m tgiconik.community partners import partners.csv`.
"""

from tgiconik.community.partner_import.current import (
    CurrentPartners,
    HasCommunity,
    profiles_of,
    read_current,
)
from tgiconik.community.partner_import.directory import (
    DirectoryProfiles,
    HasDirectory,
    profiles_from_directory,
)
from tgiconik.community.partner_import.plan import (
    Action,
    FieldChange,
    ImportPlan,
    PlannedPartner,
    plan_import,
)
from tgiconik.community.partner_import.profile import ContactProfile, PartnerProfile
from tgiconik.community.partner_import.reading import read_partner_csv
from tgiconik.community.partner_import.report import ImportState, PartnerImport, PartnerOutcome
from tgiconik.community.partner_import.run import import_partners
from tgiconik.community.partner_import.writing import partner_csv, write_partner_csv

__all__ = [
    "Action",
    "ContactProfile",
    "CurrentPartners",
    "DirectoryProfiles",
    "FieldChange",
    "HasCommunity",
    "HasDirectory",
    "ImportPlan",
    "ImportState",
    "PartnerImport",
    "PartnerOutcome",
    "PartnerProfile",
    "PlannedPartner",
    "import_partners",
    "partner_csv",
    "plan_import",
    "profiles_from_directory",
    "profiles_of",
    "read_current",
    "read_partner_csv",
    "write_partner_csv",
]
