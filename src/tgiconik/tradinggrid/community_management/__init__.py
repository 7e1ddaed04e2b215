"""Community Management Services: companies, the partner directory, users, roles, entitlements.

Source: OpenText's repository BN-Trading-Grid. Requests are exact; the shapes of the answers are not
published beyond a few names, so answers are read leniently and keep every field in `extra`. Field
names are the published ones, misspelling included.
"""

from tgiconik.tradinggrid.community_management.companies import Companies, Entitlements
from tgiconik.tradinggrid.community_management.models import (
    Address,
    Company,
    ContactInformation,
    DirectoryPartner,
    Entitlement,
    LoginId,
    QuestionAndAnswer,
    Role,
    RoleName,
    User,
    UserCreate,
    UserId,
    UserUpdate,
)
from tgiconik.tradinggrid.community_management.partners import PartnerDirectory
from tgiconik.tradinggrid.community_management.users import RoleChange, Users

__all__ = [
    "Address",
    "Companies",
    "Company",
    "ContactInformation",
    "DirectoryPartner",
    "Entitlement",
    "Entitlements",
    "LoginId",
    "PartnerDirectory",
    "QuestionAndAnswer",
    "Role",
    "RoleChange",
    "RoleName",
    "User",
    "UserCreate",
    "UserId",
    "UserUpdate",
    "Users",
]
