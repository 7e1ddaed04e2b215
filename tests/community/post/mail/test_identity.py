"""A mail is carried out only if it is proven who wrote it."""

from datetime import timedelta

import attrs
import pytest

from tgiconik.community.post.channel import Act, Quarantine, Trust
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.mail import ABSENT

from .mails import ACCOUNT, MIA, NOW, PROVEN, TOKEN, Community, button, mail, partner, token

#: As the big providers write it.
GOOGLE = (
    "mx.google.com;\r\n dkim=pass header.i=@partner.example header.s=s1 header.b=AbC;\r\n"
    " spf=pass (google.com: domain of mia@partner.example designates 1.2.3.4 as permitted\r\n"
    " sender) smtp.mailfrom=mia@partner.example;\r\n"
    " dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=partner.example"
)
MICROSOFT = (
    "spf=pass (sender IP is 1.2.3.4)\r\n smtp.mailfrom=partner.example; dkim=pass (signature\r\n"
    " was verified) header.d=partner.example;dmarc=pass action=none\r\n"
    " header.from=partner.example;compauth=pass reason=100"
)
POSTFIX = "mx.brand.example; dmarc=pass (p=none dis=none) header.from=Partner.Example"


def is_carried_out(raw: bytes, authserv_id: str = "mx.brand.example") -> bool:
    account = attrs.evolve(ACCOUNT, authserv_id=authserv_id)
    judgement = Community().judge(raw, account=account)
    if isinstance(judgement, Quarantine):
        assert judgement.trust == Trust.UNVERIFIED
    return isinstance(judgement, Act)


@pytest.mark.parametrize(
    ("authserv_id", "header"),
    [
        ("mx.google.com", GOOGLE),
        (ABSENT, MICROSOFT),
        ("mx.brand.example", POSTFIX),
        ("mx.brand.example", PROVEN.upper()),
        ("mx.brand.example", "mx.brand.example 1; DMARC/1=pass header.from=partner.example"),
        ("mx.brand.example", '"mx.brand.example"; dmarc = pass header.from = "partner.example"'),
    ],
)
def test_a_mail_whose_domain_the_own_system_has_checked_is_carried_out(
    authserv_id: str, header: str
) -> None:
    assert is_carried_out(button("CONFIRM", results=[header]), authserv_id)


FAILED = "mx.brand.example; dmarc=fail header.from=partner.example"


@pytest.mark.parametrize(
    "results",
    [
        [],
        [FAILED],
        # Forged ones below the real one.
        [FAILED, PROVEN],
        ["mx.brand.example; none", PROVEN],
        ["mx.brand.example; spf=pass smtp.mailfrom=partner.example", PROVEN],
        # Another system's word, also one whose name begins or ends like the right one.
        ["mx.evil.example; dmarc=pass header.from=partner.example"],
        ["mx.brand.example.evil.example; dmarc=pass header.from=partner.example"],
        ["evil.mx.brand.example; dmarc=pass header.from=partner.example"],
        ["(mx.brand.example) evil; dmarc=pass header.from=partner.example"],
        # Without a name, where one is expected.
        ["dmarc=pass header.from=partner.example"],
        # Another domain's pass.
        ["mx.brand.example; dmarc=pass header.from=evil.example"],
        ["mx.brand.example; dmarc=pass header.from=sub.partner.example"],
        ["mx.brand.example; dmarc=pass header.from=partner.example header.from=evil.example"],
        ["mx.brand.example; dmarc=pass"],
        ["mx.brand.example; dmarc=pass smtp.mailfrom=partner.example"],
        # Words that are no finding.
        ["mx.brand.example; dmarc=fail (dmarc=pass header.from=partner.example)"],
        ["mx.brand.example; (dmarc=pass header.from=partner.example)"],
        ['mx.brand.example; spf=pass reason="; dmarc=pass header.from=partner.example"'],
        ['mx.brand.example; spf=pass smtp.mailfrom="; dmarc=pass header.from=partner.example"@e.c'],
        ["mx.brand.example; spf=fail dmarc=pass header.from=partner.example"],
        ["mx.brand.example; x-dmarc=pass header.from=partner.example"],
        ["mx.brand.example; dmarc=passed header.from=partner.example"],
        [r"mx.brand.example; (\) dmarc=pass header.from=partner.example;) dmarc=none"],
        # Two findings that disagree: one of them was smuggled in.
        [f"{FAILED}; dmarc=pass header.from=partner.example"],
        [f"{PROVEN}; dmarc=fail header.from=partner.example"],
        # Nothing that can be read.
        ["mx.brand.example; dmarc=pass (header.from=partner.example"],
        ['mx.brand.example; dmarc=pass header.from="partner.example'],
        ["mx.brand.example; dmarc=pass header.from=partner.example)"],
        ["mx.brand.example; dmarc"],
        [""],
        ["x" * 100_000],
        ["(" * 100_000],
    ],
)  # fmt: skip
def test_what_the_own_system_does_not_say_proves_nothing(results: list[str]) -> None:
    assert not is_carried_out(button("CONFIRM", results=results))


@pytest.mark.parametrize("header", [PROVEN, GOOGLE, "evil; dmarc=pass header.from=partner.example"])
def test_a_name_where_none_is_expected_proves_nothing(header: str) -> None:
    assert not is_carried_out(button("CONFIRM", results=[header]), ABSENT)


