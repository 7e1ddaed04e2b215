"""What contacts write in answer to letters becomes what they meant, and nothing more."""

from typing import Any

import pytest

from tgiconik.community.post.channel import Act, Note, Quarantine
from tgiconik.community.post.intent import Intent, IntentKind

from .mails import MIA, NAME, TOKEN, Community, button, mail, token

CONTACT = {"name": "Mia", "email": MIA, "role": "media"}


def act(raw: bytes, *, noun: str = "requests", record_id: str = "REQ-1", **fields: Any) -> Act:  # noqa: ANN401
    given = token(noun, record_id, **fields)
    judgement = Community(tokens=[given]).judge(raw)
    assert isinstance(judgement, Act)
    return judgement


@pytest.mark.parametrize("noun", ["requests", "issues"])
@pytest.mark.parametrize(
    ("keyword", "status"),
    [("CONFIRM", "confirmed"), ("REOPEN", "reopened"), ("WITHDRAW", "withdrawn")],
)
def test_a_button_moves_a_request_or_an_issue(noun: str, keyword: str, status: str) -> None:
    found = act(button(keyword, "Because."), noun=noun, record_id="X-1")

    assert found.intent == Intent(
        kind=IntentKind.MOVE,
        noun=noun,
        record_id="X-1",
        body={"status": status, "note": "Because.", "actor": MIA},
    )
    assert (found.partner_id, found.sender, found.comment) == ("GC-PA", MIA, "Because.")


def test_a_button_without_words_has_its_keyword_for_a_comment() -> None:
    found = act(button("CONFIRM"))

    assert found.intent.body["note"] is None
    assert found.comment == "CONFIRM"


def test_a_button_confirms_a_project() -> None:
    found = act(button("CONFIRM", "Ready."), noun="projects", record_id="PRJ-1")

    assert found.intent == Intent(
        kind=IntentKind.CONFIRM,
        noun="projects",
        record_id="PRJ-1",
        body={"contact": CONTACT, "note": "Ready."},
    )


def test_a_button_acknowledges_an_announcement() -> None:
    found = act(button("ACKNOWLEDGE"), noun="announcements", record_id="ANN-1")

    assert found.intent == Intent(
        kind=IntentKind.ACKNOWLEDGE,
        noun="announcements",
        record_id="ANN-1",
        body={"contact": CONTACT, "note": None},
    )


def test_a_button_is_a_receipt_of_a_delivery() -> None:
    found = act(button("ACKNOWLEDGE"), noun="deliveries", record_id="DOC-1/GC-PA")

    assert found.intent == Intent(
        kind=IntentKind.RECEIPT,
        noun="documents",
        record_id="DOC-1",
        body={"kind": "acknowledged", "contact": CONTACT},
    )


def test_a_button_ends_a_task() -> None:
    found = act(button("CONFIRM"), noun="tasks", record_id="TSK-1", above="projects/PRJ-1")

    assert found.intent == Intent(
        kind=IntentKind.TASK,
        noun="projects",
        record_id="PRJ-1",
        part_id="TSK-1",
        body={"status": "done"},
    )


def test_a_button_gives_an_approval() -> None:
    raw = button("CONFIRM", "Fine.", about="approval TSK-1")

    found = act(raw, noun="tasks", record_id="TSK-1", above="projects/PRJ-1")

    assert found.intent.body == {
        "status": "done",
        "decision": "approved",
        "decision_note": "Fine.",
    }


def test_a_button_of_another_record_moves_nothing() -> None:
    judgement = Community(tokens=[token("announcements", "ANN-1")]).judge(button("WITHDRAW"))

    assert judgement == Quarantine(reason="WITHDRAW is no move of announcements/ANN-1")


@pytest.mark.parametrize("tag", ["[EXTERNAL] ", "[EXT]"])
def test_a_tag_of_the_own_system_is_no_matter(tag: str) -> None:
    found = act(mail("", subject=f"{tag}CONFIRM REQ-1 [#{TOKEN}]"))

    assert found.intent.kind == IntentKind.MOVE


