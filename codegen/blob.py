"""The facts as the sandbox takes them: one compressed file inside the package."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

from codegen.facts import Service


def content(services: Sequence[Service]) -> bytes:
    """OpenAPI paths and schemas by service, as it is called on the wire, as canonical JSON."""
    documents = {
        service.base.rpartition("/")[2]: {
            "security": service.security,
            "paths": service.paths,
            "components": {"schemas": service.marked_schemas()},
        }
        for service in services
    }
    return json.dumps(documents, sort_keys=True, separators=(",", ":")).encode()


def write(path: Path, document: bytes) -> None:
    """Write the file, unless it says the same already.

    Compressors differ between versions: the same content may compress to other bytes elsewhere.
    """
    if not path.exists() or zlib.decompress(path.read_bytes()) != document:
        path.write_bytes(zlib.compress(document, level=9))
