"""Where a person was found."""

import attrs


@attrs.frozen(kw_only=True)
class ErasedPlace:
    """A field that named the person.

    Attributes:
        noun: the collection, such as `requests`; `journal`; `outbox`, `inbox` or
            `reply_tokens`; or `names`, `claims` or `answers`.
        id: id of the record, number of the journal's entry, name of the letter or id of the
            message; empty for names, claims, answers and reply tokens.
        above: noun and id of the record above; empty at the top level.
        field: JSON pointer to the field.
    """

    noun: str
    id: str
    above: str
    field: str

    def __str__(self) -> str:
        path = "/".join(part for part in (self.above, self.noun, self.id) if part)
        return f"{path} {self.field}"


@attrs.frozen(kw_only=True)
class Erasure:
    """A person in one company.

    Attributes:
        company_id: BUID of the company.
        pseudonym: the name that stands for the person; None in a dry run.
        places: where the person was found.
    """

    company_id: str
    pseudonym: str | None
    places: tuple[ErasedPlace, ...]

    def __str__(self) -> str:
        done = "would be replaced" if self.pseudonym is None else f"replaced by {self.pseudonym}"
        head = f"{self.company_id}: {len(self.places):,} places {done}"
        return "\n".join([head, *(f"  {place}" for place in self.places)])
