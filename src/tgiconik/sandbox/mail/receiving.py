"""The receiving system: it adds its findings to mails, and it reports failures."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import getaddresses

#: Writes no name in `Authentication-Results`, as Microsoft 365.
ABSENT = "absent"
#: The answer about an address that mails bounce from.
UNKNOWN_USER = "550 5.1.1 user unknown"


def received(
    raw: bytes, *, sender: str, recipient: str, authserv_id: str, is_proven: bool
) -> bytes:
    """A mail as it lies in a mailbox.

    Args:
        raw: the mail, with whatever headers its sender put into it.
        sender: address of the envelope's sender; empty for reports.
        recipient: address that it was delivered to.
        authserv_id: the system's name in `Authentication-Results`.
        is_proven: whether DMARC passes for the domain in From.
    """
    result = "pass" if is_proven else "fail"
    finding = f"dmarc={result} header.from={from_domain(raw)}"
    ident = "" if authserv_id == ABSENT else f"{authserv_id}; "
    lines = [
        f"Return-Path: <{sender}>",
        f"Delivered-To: {recipient}",
        f"Authentication-Results: {ident}{finding}",
        "Received: from sender.example by mx.sandbox with ESMTP; Mon, 2 Mar 2026 09:00:00 +0000",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + raw


def from_domain(raw: bytes) -> str:
    """The domain of the first address in From; empty if there is none."""
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
    addresses = getaddresses([str(head.get("From", ""))])
    return addresses[0][1].rpartition("@")[2].lower() if addresses else ""


def bounce(raw: bytes, *, recipient: str, sender: str) -> bytes:
    """The report that a mail could not be delivered (RFC 3464).

    Args:
        raw: the mail.
        recipient: address that cannot be delivered to.
        sender: whom the report goes to.
    """
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
    report = EmailMessage(policy=policy.SMTP)
    report["From"] = "Mail Delivery System <mailer-daemon@mx.sandbox>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Auto-Submitted"] = "auto-replied"
    boundary = "=-report"
    report["MIME-Version"] = "1.0"
    kind = "multipart/report; report-type=delivery-status"
    status = (
        "Reporting-MTA: dns; mx.sandbox\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; {UNKNOWN_USER}\r\n"
    )
    returned = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    parts = [
        ("text/plain", "It could not be delivered.\r\n"),
        ("message/delivery-status", status),
        ("text/rfc822-headers", returned),
    ]
    body = "".join(
        f"--{boundary}\r\nContent-Type: {name}\r\n\r\n{text}\r\n" for name, text in parts
    )
    written = f'Content-Type: {kind}; boundary="{boundary}"\r\n\r\n{body}--{boundary}--\r\n'
    return report.as_bytes().split(b"\r\n\r\n")[0] + b"\r\n" + written.encode(errors="replace")
