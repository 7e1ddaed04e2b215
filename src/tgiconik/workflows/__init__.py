"""One function per use case, and the parts they are made of.

Every workflow takes its clients as arguments, brings both platforms to a state, and can be run
again at any moment. It returns a value that says what became of each partner and what was read,
decided and written; `dry_run=True` writes nothing and says what would be.
"""

from tgiconik.workflows._candidates import Candidate, Candidates, Score, find_candidates
from tgiconik.workflows._correction import publish_correction
from tgiconik.workflows._delivery import post_delivery
from tgiconik.workflows._directory import NewUser, UserOutcome
from tgiconik.workflows._issue import link_issue
from tgiconik.workflows._links import share_key
from tgiconik.workflows._outcome import Outcome, State
from tgiconik.workflows._package import Package, Packed, deliver_package
from tgiconik.workflows._progress import ProgressBar
from tgiconik.workflows._project import TaskPlan
from tgiconik.workflows._readiness import PartnerReadiness, Readiness
from tgiconik.workflows._sharing import share_with_partner
from tgiconik.workflows._trail import Step, Trail, Verb
from tgiconik.workflows.audit import AuditRecord, Subject, build_audit_record, verify_audit_record
from tgiconik.workflows.comply import ComplianceDistribution, distribute_compliant_version
from tgiconik.workflows.distribute import (
    Distribution,
    Distributions,
    distribute_approved_asset,
    distribute_tagged_assets,
    read_receipts,
)
from tgiconik.workflows.enhance import Enhancement, process_enhancement_request
from tgiconik.workflows.fulfill import Fulfillment, fulfill_media_request
from tgiconik.workflows.launch import (
    Campaign,
    Launch,
    coordinate_campaign_launch,
    launch_readiness,
)
from tgiconik.workflows.onboard import (
    PARTNER,
    Onboarding,
    OnboardingTemplate,
    onboard_partner,
    onboarding_status,
)
from tgiconik.workflows.recall import Recall, recall_version
from tgiconik.workflows.resolve import Resolution, resolve_media_issue
from tgiconik.workflows.verify import Verification, Way, verify_distribution

__all__ = [
    "PARTNER",
    "AuditRecord",
    "Campaign",
    "Candidate",
    "Candidates",
    "ComplianceDistribution",
    "Distribution",
    "Distributions",
    "Enhancement",
    "Fulfillment",
    "Launch",
    "NewUser",
    "Onboarding",
    "OnboardingTemplate",
    "Outcome",
    "Package",
    "Packed",
    "PartnerReadiness",
    "ProgressBar",
    "Readiness",
    "Recall",
    "Resolution",
    "Score",
    "State",
    "Step",
    "Subject",
    "TaskPlan",
    "Trail",
    "UserOutcome",
    "Verb",
    "Verification",
    "Way",
    "build_audit_record",
    "coordinate_campaign_launch",
    "deliver_package",
    "distribute_approved_asset",
    "distribute_compliant_version",
    "distribute_tagged_assets",
    "find_candidates",
    "fulfill_media_request",
    "launch_readiness",
    "link_issue",
    "onboard_partner",
    "onboarding_status",
    "post_delivery",
    "process_enhancement_request",
    "publish_correction",
    "read_receipts",
    "recall_version",
    "resolve_media_issue",
    "share_key",
    "share_with_partner",
    "verify_audit_record",
    "verify_distribution",
]
