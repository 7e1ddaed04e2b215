"""Automation: workflows that run because something happened, and that a crash does not lose.

    automation = Automation([
        on_request("media_request", fulfill_media_request, policy=policy),
        every("0 2 * * *", distribute_tagged_assets, policy=policy),
    ])
    async with automation.worker(database="sqlite:///automation.db", journal=community) as worker:
        await worker.run()

Needs the extra `automation`, and asyncio.
"""

from tgiconik.automation.automation import Automation
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.automation.hooks import Hook
from tgiconik.automation.journal import Entry, Journal
from tgiconik.automation.planning import LiveWorker, Patience
from tgiconik.automation.receiver import Submit, WebhookReceiver
from tgiconik.automation.rules import (
    Rule,
    every,
    on_asset_approved,
    on_issue,
    on_receipt,
    on_request,
    on_task_done,
)
from tgiconik.automation.store import Overview, Parked, Run, WaitingCause
from tgiconik.automation.worker import Worker

__all__ = [
    "Automation",
    "Cause",
    "CauseKind",
    "Entry",
    "Hook",
    "Journal",
    "LiveWorker",
    "Overview",
    "Parked",
    "Patience",
    "Rule",
    "Run",
    "Submit",
    "WaitingCause",
    "WebhookReceiver",
    "Worker",
    "every",
    "on_asset_approved",
    "on_issue",
    "on_receipt",
    "on_request",
    "on_task_done",
]