@pytest.mark.parametrize(
    "subject",
    [
        "Re: CONFIRM REQ-1 [#{token}]",
        "AW: CONFIRM REQ-1 [#{token}]",
        "Please do not CONFIRM REQ-1 [#{token}]",
        "CONFIRMED? REQ-1 [#{token}]",
        "confirm REQ-1 [#{token}]",
        "CONFIRM REQ-1, if it must be [#{token}]",
        "CONFIRM",
        "CONFIRM REQ-1",
        "[#{token}] CONFIRM",
    ],
)
def test_a_subject_that_no_button_wrote_is_a_comment(subject: str) -> None:
    found = act(mail("CONFIRM", subject=subject.format(token=TOKEN)))

    assert found.intent.kind == IntentKind.COMMENT
    assert found.intent.body["body"] == "CONFIRM"


@pytest.mark.parametrize(
    "quoted",
    [
        "\r\nOn Mon, 2 Mar 2026 at 10:00, Brand <post@brand.example> wrote:\r\n> CONFIRM\r\n> it",
        "\r\nAm 02.03.2026 um 10:00 schrieb Brand <post@brand.example>:\r\n> CONFIRM",
        "\r\nAm Mo., 2. März 2026 um 10 schrieb Brand\r\n<post@brand.example>:\r\n\r\n> CONFIRM",
        "\r\n-----Original Message-----\r\nFrom: Brand\r\nCONFIRM",
        "\r\n-----Ursprüngliche Nachricht-----\r\nVon: Brand\r\nCONFIRM",
        "\r\n________________________________\r\nFrom: Brand <post@brand.example>\r\nCONFIRM",
        "\r\nVon: Brand\r\nGesendet: Montag, 2. März 2026 10:00\r\nAn: Mia\r\nBetreff: CONFIRM\r\n",
        "\r\nFrom: Brand\r\nSent: Monday\r\nTo: Mia\r\nSubject: CONFIRM\r\n\r\nCONFIRM",
        "\r\n-- \r\nMia\r\nCONFIRM Ltd.",
        "\r\n> CONFIRM",
    ],
)  # fmt: skip
def test_what_is_quoted_says_nothing(quoted: str) -> None:
    content = {"Content_Type": "text/plain; charset=utf-8"}

    found = act(mail(f"Not yet, please.\r\n{quoted}", **content))

    assert found.intent.body["body"] == "Not yet, please."


def test_words_between_quotations_are_kept() -> None:
    text = (
        "Hello,\r\n\r\nOn 2 March 2026, Brand wrote:\r\n> Which one?\r\n\r\nThe second.\r\n\r\n"
        "> And when?\r\n\r\nOn Friday I wrote: soon.\r\n"
    )

    found = act(mail(text))

    assert found.intent.body[
        "body"
    ] == "Hello,\n\n\nThe second.\n\n\nOn Friday I wrote: soon.".replace("\n\n\n", "\n\n")


def test_an_answer_that_only_quotes_is_a_note() -> None:
    judgement = Community().judge(mail("> CONFIRM\r\n> REQ-1"))

    assert judgement == Note(text="An answer without words of its own")


@pytest.mark.parametrize(
    ("noun", "record_id", "above", "on"),
    [
        ("requests", "REQ-1", "", ("requests", "REQ-1")),
        ("comments", "CMT-1", "issues/ISS-1", ("issues", "ISS-1")),
        ("tasks", "TSK-1", "projects/PRJ-1", ("projects", "PRJ-1")),
        ("exceptions", "EXC-1", "projects/PRJ-1", ("projects", "PRJ-1")),
        ("deliveries", "DOC-1/GC-PA", "", ("documents", "DOC-1")),
        ("announcements", "ANN-1", "", ("announcements", "ANN-1")),
    ],
)
def test_free_words_are_a_comment_on_what_the_letter_was_about(
    noun: str, record_id: str, above: str, on: tuple[str, str]
) -> None:
    found = act(mail("Thank you."), noun=noun, record_id=record_id, above=above)

    assert found.intent.kind == IntentKind.COMMENT
    assert (found.intent.noun, found.intent.record_id) == on
    assert found.intent.body == {"body": "Thank you.", "author": "Mia"}


