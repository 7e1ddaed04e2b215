import json

import pytest

from tgiconik import errors
from tgiconik.community.post.channel import Act, AnswerWith, SendState
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import Fault, MailboxServer

from .boxes import COMPANY, NORDLICHT, SUMMIT, Mailboxes, message
from .letters import outgoing


async def test_a_message_of_a_partner_becomes_an_act(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()))

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Act)
    assert judgement.partner_id == NORDLICHT
    assert judgement.intent.body["body"] == "Hello"
    assert judgement.sender == f"ZZ:{NORDLICHT}"


async def test_a_letter_arrives_as_its_json_message(mailboxes: Mailboxes) -> None:
    letter = outgoing(NORDLICHT, data={"subject": "Größe"})

    sent = await mailboxes.channel.send(letter)

    box = mailboxes.network.box(f"ZZ:{NORDLICHT}")
    assert sent.state is SendState.SENT
    assert json.loads(box[f"POLLABLE/{letter.name}.json"].content) == letter.letter.data


async def test_sending_again_sends_the_same_file_under_the_same_name(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("SEND AGAIN", "refuse", times=None))
    letter = outgoing(NORDLICHT)

    await mailboxes.channel.send(letter)
    await mailboxes.channel.send(letter)
    [tracked] = await mailboxes.channel.track([letter.name])

    assert mailboxes.network.names(f"ZZ:{NORDLICHT}") == [f"{letter.name}.json"]
    assert tracked.state is SendState.READY_FOR_PICKUP, "the first one tells"


@pytest.mark.parametrize(
    ("fault", "answer", "state", "text"),
    [
        ("hold", "", SendState.ON_HOLD, ""),
        ("fail", "No route to https://x.test/secret", SendState.FAILED, "No route to"),
        ("refuse", "Bad name", SendState.VALIDATION_ERROR, "Bad name"),
    ],
)
async def test_what_became_of_a_letter_is_what_lens_says(
    mailboxes: Mailboxes, fault: str, answer: str, state: SendState, text: str
) -> None:
    mailboxes.network.faults.append(Fault("SEND", fault, answer=answer))
    letter = outgoing(NORDLICHT)
    await mailboxes.channel.send(letter)

    [tracked] = await mailboxes.channel.track([letter.name, "never-sent"])

    assert tracked.name == letter.name
    assert tracked.state is state
    assert tracked.text.startswith(text)
    assert "secret" not in tracked.text


async def test_one_query_tells_of_many_letters(mailboxes: Mailboxes) -> None:
    letters = [outgoing(partner, n) for n in range(1, 21) for partner in (NORDLICHT, SUMMIT)]
    for n, letter in enumerate(letters):
        await mailboxes.channel.send(outgoing(letter.letter.partner_id, n))
    await mailboxes.channel.track(["the token is there"])
    calls = mailboxes.channel._grid.traffic.calls

    tracked = await mailboxes.channel.track([f"{n:012}-{n:032x}" for n in range(40)])

    assert len(tracked) == 40
    assert mailboxes.channel._grid.traffic.calls == calls + 1


async def test_many_messages_are_judged_with_one_query_to_lens(mailboxes: Mailboxes) -> None:
    for _ in range(50):
        mailboxes.post(message(mailboxes.clock()))
    arrivals = await mailboxes.collect()
    await mailboxes.channel.track(["the token is there"])
    calls = mailboxes.channel._grid.traffic.calls

    judgements = await mailboxes.judge(arrivals)

    assert all(isinstance(one, Act) for one in judgements)
    assert mailboxes.channel._grid.traffic.calls <= calls + 2


async def test_a_mailbox_has_no_forms(mailboxes: Mailboxes) -> None:
    answer = AnswerWith(partner_id=NORDLICHT, contact="a@b.test", form="media_request")

    with pytest.raises(errors.PostError, match="no form"):
        await mailboxes.channel.send_form(answer, name="x")


async def test_the_check_says_what_an_operator_wants_to_know(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()))

    facts = await mailboxes.channel.check()

    assert facts["waiting"] == 1
    assert facts["not_in_directory"] == []
    assert facts["host_keys"] == [mailboxes.server.host_key]
    assert mailboxes.network.names(f"ZZ:{COMPANY}"), "looking reads nothing"


async def test_the_sandboxs_variables_make_a_channel_that_works(
    served: tuple[Sandbox, MailboxServer],
) -> None:
    sandbox, server = served
    with sandbox.serve() as url:
        environ = sandbox.environment(url) | server.environment(COMPANY)
        async with MailboxChannel.from_env(environ=environ) as channel:
            assert (await channel.check())["not_in_directory"] == []
            assert (await channel.send(outgoing(NORDLICHT))).state is SendState.SENT
