"""Each example runs alone and tells its story."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("example", "told"),
    [
        (
            "distribute_approved_asset",
            [
                "? share Summer lookbook with GC10000401DE by link",
                "0 things were written",
                "→ announce Summer lookbook to 2 partners",
                "GC10000403JP does not get it: Not cleared for JP.",
                "GC10000402US has done: downloaded",
                "→ announce Summer lookbook to 1 partner",
                "does not get it: The version is held back.",
                "0 links are open",
            ],
        ),
        (
            "by_mailbox",
            [
                "GC10000401DE sends 1 files and reads 0 letters",
                "request of REQ-100001",
                "✉ REQ-100001 ist eingereicht: Film for the screens in our stores",
                "✉ REQ-100001 ist erfüllt",
                "Spring launch film: a link for GC10000401DE alone",
                "REQ-100001 is confirmed",
            ],
        ),
        (
            "service",
            [
                "asset_approved:distribute_approved_asset for assets/",
                "media_request:fulfill_media_request for requests/REQ-1042: done",
                # Runs go beside each other: any of their documents may be the first.
                "somebody opened “",
            ],
        ),
        (
            "webhook_receiver",
            [
                "create assets (all)",
                "keep assets (all)",
                "approvals update: answered 204",
                "asset_approved:distribute_approved_asset: done",
                "2 partners have a link",
            ],
        ),
        (
            "process_enhancement_request",
            [
                "asks in REQ-",
                "the media team to make a new version",
                "The approval of the version is none.",
                "→ share Spring launch film with GC10000401DE by link",
                "confirms REQ-",
                "is confirmed: nothing to do",
            ],
        ),
        (
            "resolve_media_issue",
            [
                "reports ISS-",
                "? hold version",
                "? upload summer-lookbook.png as a new version",
                "→ tell 2 partners not to use Summer lookbook",
                "… the corrected version to be approved",
                "0 links are open",
                "→ announce Summer lookbook to 2 partners",
                "= GC10000402US: delivered",
                "is confirmed: nothing to do",
            ],
        ),
        (
            "coordinate_campaign_launch",
            [
                "→ begin the project Spring launch",
                "rough cut may not go to GC10000401DE: The approval of the version is NOT",
                "→ announce Spring launch to 2 partners",
                "= GC10000402US: GC10000402US to confirm",
                "comments: “We would like the music louder.”",
                "→ comment on the timeline",
                "… an answer to GC10000402US: Two stores are being rebuilt",
                "The launch is completed: ready",
            ],
        ),
        (
            "onboard_partner",
            [
                "… GC10000499AT to be in the partner directory",
                "A first password is made for eva@alpin.example",
                "→ give eva@alpin.example the roles Community Viewer",
                "→ announce Welcome bundle to 1 partner",
                "The onboarding is not ready",
                "The onboarding is completed",
            ],
        ),
        (
            "own_tenant",
            [
                "Nordlicht asks in REQ-",
                "→ share Spring launch film with GC10000401DE by link",
                "Everything is started anew, from the file",
                "Nordlicht sees 1 delivery with a link, and nobody else's",
                "is confirmed: nothing to do",
            ],
        ),
        (
            "by_mail",
            [
                "Kind: media request",
                "→ applied: request of REQ-",
                "→ share Spring launch film with GC10000401DE by link",
                "Bestätigen: [button]",
                "→ quarantined: ",
                "→ applied: comment of REQ-",
                "→ applied: move of REQ-",
                "is confirmed",
            ],
        ),
        (
            "distribute_compliant_version",
            [
                "… one compliant version of Summer lookbook in CompliantVersion",
                "→ make a release asset of version",
                "2 ways are open, 0 of them to another version",
                "it is not what shows the compliant version",
                "2 ways are open, 0 of them to another version",
                "→ announce the recall of Summer lookbook to 2 partners",
                "… GC10000402US to acknowledge the recall",
                "0 ways are open, 0 of them to another version",
            ],
        ),
        (
            "build_audit_record",
            [
                "REQ-1042 is fulfilled",
                "its link is forgotten",
                "0 gaps",
                "! GC10000401DE: The share is still open, and should not be: its document was",
                "0 things were written to the platforms",
                "record.html",
                "as they were sealed: yes",
                "was altered.",
            ],
        ),
        (
            "search_and_page",
            [
                "text: Spring launch film, subtitles",
                "audio: Spring launch radio spot",
                "4 of 11",
                "and 4 more",
                "and 3 more",
            ],
        ),
        (
            "why_refused",
            [
                "GC10000401DE would get it",
                "GC10000403JP not: Not cleared for JP. (region)",
                "GC10000401DE not: 1 approved; 2 must. (too_few_approvers)",
                "marked as compliant. (not_compliant)",
                "0 things were written",
            ],
        ),
        (
            "receive_events",
            [
                "refused: the secret in X-Webhook-Secret is missing or wrong",
                "answered 403; 0 things were written",
                "GC10000401DE: delivered, GC10000402US: delivered, GC10000403JP: refused",
                "answered 204;",
                "answered 204; 0 things were written",
            ],
        ),
    ],
)
def test_an_example_tells_its_story(example: str, told: list[str]) -> None:
    command = [sys.executable, str(EXAMPLES / f"{example}.py")]

    run = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, encoding="utf-8", check=False
    )

    assert run.stderr == ""
    assert run.returncode == 0
    place = 0
    for line in told:
        assert line in run.stdout[place:], run.stdout
        place = run.stdout.index(line, place)


def test_the_example_of_a_test_is_one() -> None:
    command = [sys.executable, "-m", "pytest", "-q", str(EXAMPLES / "write_a_test.py")]

    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert run.returncode == 0, run.stdout
    assert "passed" in run.stdout
