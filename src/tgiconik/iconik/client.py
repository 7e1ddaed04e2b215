"""The client of iconik: its fifteen services as attributes, each loaded when it is first used."""

import os
import re
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._http import (
    CHECK_DEADLINE,
    Closeable,
    Engine,
    HeaderAuth,
    Hidden,
    Hook,
    Links,
    Network,
    QueryValue,
    RateLimit,
    Retry,
    Session,
    SessionOptions,
    StrPath,
    Surface,
    Traffic,
    Transport,
    build_literal,
    checked_url,
    chosen_engine,
    hosts,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tgiconik.iconik.assets import Assets
    from tgiconik.iconik.check import IconikCheck
    from tgiconik.iconik.metadata import Metadata
    from tgiconik.iconik.search import Search
    from tgiconik.iconik.services.acls import AclsService
    from tgiconik.iconik.services.auth import AuthService
    from tgiconik.iconik.services.automations import AutomationsService
    from tgiconik.iconik.services.files import FilesService
    from tgiconik.iconik.services.jobs import JobsService
    from tgiconik.iconik.services.ml import MlService
    from tgiconik.iconik.services.notifications import NotificationsService
    from tgiconik.iconik.services.settings import SettingsService
    from tgiconik.iconik.services.stats import StatsService
    from tgiconik.iconik.services.transcode import TranscodeService
    from tgiconik.iconik.services.users import UsersService
    from tgiconik.iconik.services.users_notifications import UsersNotificationsService
    from tgiconik.iconik.transfer import Transfer
    from tgiconik.release import ReleasePolicy

_VARIABLES: Final = {
    "url": "ICONIK_URL",
    "app_id": "ICONIK_APP_ID",
    "auth_token": "ICONIK_AUTH_TOKEN",
}
#: Characters that a header can carry. The HTTP library's error repeats other values, secret or not.
_CREDENTIAL: Final = re.compile(r"[!-~]+")
_PATHS: Final = "/API/"
_API: Final = re.compile(r"/+API/*\Z", re.IGNORECASE)
#: iconik allows about 1,000 calls in 20 seconds per set of credentials: these, and the ten that may
#: start at once after a pause.
_CALLS_PER_SECOND: Final = 49.0


def _is_credential(value: object) -> bool:
    return isinstance(value, str) and _CREDENTIAL.fullmatch(value) is not None


def without_api(url: str, plain_http: Collection[str] = ()) -> str:
    """Take `/API`, which every path begins with, off the end of iconik's URL.

    Args:
        url: such as `https://app.iconik.io/API/`.
        plain_http: hosts that may be called unencrypted.

    Raises:
        ConfigurationError: it is no URL that credentials may be sent to, or it names a service too.
    """
    origin = _API.sub("", checked_url(url, hosts(plain_http), called="url (ICONIK_URL)"))
    before, names_service, _ = origin.partition("/API/")
    if names_service:
        raise errors.ConfigurationError(f"{origin!r} is not iconik's origin: give {before!r}")
    return origin


class IconikClient(Closeable, Surface):
    """iconik for one application token: `async with` it, or call `aclose` at the end.

    Nothing is sent before the first call.

    Args:
        url: origin, such as `https://app.iconik.io` or `https://eu.iconik.io`; `/API` at its end,
            as other tools want it, is taken for the origin.
        app_id: id of the application.
        auth_token: its token; it acts as the user it was made for.
        timeout: seconds to wait for a connection, and between two pieces of an answer.
        deadline: seconds that one call may take in all, its retries included.
        retry: how often a failed call is repeated, and the waits between attempts.
        rate: calls per second at the most; fewer when iconik says that few are left or refuses one
            (429). None for no limit.
        engine: what connections are made of: `httpx`, or `aiohttp`, which is several times as fast
            and comes with the extra `fast`. `TGICONIK_ENGINE` in the environment says it when left
            out.
        transport: an `httpx.AsyncBaseTransport` that carries all calls instead, for tests.
        user_agent: product to name before our own in `User-Agent`.
        plain_http: hosts, by name, that may be called without encryption; this machine always may.
        on_request: called with an `Attempt` before each attempt of a call; may be a coroutine
            function.
        on_response: called with an `Attempt` after it, whether an answer came or not. What a hook
            raises is logged, and the call goes on.
        proxy: URL of the proxy that calls go through, instead of the one in `HTTPS_PROXY`.
        ca_file: PEM file of the certificate authorities to trust, instead of `SSL_CERT_FILE`.

    Raises:
        ConfigurationError: a URL that credentials may not be sent to, a credential that is empty or
            not ASCII without blanks, such as one with the end of its line, or an engine that is
            not there.
    """

    def __init__(
        self,
        url: str,
        app_id: str,
        auth_token: str,
        *,
        timeout: float = 30.0,
        deadline: float = 120.0,
        retry: Retry | None = None,
        rate: float | None = _CALLS_PER_SECOND,
        engine: Engine | None = None,
        transport: Transport | None = None,
        user_agent: str | None = None,
        plain_http: Collection[str] = (),
        on_request: Hook | None = None,
        on_response: Hook | None = None,
        proxy: str | None = None,
        ca_file: StrPath | None = None,
    ) -> None:
        given = Hidden({"app_id": app_id, "auth_token": auth_token})
        # A traceback with its local variables would show it.
        del auth_token
        wrong = [name for name, value in given.items() if not _is_credential(value)]
        if wrong:
            raise errors.ConfigurationError(
                f"{wrong[0]} is empty, or not ASCII without blanks; was a line's end copied too?"
            )
        self._session = Session(
            without_api(url, plain_http),
            auth=HeaderAuth({"App-ID": app_id, "Auth-Token": given["auth_token"]}),
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            rate=rate,
            engine=engine,
            transport=transport,
            user_agent=user_agent,
            plain_http=plain_http,
            on_request=on_request,
            on_response=on_response,
            proxy=proxy,
            ca_file=ca_file,
        )
        self._links = Links(
            timeout=timeout,
            deadline=deadline,
            engine=engine,
            transport=transport,
            plain_http=plain_http,
            proxy=proxy,
            ca_file=ca_file,
        )
        self._retry = retry or Retry()

    @classmethod
    def from_env(
        cls, *, environ: Mapping[str, str] = os.environ, **options: Unpack[SessionOptions]
    ) -> Self:
        """A client from `ICONIK_URL`, `ICONIK_APP_ID` and `ICONIK_AUTH_TOKEN`.

        `TGICONIK_ENGINE` is read too. An empty variable counts as missing.

        Args:
            environ: where to look. A mapping stands for all of the environment: the variables of
                proxies (`HTTPS_PROXY`, `NO_PROXY`, …) and of certificates (`SSL_CERT_FILE`) are
                read from it too, and none of the process.
            options: as for the class: timeout, deadline, retry, rate, engine, transport,
                user_agent, plain_http, proxy, ca_file, on_request, on_response.

        Raises:
            ConfigurationError: names every variable that is missing, or the engine that is.
        """
        given = Hidden({name: environ.get(variable, "") for name, variable in _VARIABLES.items()})
        if options.get("engine") is None and options.get("transport") is None:
            options["engine"] = chosen_engine(None, environ)
        network = Network.of(environ)
        # A traceback with its local variables would show all of it.
        del environ
        missing = [variable for name, variable in _VARIABLES.items() if not given[name]]
        if missing:
            raise errors.ConfigurationError(
                f"set {', '.join(missing)} in the environment; "
                "for a sandbox, `python -m tgiconik.sandbox` says what to"
            )
        with network.for_clients():
            return cls(**given, **options)

    @classmethod
    @without_locals
    def from_profile(
        cls,
        name: str | None = None,
        *,
        config: StrPath | None = None,
        environ: Mapping[str, str] = os.environ,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """A client from a profile of `tgiconik.toml`: see `tgiconik.profiles.load_profile`.

        `TGICONIK_ENGINE` is read too.

        Args:
            name: the profile, such as `prod`; `TGICONIK_PROFILE` says it when left out.
            config: path of the file; when left out, `TGICONIK_CONFIG`, or else `tgiconik.toml` in
                the current folder or the nearest one above it.
            environ: where variables are looked up, those of proxies and certificates too.
            options: as for the class; `proxy` and `ca_file` replace the profile's.

        Raises:
            ConfigurationError: no profile is chosen, the file is missing or not valid, it says
                nothing of iconik, or an environment variable that it names is not set.
        """
        from tgiconik.profiles import load_profile

        profile = load_profile(name, config=config, environ=environ)
        options.setdefault("proxy", profile.proxy)
        options.setdefault("ca_file", profile.ca_file)
        with Network.of(environ).for_clients():
            return cls.from_env(environ=profile.iconik_environment(environ), **options)

    def __repr__(self) -> str:
        # Tracebacks ask for it too, of a client that could not be made.
        session = getattr(self, "_session", None)
        return f"<IconikClient at {session.base_url}>" if session else "<IconikClient>"

    @property
    def traffic(self) -> Traffic:
        """The work of this client so far: calls, retries, waits, bytes."""
        return self._session.traffic

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit of how many calls start per second; None without one.

        Workers of an automation that share a database share the rate through it.
        """
        return self._session.rate_limit

    @property
    def server_time(self) -> "datetime | None":
        """The time by iconik's clock when it sent its latest answer, in whole seconds, UTC.

        From the `Date` header; None before the first answer, and when it had no such header.
        """
        return self._session.server_time

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        await self._session.aclose()
        await self._links.aclose()

    @cached_property
    def acls(self) -> "AclsService":
        """Who may do what with which object."""
        from tgiconik.iconik.services.acls import AclsService

        return AclsService(self._session)

    @cached_property
    def assets(self) -> "Assets":
        """Assets, versions, collections, approvals, shares, comments and history."""
        from tgiconik.iconik.assets import Assets

        return Assets(self._session)

    @cached_property
    def auth(self) -> "AuthService":
        """Applications, tokens, log-ins and system domains."""
        from tgiconik.iconik.services.auth import AuthService

        return AuthService(self._session)

    @cached_property
    def automations(self) -> "AutomationsService":
        """Automations and their runs."""
        from tgiconik.iconik.services.automations import AutomationsService

        return AutomationsService(self._session)

    @cached_property
    def files(self) -> "FilesService":
        """Formats, file sets, files, proxies, keyframes, storages and transfers."""
        from tgiconik.iconik.services.files import FilesService

        return FilesService(self._session)

    @cached_property
    def jobs(self) -> "JobsService":
        """Jobs and their progress."""
        from tgiconik.iconik.services.jobs import JobsService

        return JobsService(self._session)

    @cached_property
    def metadata(self) -> "Metadata":
        """Metadata fields, views and values."""
        from tgiconik.iconik.metadata import Metadata

        return Metadata(self._session)

    @cached_property
    def ml(self) -> "MlService":
        """Machine learning: faces, persons and models."""
        from tgiconik.iconik.services.ml import MlService

        return MlService(self._session)

    @cached_property
    def notifications(self) -> "NotificationsService":
        """Webhooks."""
        from tgiconik.iconik.services.notifications import NotificationsService

        return NotificationsService(self._session)

    @cached_property
    def search(self) -> "Search":
        """Search, saved searches and search history."""
        from tgiconik.iconik.search import Search

        return Search(self._session)

    @cached_property
    def settings(self) -> "SettingsService":
        """Settings of the system domain, of groups and of users."""
        from tgiconik.iconik.services.settings import SettingsService

        return SettingsService(self._session)

    @cached_property
    def stats(self) -> "StatsService":
        """Usage, billing and audit."""
        from tgiconik.iconik.services.stats import StatsService

        return StatsService(self._session)

    @cached_property
    def transcode(self) -> "TranscodeService":
        """Transcoding, analysis and transcription."""
        from tgiconik.iconik.services.transcode import TranscodeService

        return TranscodeService(self._session)

    @cached_property
    def users(self) -> "UsersService":
        """Users, groups, teams and roles."""
        from tgiconik.iconik.services.users import UsersService

        return UsersService(self._session)

    @cached_property
    def users_notifications(self) -> "UsersNotificationsService":
        """Notifications to users, and their subscriptions."""
        from tgiconik.iconik.services.users_notifications import UsersNotificationsService

        return UsersNotificationsService(self._session)

    @cached_property
    def transfer(self) -> "Transfer":
        """Uploads and downloads, whatever the storage."""
        from tgiconik.iconik.transfer import Transfer

        return Transfer(self, self._links, self._retry)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, QueryValue] | None = None,
        json: object = None,
        headers: Mapping[str, str | None] | None = None,
        repeatable: bool = False,
    ) -> Any:  # noqa: ANN401 - JSON is what it is
        """Call any path of iconik and return the parsed JSON; None for an empty body.

        With the credentials, retries and errors of every other call, and nothing dropped.

        Args:
            method: HTTP method.
            path: from `/API/` on, such as `/API/assets/v1/assets/`; percent-encoded where it
                needs to be. A list's `next_url` is one.
            query: names and values; a None is left out.
            json: the body; None for no body.
            headers: headers of this call alone.
            repeatable: the call only reads, whatever its method.

        Raises:
            ConfigurationError: the path does not begin with `/API/`, is not printable, or has a
                query of its own beside `query`.
            CallError: see `tgiconik.errors`.
        """
        call = build_literal(
            method, path, query=query, json=json, headers=headers, repeatable=repeatable
        )
        if not path.startswith(_PATHS):
            raise errors.ConfigurationError(
                f"{call.pattern!r}: paths of iconik begin with /API/, such as "
                "/API/assets/v1/assets/"
            )
        return (await self._session.send(call)).json()

    async def check(self, policy: "ReleasePolicy | None" = None) -> "IconikCheck":
        """Check what the workflows need, without changing anything: see `IconikCheck`.

        Where iconik does not answer, the result says why within seconds.

        Args:
            policy: also check that its metadata view and fields exist.
        """
        from tgiconik.iconik.check import check

        with self._session.within(CHECK_DEADLINE):
            return await check(self.users, self.metadata, policy)
