"""Calls to this machine by clients that are never closed, such as a sandbox's in a notebook."""

import ssl

import httpx

from tgiconik._http._engine import Transport


def local_transport() -> Transport:
    """A transport to servers on this machine: past every proxy, a connection for each call.

    After a call nothing is open, so that there is nothing to close, no loop that an open
    connection belongs to, and nothing to warn of when the process ends.
    """
    # It speaks to no other machine: certificates, which take long to load, are not needed.
    no_authority = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncHTTPTransport(
        verify=no_authority, limits=httpx.Limits(max_keepalive_connections=0)
    )
