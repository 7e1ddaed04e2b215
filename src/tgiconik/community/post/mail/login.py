"""Logins with an OAuth access token, as Google and Microsoft document XOAUTH2."""


def xoauth2(username: str, access_token: str) -> str:
    """What a client says first."""
    return f"user={username}\x01auth=Bearer {access_token}\x01\x01"
