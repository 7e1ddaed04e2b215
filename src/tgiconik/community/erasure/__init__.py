"""A person is replaced by a pseudonym in every place of a community."""

from tgiconik.community.erasure.person import Person
from tgiconik.community.erasure.result import ErasedPlace, Erasure
from tgiconik.community.erasure.run import erase_in

__all__ = ["ErasedPlace", "Erasure", "Person", "erase_in"]
