"""Workflows: one function per use case, and the functions they are composed of.

Every workflow takes its clients as arguments, brings both platforms to a defined state and is
idempotent. It returns the outcome for each partner and the timeline of what was read, decided and
written. With `dry_run=True` it writes nothing and reports what it would write.
"""

from tgiconik.workflows.asset_distribution import (
    Distribution,
    Distributions,
    distribute_approved_asset,
    distribute_tagged_assets,
    read_receipts,
)
from tgiconik.workflows.audit import (
    AuditRecord,
    AuditVerification,
    Subject,
    build_audit_record,
    verify_audit_record,
)
from tgiconik.workflows.campaign_launch import (
    Campaign,
    Launch,
    coordinate_campaign_launch,
    launch_readiness,
)
from tgiconik.workflows.compliant_version import (
    ComplianceDistribution,
    distribute_compliant_version,
)
from tgiconik.workflows.distribution.package import Package, Packed, deliver_package
from tgiconik.workflows.distribution.reconciliation import ForeignShare
from tgiconik.workflows.distribution.ways import Verification, Way
from tgiconik.workflows.distribution_check import verify_distribution
from tgiconik.workflows.enhancement_request import Enhancement, process_enhancement_request
from tgiconik.workflows.link_reconciliation import Reconciliation, reconcile_links
from tgiconik.workflows.media_issue import Resolution, resolve_media_issue
from tgiconik.workflows.media_request import Fulfillment, fulfill_media_request
from tgiconik.workflows.partner_onboarding import (
    PARTNER,
    Onboarding,
    OnboardingTemplate,
    onboard_partner,
    onboarding_status,
)
from tgiconik.workflows.projects.project import TaskPlan
from tgiconik.workflows.projects.readiness import PartnerReadiness, Readiness
from tgiconik.workflows.projects.users import NewUser, UserOutcome
from tgiconik.workflows.run.progress_bar import ProgressBar
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.trail import Step, Trail, Verb
from tgiconik.workflows.sharing.delivery import post_delivery, share_key
from tgiconik.workflows.sharing.share import share_with_partner
from tgiconik.workflows.tickets.articles import Article, ArticleNumbers
from tgiconik.workflows.tickets.candidates import Candidate, Candidates, Score, find_candidates
from tgiconik.workflows.tickets.containment import link_issue
from tgiconik.workflows.tickets.correction import publish_correction
from tgiconik.workflows.version_recall import Recall, recall_version

__all__ = [
    "PARTNER",
    "Article",
    "ArticleNumbers",
    "AuditRecord",
    "AuditVerification",
    "Campaign",
    "Candidate",
    "Candidates",
    "ComplianceDistribution",
    "Distribution",
    "Distributions",
    "Enhancement",
    "ForeignShare",
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
    "Reconciliation",
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
    "reconcile_links",
    "resolve_media_issue",
    "share_key",
    "share_with_partner",
    "verify_audit_record",
    "verify_distribution",
]
