"""Bounces, automatic answers, loops and mails that are too large end as notes or are kept."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tgiconik.community.post.channel import Act, Note, Quarantine, SendState, Tracking
from tgiconik.community.post.mail.names import message_id
from tgiconik.community.post.mail.reading import identity, read, with_size
from tgiconik.sandbox.mail.receiving import bounce

from .mails import BRAND, MIA, NAME, TOKEN, Community, button, mail, partner, token

REPLY_TO = f"Reply-To: post+{TOKEN}@brand.example\r\n"


def report(
    *, recipient: str = MIA, name: str = NAME, to: str = MIA, tokens: str = REPLY_TO
) -> bytes:
    id_ = message_id(name, to, "brand.example")
    letter = f"From: {BRAND}\r\n{tokens}Message-ID: {id_}\r\n\r\nHello"
    return bounce(letter.encode(), recipient=recipient, sender=BRAND)


def test_a_bounce_says_which_letter_and_which_contact() -> None:
    judgement = Community().judge(report())

    text = "550 5.1.1 user unknown"
    assert judgement == Note(
        text=f"The letter came back: {text}",
        tracking=Tracking(name=NAME, state=SendState.BOUNCED, text=text),
        bounced=MIA,
    )


def test_a_bounce_whose_letter_is_enclosed_whole_is_read() -> None:
    outer = EmailMessage(policy=policy.SMTP)
    outer["From"] = "mailer-daemon@mx.example"
    outer.set_content("It failed.")
    letter = EmailMessage(policy=policy.SMTP)
    letter["Message-ID"] = message_id(NAME, MIA, "brand.example")
    letter["Reply-To"] = f"post+{TOKEN}@brand.example"
    letter.set_content("Hello")
    outer.add_attachment(letter)
    status = (
        b"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Original-Recipient: rfc822;mia@partner.example\r\nFinal-Recipient: rfc822;z@y.example\r\n"
        b"Action: failed\r\nStatus: 5.2.2\r\n\r\n"
    )
    body = b"--B\r\n" + bytes(letter_part(letter)) + b"\r\n" + status + b"--B--\r\n"
    head = b'From: x@y\r\nContent-Type: multipart/report; report-type="delivery-status"; boundary=B'

    judgement = Community().judge(head + b"\r\n\r\n" + body)

    assert isinstance(judgement, Note)
    assert judgement.bounced == MIA
    assert judgement.text == "The letter came back: 5.2.2"


def letter_part(letter: EmailMessage) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + letter.as_bytes()


@pytest.mark.parametrize(
    "raw",
    [
        # About a letter that was never sent, or to somebody else.
        report(name="0000000099-xyz"),
        report(recipient="bob@other.example"),
        # Delayed only.
        report().replace(b"Action: failed", b"Action: delayed"),
        # Without the letter's head.
        report().replace(b"Message-ID", b"X-Other"),
    ],
)
def test_a_bounce_that_proves_nothing_marks_nobody(raw: bytes) -> None:
    judgement = Community().judge(raw)

    assert isinstance(judgement, Note)
    assert judgement.tracking is None
    assert judgement.bounced == ""


def test_the_token_of_a_letter_that_came_back_may_be_in_its_subject() -> None:
    judgement = Community().judge(report(tokens=f"Subject: Your film [#{TOKEN}]\r\n"))

    assert isinstance(judgement, Note)
    assert judgement.bounced == MIA


BOB, EVE = "bob@other.example", "eve@partner.example"


@pytest.mark.parametrize(
    "raw",
    [
        # Names and digests of letters can be guessed, and colleagues get letters of the same name.
        report(tokens=""),
        report(tokens="Reply-To: post+neverGivenOut1@brand.example\r\n"),
        report(tokens=f"Reply-To: post+{TOKEN}@elsewhere.example\r\n"),
        report(tokens="Reply-To: post+tokenOfBob1@brand.example\r\n"),
        report(tokens="Reply-To: post+tokenOfEve1@brand.example\r\n"),
        # The right token beside the letter, and not in it.
        report(tokens="").replace(b"To: ", f"To: post+{TOKEN}@brand.example, ".encode(), 1),
        report(tokens="").replace(b"Subject: ", f"Subject: [#{TOKEN}] ".encode(), 1),
    ],
)
def test_a_bounce_without_the_letter_of_that_very_contact_waits_for_an_operator(
    raw: bytes,
) -> None:
    others = [
        token(token="tokenofbob1", partner_id="GC-PB", contact=BOB),
        token(token="tokenofeve1", contact=EVE),
    ]
    community = Community(
        tokens=[token(), *others], partners=[partner("GC-PA", MIA, EVE), partner("GC-PB", BOB)]
    )

    judgement = community.judge(raw)

    assert isinstance(judgement, Quarantine)
    assert judgement.act is None
    assert "nobody knows whether that is so" in judgement.reason


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Generated; why=x"},
        {"Return_Path": "<>"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<list.example>", "Auto_Submitted": "auto-replied"},
        {"List_Id": "<list.example>", "X_Autoreply": "yes"},
        {"List_Id": "<list.example>", "X_Tgiconik_Letter": NAME},
        {"X_Tgiconik_Letter": NAME},
        {"Content_Type": "multipart/report; report-type=disposition-notification; boundary=B"},
    ],
)
def test_what_no_person_wrote_is_a_note_even_with_the_right_token(header: dict[str, str]) -> None:
    assert isinstance(Community().judge(button("CONFIRM", **header)), Note)


def test_what_says_that_a_person_wrote_it_is_carried_out() -> None:
    assert not isinstance(Community().judge(button("CONFIRM", Auto_Submitted="no")), Note)


LISTED = [
    {"List_Id": "<media.partner.example>"},
    {"Precedence": "list"},
    {"List_Id": "Media <media.partner.example>", "Precedence": "list"},
]


@pytest.mark.parametrize("header", LISTED)
def test_what_a_contact_sends_from_a_group_address_is_carried_out(header: dict[str, str]) -> None:
    assert isinstance(Community().judge(button("CONFIRM", **header)), Act)
    assert isinstance(Community().judge(mail("Thank you.", **header)), Act)
    form = mail("Kind: enhancement\nSubject: A cut", to=BRAND, subject="New request", **header)
    assert isinstance(Community(tokens=[]).judge(form), Act)


@pytest.mark.parametrize("header", LISTED)
def test_a_group_address_proves_nothing(header: dict[str, str]) -> None:
    for raw in (
        button("CONFIRM", results=[], **header),
        button("CONFIRM", sender="eve@partner.example", **header),
    ):
        judgement = Community().judge(raw)
        assert isinstance(judgement, Quarantine)
        assert judgement.act is not None


@pytest.mark.parametrize("header", LISTED)
@pytest.mark.parametrize("sender", [MIA, "news@elsewhere.example", "a@b.example, c@d.example"])
def test_a_mail_of_a_list_without_token_and_form_is_a_note_and_gets_no_answer(
    header: dict[str, str], sender: str
) -> None:
    for subject in ("News of the week", "FORM", "FORM issue"):
        raw = mail("Dear all", to=BRAND, subject=subject, sender=sender, **header)
        judgement = Community(tokens=[]).judge(raw)
        assert judgement == Note(text="It is a mail of a mailing list")


def test_our_own_letter_is_a_note() -> None:
    raw = mail().replace(b"<1@partner>", message_id(NAME, MIA, "brand.example").encode())

    assert Community().judge(raw) == Note(text="A letter of ours came back")
    assert isinstance(Community().judge(mail(sender=BRAND)), Note)


def test_a_mail_that_is_too_large_is_kept_for_an_operator() -> None:
    head = button("CONFIRM").split(b"\r\n\r\n")[0] + b"\r\n\r\n"

    judgement = Community().judge(with_size(head, 40 * 1024 * 1024))

    assert judgement == Quarantine(
        reason="The mail is too large: it has 41,943,040 bytes, and 1,000,000 are collected at "
        "the most"
    )


def test_a_mail_is_the_same_whichever_way_it_came() -> None:
    again = b"Received: from elsewhere\r\nReturn-Path: <x@y>\r\n" + mail()

    assert identity(mail()) == identity(again)


def test_mails_with_the_same_message_id_are_told_apart() -> None:
    assert identity(mail("One")) != identity(mail("Two"))
    assert identity(mail(subject="One")) != identity(mail(subject="Two"))
    assert identity(mail(sender="eve@evil.example")) != identity(mail())


def test_an_identity_can_be_an_external_id_and_a_key() -> None:
    assert identity(b"\xff" * 100).isascii()
    assert len(identity(b"")) < 64


def test_a_sandbox_bounce_is_a_report_to_others_too() -> None:
    parsed = message_from_bytes(report(), policy=policy.default)

    assert [part.get_content_type() for part in parsed.walk()][:3] == [
        "multipart/report",
        "text/plain",
        "message/delivery-status",
    ]
    assert read(report()).report is not None
