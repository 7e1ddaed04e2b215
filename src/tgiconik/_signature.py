"""Signatures by a shared secret (HMAC-SHA-256) or by an Ed25519 key.

Ed25519 keys are those of the package cryptography: `pip install "tgiconik[sign]"`. The algorithm
follows from the key, never from the signature, which may come from an attacker.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, Union

from tgiconik.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# Unions that exist at run time, of types that may not be installed: annotations use them.
SigningKey: TypeAlias = Union[bytes, "Ed25519PrivateKey"]
VerifyingKey: TypeAlias = Union[bytes, "Ed25519PrivateKey", "Ed25519PublicKey"]

#: The size of a SHA-256 digest: a shorter secret is weaker than the hash.
_SHORTEST_SECRET: Final = 32


def algorithm_of(key: VerifyingKey, *, signing: bool = False) -> Literal["hmac-sha256", "ed25519"]:
    """The algorithm that a key is for.

    Args:
        key: a shared secret of at least 32 bytes, or an Ed25519 key.
        signing: whether it must be able to sign, which a public key is not.

    Raises:
        ConfigurationError: the secret is too short, the key is of another kind, or cryptography is
            not installed.
    """
    if isinstance(key, bytes):
        if len(key) < _SHORTEST_SECRET:
            raise ConfigurationError(
                f"the secret has {len(key)} bytes and needs {_SHORTEST_SECRET}: "
                "make one with secrets.token_bytes(32)"
            )
        return "hmac-sha256"
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ConfigurationError(
            'an Ed25519 key needs cryptography: pip install "tgiconik[sign]"'
        ) from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if not signing and isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    kind = type(key).__name__
    raise ConfigurationError(f"the key must be bytes or an Ed25519 private key, not {kind}")


def sign(message: bytes, key: SigningKey) -> dict[str, str]:
    """The signature of a message, as JSON takes it.

    Args:
        message: the message.
        key: a shared secret of at least 32 bytes, or an Ed25519 private key.

    Raises:
        ConfigurationError: the key cannot sign.
    """
    algorithm = algorithm_of(key, signing=True)
    value = (
        hmac.digest(key, message, hashlib.sha256) if isinstance(key, bytes) else key.sign(message)
    )
    return {"algorithm": algorithm, "value": value.hex()}


def is_signed(message: bytes, signature: object, key: VerifyingKey) -> bool:
    """Whether a signature of a message was made with a key.

    Args:
        message: the message.
        signature: from `sign`, or anything that claims to be.
        key: the shared secret, or the Ed25519 key: public or private.

    Raises:
        ConfigurationError: the key cannot verify.
    """
    algorithm = algorithm_of(key)
    match signature:
        case {"algorithm": given, "value": str(text)} if given == algorithm:
            return _matches(message, text, key)
        case _:
            return False


def _matches(message: bytes, text: str, key: VerifyingKey) -> bool:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        return False
    if isinstance(key, bytes):
        return hmac.compare_digest(hmac.digest(key, message, hashlib.sha256), value)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ed25519

    public = key.public_key() if isinstance(key, ed25519.Ed25519PrivateKey) else key
    try:
        public.verify(value, message)
    except InvalidSignature:
        return False
    return True