def test_a_comment_is_no_longer_than_the_contract_allows() -> None:
    found = act(mail("x" * 50_000))

    assert len(found.intent.body["body"]) == 20_000


def test_an_answer_names_the_letter_that_it_answers() -> None:
    ours = f"<{NAME}.0123456789abcdef@brand.example>"

    assert act(mail(In_Reply_To=ours)).answers == NAME
    assert act(mail(References=f"<x@y> {ours}")).answers == NAME
    assert act(mail(In_Reply_To=ours.replace("brand", "evil"))).answers == ""
    assert act(mail(In_Reply_To=ours), partner_id="GC-PA").answers == NAME


def test_a_letter_to_another_partner_is_not_answered() -> None:
    ours = f"<{NAME}.0123456789abcdef@brand.example>"

    judgement = Community(letters={NAME: "GC-PB"}).judge(mail(In_Reply_To=ours))

    assert isinstance(judgement, Act)
    assert judgement.answers == ""


def test_the_token_may_be_in_the_subject_alone() -> None:
    found = act(mail("Thank you.", to="post@brand.example", subject=f"Re: x [#{TOKEN}]"))

    assert found.intent.kind == IntentKind.COMMENT


def test_files_are_named_and_not_opened() -> None:
    boundary = "=-x"
    raw = mail(
        f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n"
        f"--{boundary}\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="../a\u202efdp.exe"\r\n\r\nCONFIRM\r\n'
        f"--{boundary}\r\nContent-Type: text/plain; name=notes.txt\r\n\r\nCONFIRM\r\n"
        f"--{boundary}\r\nContent-Type: application/zip\r\n"
        "Content-Disposition: attachment\r\n\r\nbomb\r\n"
        f"--{boundary}--\r\n",
        Content_Type=f"multipart/mixed; boundary={boundary}",
    )

    found = act(raw)

    assert found.intent.body["body"] == "See the files."
    assert [name.replace("\u202e", "") for name in found.files] == [*found.files]
    assert found.files[1:] == ("notes.txt", "file 3")


def test_a_mail_with_nothing_but_files_is_a_comment_that_names_them() -> None:
    raw = mail(
        "bytes", Content_Type="application/pdf", Content_Disposition="attachment; filename=a.pdf"
    )

    assert act(raw).intent.body["body"] == "(attached: a.pdf)"


def test_a_page_is_read_as_text_without_what_it_quotes() -> None:
    page = (
        "<html><head><style>CONFIRM</style><title>CONFIRM</title></head><body><p>Not&nbsp;yet,<br>"
        "please.</p><script>CONFIRM</script><div class='gmail_quote'>On 2 March wrote"
        "<blockquote>CONFIRM</blockquote></div>"
        "<div id=divRplyFwdMsg>From: CONFIRM</div><p>CONFIRM</p></body></html>"
    )

    found = act(mail(page, Content_Type="text/html; charset=utf-8"))

    assert found.intent.body["body"] == "Not yet,\nplease."


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("iso-8859-1", "Gr\u00fc\u00dfe".encode("latin-1")),
        ("windows-1252", "Gr\u00fc\u00dfe".encode("cp1252")),
        ("utf-8", "Gr\u00fc\u00dfe".encode()),
        ("no-such-charset", "Gr\u00fc\u00dfe".encode()),
        ("utf-16", "Gr\u00fc\u00dfe".encode("utf-16")),
    ],
)
def test_text_is_read_in_its_charset(charset: str, content: bytes) -> None:
    raw = mail("", Content_Type=f"text/plain; charset={charset}") + content

    assert act(raw).intent.body["body"] == "Gr\u00fc\u00dfe"
