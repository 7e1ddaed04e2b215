"""New requests and issues come by forms, of which nothing is guessed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tgiconik.community.post.channel import Act, AnswerWith, Quarantine, Trust
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.mail import forms
from tgiconik.community.rules import bodies

from .mails import BRAND, MIA, Community, mail, partner

REQUESTER = {"name": "Mia", "email": MIA, "role": "media"}


def sent(text: str, *, partners: Any = None, **how: Any) -> Any:  # noqa: ANN401
    raw = mail(
        text.replace("\n", "\r\n"),
        to=BRAND,
        subject="New",
        Content_Type="text/plain; charset=utf-8",
        **how,
    )
    return Community(partners=partners or [partner()]).judge(raw)


def test_a_filled_form_is_a_request() -> None:
    judgement = sent(
        "Kind: media request\nSubject: The film, in\nGerman\nWanted by (2026-12-31): 2026-04-01\n"
        "Assets: a1, a2\nMedia type: video\nRegion: DE\nUsage from: 2026-05-01\n"
        "Usage until: 2026-05-31T12:00:00+02:00\nArticle numbers: GTIN 04006381333931; SKU 7\n"
        "Company id:\nDescription: Both cuts.\nNote: with titles\n"
    )

    assert isinstance(judgement, Act)
    assert judgement.partner_id == "GC-PA"
    assert judgement.intent.kind == IntentKind.REQUEST
    assert judgement.intent.body == {
        "kind": "media_request",
        "partner_id": "GC-PA",
        "requester": REQUESTER,
        "subject": "The film, in German",
        "due_at": "2026-04-01T23:59:59Z",
        "asset_references": [{"asset_id": "a1"}, {"asset_id": "a2"}],
        "criteria": {
            "media_type": "video",
            "region": "DE",
            "usage_from": "2026-05-01T00:00:00Z",
            "usage_until": "2026-05-31T10:00:00.000000Z",
            "article_numbers": [
                {"scheme": "GTIN", "value": "04006381333931"},
                {"scheme": "SKU", "value": "7"},
            ],
        },
        "description": "Both cuts.\nNote: with titles",
    }


def test_a_filled_german_form_is_an_issue() -> None:
    judgement = sent(
        "Art: Mangel\nBetreff: Das Logo ist alt\nSchwere: hoch\nKategorie: Markenauftritt\n"
        "Gewünscht bis: 1.4.2026\nAssets: a1\nBeschreibung: Siehe Minute 2.\n"
    )

    assert isinstance(judgement, Act)
    assert judgement.intent.kind == IntentKind.ISSUE
    assert judgement.intent.body == {
        "partner_id": "GC-PA",
        "requester": REQUESTER,
        "subject": "Das Logo ist alt",
        "severity": "high",
        "category": "branding",
        "due_at": "2026-04-01T23:59:59Z",
        "asset_references": [{"asset_id": "a1"}],
        "description": "Siehe Minute 2.",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Kind: film\nSubject: x", "Kind must be one of media request, enhancement, issue"),
        ("Kind: media request", "Subject is missing"),
        ("Kind: issue\nSubject: x\nCategory: other", "Severity is missing"),
        ("Kind: issue\nSubject: x\nCategory: other\nSeverity: bad", "Severity must be one of low"),
        ("Kind: media request\nSubject: x\nColour: red", "Colour is not a field of this form"),
        ("Kind: enhancement\nSubject: x\nRegion: DE", "Region is not a field of this form"),
        ("Kind: media request\nSubject: x\nSubject: y", "Subject is there twice"),
        ("Kind: media request\nhello\nSubject: x", "a line belongs to no field: hello"),
        ("Kind: media request\nSubject: x\nWanted by: soon", "Wanted by must be a day such as"),
        ("Kind: media request\nSubject: x\nWanted by: 31.02.2026", "Wanted by must be a day"),
        ("Kind: media request\nSubject: x\nArticle numbers: 40063", "Article numbers must have"),
        (f"Kind: media request\nSubject: {'x ' * 300}", "subject must have 1 to 500 characters"),
    ],
)
def test_what_cannot_be_understood_is_told(text: str, problem: str) -> None:
    judgement = sent(text)

    assert isinstance(judgement, Quarantine)
    assert judgement.reason.startswith("The form cannot be used: ")
    assert problem in judgement.reason
    assert judgement.trust == Trust.PROVEN
    assert judgement.act is None


def test_a_form_of_nobodys_contact_is_kept() -> None:
    judgement = sent("Kind: media request\nSubject: x", sender="eve@evil.example")

    assert judgement == Quarantine(
        reason="eve@evil.example is no contact of a partner, and the mail has no token"
    )


def test_a_form_that_is_not_proven_is_kept_and_can_be_carried_out() -> None:
    judgement = sent("Kind: media request\nSubject: x", results=[])

    assert isinstance(judgement, Quarantine)
    assert judgement.act is not None
    assert judgement.act.intent.body["subject"] == "x"


def test_a_contact_of_two_partners_says_for_which() -> None:
    both = [partner("GC-PA"), partner("GC-PB")]
    text = "Kind: media request\nSubject: x\nCompany id: "

    assert "GC-PA, GC-PB" in sent(text, partners=both).reason
    assert sent(f"{text}GC-PB", partners=both).partner_id == "GC-PB"
    assert "no contact of GC-PC" in sent(f"{text}GC-PC", partners=both).reason


def test_free_words_without_a_letter_are_kept() -> None:
    judgement = sent("Could we have the film?")

    assert judgement == Quarantine(
        reason="It answers no letter, and is no form", trust=Trust.PROVEN
    )


@pytest.mark.parametrize(
    ("subject", "form"),
    [
        ("FORM", "media_request"),
        ("form: issue", "issue"),
        ("[EXTERNAL] Form enhancement", "enhancement"),
        ("Formular", "media_request_de"),
        ("FORMULAR Mangel", "issue_de"),
    ],
)
def test_a_contact_gets_the_form_that_it_asks_for(subject: str, form: str) -> None:
    judgement = Community().judge(mail("", to=BRAND, subject=subject))

    assert judgement == AnswerWith(partner_id="GC-PA", contact=MIA, form=form)


def test_nobody_else_gets_a_form() -> None:
    unproven = Community().judge(mail("", to=BRAND, subject="FORM", results=[]))
    unknown = Community().judge(mail("", to=BRAND, subject="FORM", sender="eve@evil.example"))

    assert isinstance(unproven, Quarantine)
    assert isinstance(unknown, Quarantine)


FORMS = [
    f"{kind}{end}" for kind in ("media_request", "enhancement", "issue") for end in ("", "_de")
]


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_understood_when_it_comes_back(name: str) -> None:
    form = forms.form(name, BRAND)
    assert form is not None
    (link,) = (word for word in form.text.split() if word.startswith("mailto:"))
    body = parse_qs(urlsplit(link).query)["body"][0].replace("\r\n", "\n")

    filled = forms.filled(body)

    assert filled is not None
    missing = {"Subject is missing", "Severity is missing", "Category is missing"}
    assert {*filled.problems} <= missing
    assert len(link) < 2_000
    assert body.split("\n")[1] in form.text
    assert body.split("\n")[1].strip() in form.html


def test_no_other_form_exists() -> None:
    assert forms.form("order", BRAND) is None


def test_each_field_of_a_form_is_one_of_the_contract() -> None:
    known = {*bodies.REQUEST_INPUT.fields, *bodies.ISSUE_INPUT.fields}

    for fields in forms._FORMS.values():
        for field in fields:
            name, _, below = field.key.partition(".")
            assert name in known
            assert not below or below in bodies.CRITERIA.fields
