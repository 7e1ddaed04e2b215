from tgiconik.community.post.channel import Act

from .boxes import NORDLICHT, Mailboxes, message


async def test_a_message_of_a_partner_becomes_an_act(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()))

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Act)
    assert judgement.partner_id == NORDLICHT
    assert judgement.intent.body["body"] == "Hello"
    assert judgement.sender == f"ZZ:{NORDLICHT}"
