"""The variables of an environment that say how a host is reached."""

from collections.abc import Mapping
from typing import Final

from tgiconik._secrets import Hidden

_CERTIFICATES: Final = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})
#: The end of the names of proxies' variables, in any case.
PROXY: Final = "_proxy"


def network_variables(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of proxies and certificate authorities.

    Args:
        environ: the environment.
    """
    return Hidden(
        {
            name: value
            for name, value in environ.items()
            if name in _CERTIFICATES or name.lower().endswith(PROXY)
        }
    )