@pytest.mark.parametrize(
    "sender",
    [
        MIA,
        "Mia@Partner.Example",
        f"Mia <{MIA}>",
        f'"Lang, Mia" <{MIA}>',
        f"Mia K. Lang <{MIA}>",
        f"=?utf-8?q?M=C3=ADa?= <{MIA}>",
        f"Mía <{MIA}>",
        f"{MIA} (Mia)",
        f'"eve@evil.example" <{MIA}>',
    ],
)
def test_the_address_counts_and_not_the_name_beside_it(sender: str) -> None:
    assert is_carried_out(button("CONFIRM", sender=sender))


@pytest.mark.parametrize(
    "sender",
    [
        "eve@partner.example",
        f'"{MIA}" <eve@partner.example>',
        f"{MIA} <eve@partner.example>",
        "=?utf-8?q?mia=40partner=2Eexample?= <eve@partner.example>",
        f"eve@partner.example ({MIA})",
        f"{MIA}, eve@partner.example",
        f"eve@partner.example, {MIA}",
        f"Team: {MIA};",
        f"Team: {MIA}, eve@partner.example;",
        f"Team:; {MIA}",
        f"<{MIA}> <eve@partner.example>",
        f"<eve@evil.example,@x:{MIA}>",
        f"{MIA}\r\nFrom: eve@partner.example",
        f"eve@partner.example\r\nFrom: {MIA}",
        f"{MIA}.evil.example",
        "mia@PARTNER.example.",
        "mia",
        "<>",
        "",
        "@" * 5_000,
    ],
)
def test_a_sender_who_is_not_the_contact_moves_nothing(sender: str) -> None:
    assert not is_carried_out(button("CONFIRM", sender=sender))


def test_a_domain_that_case_folding_takes_for_the_contacts_moves_nothing() -> None:
    contact = "mia@strasse.example"
    community = Community(tokens=[token(contact=contact)], partners=[partner("GC-PA", contact)])
    results = ["mx.brand.example; dmarc=pass header.from=straße.example"]

    judgement = community.judge(button("CONFIRM", sender="mia@straße.example", results=results))

    assert isinstance(judgement, Quarantine)
    assert "given to mia@strasse.example" in judgement.reason


def test_a_right_token_from_another_sender_is_kept_for_an_operator() -> None:
    eve = "eve@partner.example"
    community = Community(partners=[partner("GC-PA", MIA, eve)])

    judgement = community.judge(button("CONFIRM", sender=eve))

    assert isinstance(judgement, Quarantine)
    assert judgement.reason == f"The reply token was given to {MIA}, and the mail is from {eve}"
    # An operator who knows better can carry it out.
    assert judgement.act is not None
    assert judgement.act.intent.kind == IntentKind.MOVE


def test_a_token_of_another_partner_moves_nothing() -> None:
    other = token(partner_id="GC-PB", contact="bob@other.example")
    community = Community(
        tokens=[other], partners=[partner(), partner("GC-PB", "bob@other.example")]
    )

    judgement = community.judge(button("CONFIRM"))

    assert isinstance(judgement, Quarantine)
    assert "given to bob@other.example" in judgement.reason


def test_a_token_that_has_ended_moves_nothing() -> None:
    judgement = Community().judge(button("CONFIRM"), at=NOW + timedelta(days=1))

    assert isinstance(judgement, Quarantine)
    assert judgement.reason == "Its reply token ended on 2026-03-03"
    assert judgement.act is not None


def test_a_token_that_was_never_given_out_moves_nothing() -> None:
    judgement = Community(tokens=[]).judge(button("CONFIRM"))

    assert judgement == Quarantine(reason="Its reply token was never given out")


def test_two_tokens_move_nothing() -> None:
    both = f"post+{TOKEN}@brand.example, post+another4token@brand.example"

    judgement = Community().judge(button("CONFIRM", to=both))

    assert judgement == Quarantine(reason="The mail names several reply tokens")


def test_whoever_is_no_contact_any_more_moves_nothing() -> None:
    community = Community(partners=[partner("GC-PA", "new@partner.example")])

    judgement = community.judge(button("CONFIRM"))

    assert judgement == Quarantine(reason=f"{MIA} is no contact of GC-PA any more")


def test_a_token_at_another_address_is_none() -> None:
    for to in (f"post+{TOKEN}@evil.example", f"other+{TOKEN}@brand.example"):
        judgement = Community().judge(mail(to=to))

        assert judgement == Quarantine(
            reason="It answers no letter, and is no form", trust=Trust.PROVEN
        )


def test_free_words_need_the_same_proof_as_a_move() -> None:
    assert is_carried_out(mail("The file is broken."))
    assert not is_carried_out(mail("The file is broken.", results=[FAILED, PROVEN]))


def test_what_is_not_proven_shows_what_it_would_do() -> None:
    judgement = Community().judge(mail("The file is broken.", results=[]))

    assert isinstance(judgement, Quarantine)
    assert "DMARC" in judgement.reason
    assert judgement.act is not None
    assert judgement.act.intent.body == {"body": "The file is broken.", "author": "Mia"}
