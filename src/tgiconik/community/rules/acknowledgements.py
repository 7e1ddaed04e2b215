"""Partners' confirmations that a project is done, and acknowledgements of announcements."""

from tgiconik.community.rules import bodies
from tgiconik.community.rules.endpoint import Call, Handler, Reply
from tgiconik.community.rules.nouns import PARTNERS, Noun
from tgiconik.community.rules.resource import record_in_path, records_of, shown


def acknowledging(noun: Noun) -> Handler:
    """`PUT` for a partner. The first acknowledgement is kept, so repeating it changes nothing."""

    def handle(call: Call) -> Reply:
        records = records_of(call, noun)
        partner_id = record_in_path(call, PARTNERS).id
        body = call.body(bodies.CONFIRMATION_INPUT)
        word = records.get(partner_id) or records.add(
            partner_id, {"partner_id": partner_id, **body, "at": call.community.now()}
        )
        return Reply(body=shown(call.community, noun, word))

    return handle
