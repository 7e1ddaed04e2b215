"""Use case 8: one sealed record of requests, approvals, access and downloads."""

from tgiconik.workflows.audit.build import build_audit_record
from tgiconik.workflows.audit.chain import AuditVerification, Problem, Tampering
from tgiconik.workflows.audit.events import Event, EventKind, Platform, Sighting
from tgiconik.workflows.audit.findings import Finding, FindingCode
from tgiconik.workflows.audit.record import AuditRecord, verify_audit_record
from tgiconik.workflows.audit.sources import Gap, Subject

__all__ = [
    "AuditRecord",
    "AuditVerification",
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
    "build_audit_record",
    "verify_audit_record",
]
