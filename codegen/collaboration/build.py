"""From the document to every file that follows from it; nothing is written here."""

from pathlib import Path
from typing import Final, Self

import attrs

from codegen.collaboration import bodies, class_modules, http, message, page, protocol, queries
from codegen.collaboration.classes import Classes, classes
from codegen.collaboration.document import Document
from codegen.collaboration.methods import Method, methods
from codegen.collaboration.names import names
from codegen.facts import HERE

DOCS: Final = HERE.parent / "docs"
DOCUMENT: Final = DOCS / page.NAME
_PACKAGE: Final = HERE.parent / "src" / "tgiconik"
CLIENT: Final = _PACKAGE / "tradinggrid" / "collaboration"
SERVER: Final = _PACKAGE / "community" / "rules"


@attrs.frozen
class Contract:
    """The contract, ready to be written down."""

    document: Document
    classes: Classes
    methods: list[Method]

    @classmethod
    def of(cls, document: Document) -> Self:
        """All that follows from a document.

        Raises:
            ContractError: the document leaves out, or contradicts, what the code needs of it.
        """
        return cls(document, classes(document), methods(document))

    def names(self) -> dict[str, str]:
        """Every public name, by what the document calls it."""
        return names(self.classes, self.methods)

    def texts(self) -> dict[Path, str]:
        """Every file, before it is formatted."""
        return {
            CLIENT / "values.py": class_modules.values_module(self.classes),
            CLIENT / "models.py": class_modules.models_module(self.classes),
            CLIENT / "inputs.py": class_modules.inputs_module(self.classes),
            CLIENT / "dicts.py": class_modules.dicts_module(self.classes),
            CLIENT / "protocol.py": protocol.protocol_module(
                self.document, self.classes, self.methods
            ),
            CLIENT / "http.py": http.http_module(self.document, self.classes, self.methods),
            SERVER / "bodies.py": bodies.bodies_module(self.document),
            SERVER / "queries.py": queries.queries_module(self.document),
            DOCS / "contract.md": page.text(self.document),
            DOCS / message.NAME: message.text(self.document),
        }
