"""Use case 8: one ordered, joined and sealed record of who asked, approved, got what, and when."""

from tgiconik.workflows.audit.build import build_audit_record
from tgiconik.workflows.audit.chain import Problem, Tampering, Verification, verify_audit_record
from tgiconik.workflows.audit.events import Event, EventKind, Platform, Sighting
from tgiconik.workflows.audit.findings import Finding, FindingCode
from tgiconik.workflows.audit.record import AuditRecord
from tgiconik.workflows.audit.sources import Gap
from tgiconik.workflows.audit.subject import Subject

__all__ = [
    "AuditRecord",
    "Event",
    "EventKind",
    "Finding",
    "FindingCode",
    "Gap",
    "Platform",
    "Problem",
    "Sighting",
    "Subject",
    "Tampering",
    "Verification",
    "build_audit_record",
    "verify_audit_record",
]
