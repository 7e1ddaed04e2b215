"""Logins with an OAuth access token, as Google and Microsoft document XOAUTH2."""


def xoauth2(username: str, access_token: str) -> str:
    """The first message of the client."""
    return f"user={username}\x01auth=Bearer {access_token}\x01\x01"
