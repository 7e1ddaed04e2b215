"""The client of OpenText Active Community, Trading Grid: its surfaces, loaded when first used."""

# ruff: noqa: PLC0415 - a surface and its hundred values are imported when first used

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
    Network,
    QueryValue,
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
from tgiconik._validate import not_blank
from tgiconik.tradinggrid.auth import ClientCredentials
from tgiconik.tradinggrid.check import GridCheck, check

if TYPE_CHECKING:
    from tgiconik.tradinggrid.cartographer import Cartographer
    from tgiconik.tradinggrid.collaboration import Collaboration
    from tgiconik.tradinggrid.community_management import (
        Companies,
        Entitlements,
        PartnerDirectory,
        Users,
    )
    from tgiconik.tradinggrid.in_process import KeptCommunity
    from tgiconik.tradinggrid.lens import Lens

_VARIABLES: Final = {
    "url": "TRADING_GRID_URL",
    "client_id": "TRADING_GRID_CLIENT_ID",
    "client_secret": "TRADING_GRID_CLIENT_SECRET",
    "company_id": "TRADING_GRID_COMPANY_ID",
}
_COMMUNITY_URL: Final = "TRADING_GRID_COMMUNITY_URL"
_COMMUNITY_KEY: Final = "TRADING_GRID_COMMUNITY_KEY"
#: Schemes of databases that a community is kept in.
_DATABASES: Final = frozenset({"sqlite", "postgresql", "postgres"})


def _checked_community_url(url: str, plain_http: Collection[str]) -> str:
    if "://" not in url or url.partition(":")[0].lower() not in {"http", "https"}:
        raise errors.ConfigurationError(
            f"community_url ({_COMMUNITY_URL}) is neither a database, such as "
            "sqlite:///community.db or postgresql://…, nor the URL of a served community"
        )
    return checked_url(url, plain_http, called=f"community_url ({_COMMUNITY_URL})")


def _without_none(**given: str | None) -> Hidden:
    return Hidden({name: value for name, value in given.items() if value is not None})


class TradingGridClient(Closeable, Surface):
    """Trading Grid for one company: `async with` it, or call `aclose` at the end.

    Nothing is sent before the first call, and the token is fetched with it.

    Args:
        url: origin, `https://apigrid.opentext.com` or, before production,
            `https://apibetagrid.opentext.com`; in Europe `https://apigrid-eu.opentext.com` and
            `https://apibetagrid-eu.opentext.com`.
        client_id: consumer key.
        client_secret: consumer secret.
        company_id: BUID of the company that acts.
        community_url: origin of the collaboration surface, when it lives elsewhere; or the database
            of a community of your own, `sqlite:///community.db` or `postgresql://…`, which is
            opened with the first call and closed with the client.
        community_key: key of a served community at `community_url`, from `python -m
            tgiconik.community keys add`. Trading Grid's token is not sent there then.
        community: an open `tgiconik.community.Community`, which stays open; or another backend.
        timeout: seconds to wait for a connection, and between two pieces of an answer.
        deadline: seconds that one call may take in all, its retries included.
        retry: how often a failed call is repeated, and the waits between attempts.
        rate: calls per second at the most; None for no limit.
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

    Attributes:
        company_id: BUID of the company that acts.

    Raises:
        ConfigurationError: a URL that credentials may not be sent to, an empty credential, an
            engine that is not there, a database without the extra `community`, or a key without the
            URL of a served community.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        company_id: str,
        *,
        community_url: str | None = None,
        community_key: str | None = None,
        community: "Collaboration | KeptCommunity | None" = None,
        timeout: float = 30.0,
        deadline: float = 120.0,
        retry: Retry | None = None,
        rate: float | None = None,
        engine: Engine | None = None,
        transport: Transport | None = None,
        user_agent: str | None = None,
        plain_http: Collection[str] = (),
        on_request: Hook | None = None,
        on_response: Hook | None = None,
        proxy: str | None = None,
        ca_file: StrPath | None = None,
    ) -> None:
        given = _without_none(community_url=community_url, community_key=community_key)
        given["client_secret"] = client_secret
        # A traceback with its local variables would show them.
        del client_secret, community_url, community_key
        auth = ClientCredentials(client_id, given["client_secret"])
        if community is not None and "community_url" in given:
            raise errors.ConfigurationError("give community or community_url, not both")
        not_blank(company_id, "company_id")
        self.company_id = company_id
        options: SessionOptions = {
            "timeout": timeout,
            "deadline": deadline,
            "retry": retry,
            "rate": rate,
            "engine": engine,
            "transport": transport,
            "user_agent": user_agent,
            "plain_http": plain_http,
            "on_request": on_request,
            "on_response": on_response,
            "proxy": proxy,
            "ca_file": ca_file,
        }
        checked_url(url, hosts(plain_http), called="url (TRADING_GRID_URL)")
        self._session = Session(url, auth=auth, **options)
        self._opened: KeptCommunity | None = None
        #: Of the community alone: in this process, or with a key of its own.
        self._apart: Session | None = None
        self._backend: Collaboration | None = None
        self._community_url: str | None = None
        self._open_community(given, community, options)

    def _open_community(
        self,
        given: Hidden,
        community: "Collaboration | KeptCommunity | None",
        options: SessionOptions,
    ) -> None:
        """Choose what `community` calls.

        Raises:
            ConfigurationError: as the class says.
        """
        if given.get("community_url", "").partition(":")[0].lower() in _DATABASES:
            from tgiconik.tradinggrid.in_process import opened_on_demand

            community = self._opened = opened_on_demand(given)
        elif "community_url" in given:
            self._community_url = _checked_community_url(
                given["community_url"], self._session.plain_http
            )
        if "community_key" in given:
            self._apart = self._with_key(given, options)
        if community is not None:
            self._use(community, options)

    def _with_key(self, given: Hidden, options: SessionOptions) -> Session:
        """A session with the key of a served community, and without Trading Grid's token.

        Raises:
            ConfigurationError: there is no served community, or the key cannot be sent.
        """
        if self._community_url is None:
            raise errors.ConfigurationError(
                "a community_key is for a served community: give its community_url too, as "
                f"https://…, or leave out the key ({_COMMUNITY_KEY})"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", given["community_key"]):
            raise errors.ConfigurationError(
                "community_key must be printable ASCII without blanks; was a line's end copied too?"
            )
        key = Hidden({"Authorization": f"Bearer {given['community_key']}"})
        return Session(self._community_url, auth=HeaderAuth(key), **options)

    def _use(self, community: "Collaboration | KeptCommunity", options: SessionOptions) -> None:
        """Call a community that this process keeps, or another backend."""
        from tgiconik.tradinggrid.in_process import KeptCommunity, session_in

        if isinstance(community, KeptCommunity):
            self._apart = session_in(community, options)
        else:
            self._backend = community

    @classmethod
    def from_env(
        cls,
        *,
        environ: Mapping[str, str] = os.environ,
        community: "Collaboration | KeptCommunity | None" = None,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """A client from `TRADING_GRID_URL`, `_CLIENT_ID`, `_CLIENT_SECRET` and `_COMPANY_ID`.

        `TRADING_GRID_COMMUNITY_URL` and `TRADING_GRID_COMMUNITY_KEY` are read too, unless another
        backend is given, and `TGICONIK_ENGINE`. An empty variable counts as missing.

        Args:
            environ: where to look. A mapping stands for all of the environment: the variables of
                proxies (`HTTPS_PROXY`, `NO_PROXY`, …) and of certificates (`SSL_CERT_FILE`) are
                read from it too, and none of the process.
            community: a community of your own, or another collaboration backend.
            options: as for the class: timeout, deadline, retry, rate, engine, transport,
                user_agent, plain_http, proxy, ca_file, on_request, on_response.

        Raises:
            ConfigurationError: names every variable that is missing, or the engine that is.
        """
        given = Hidden({name: environ.get(variable, "") for name, variable in _VARIABLES.items()})
        elsewhere = Hidden()
        for name, variable in (
            ("community_url", _COMMUNITY_URL),
            ("community_key", _COMMUNITY_KEY),
        ):
            if community is None and environ.get(variable):
                elsewhere[name] = environ[variable]
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
            return cls(
                **given,
                community_url=elsewhere.get("community_url"),
                community_key=elsewhere.get("community_key"),
                community=community,
                **options,
            )

    @classmethod
    @without_locals
    def from_profile(
        cls,
        name: str | None = None,
        *,
        config: StrPath | None = None,
        environ: Mapping[str, str] = os.environ,
        community: "Collaboration | KeptCommunity | None" = None,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """A client from a profile of `tgiconik.toml`: see `tgiconik.profiles.load_profile`.

        `TGICONIK_ENGINE` is read too.

        Args:
            name: the profile, such as `prod`; `TGICONIK_PROFILE` says it when left out.
            config: path of the file; when left out, `TGICONIK_CONFIG`, or else `tgiconik.toml` in
                the current folder or the nearest one above it.
            environ: where variables are looked up, those of proxies and certificates too.
            community: a community of your own, or another collaboration backend.
            options: as for the class; `proxy` and `ca_file` replace the profile's.

        Raises:
            ConfigurationError: no profile is chosen, the file is missing or not valid, it says
                nothing of Trading Grid, or an environment variable that it names is not set.
        """
        from tgiconik.profiles import load_profile

        profile = load_profile(name, config=config, environ=environ)
        options.setdefault("proxy", profile.proxy)
        options.setdefault("ca_file", profile.ca_file)
        with Network.of(environ).for_clients():
            return cls.from_env(
                environ=profile.trading_grid_environment(environ), community=community, **options
            )

    def __repr__(self) -> str:
        # Tracebacks ask for it too, of a client that could not be made.
        session = getattr(self, "_session", None)
        if session is None:
            return "<TradingGridClient>"
        return f"<TradingGridClient {self.company_id} at {session.base_url}>"

    @property
    def traffic(self) -> Traffic:
        """The work of this client so far: calls, retries, waits, bytes."""
        return self._session.traffic

    @cached_property
    def companies(self) -> "Companies":
        """Companies by BUID."""
        from tgiconik.tradinggrid.community_management import Companies

        return Companies(self._session, self.company_id)

    @cached_property
    def partners(self) -> "PartnerDirectory":
        """The partner directory."""
        from tgiconik.tradinggrid.community_management import PartnerDirectory

        return PartnerDirectory(self._session, self.company_id)

    @cached_property
    def users(self) -> "Users":
        """The company's users and their roles."""
        from tgiconik.tradinggrid.community_management import Users

        return Users(self._session, self.company_id)

    @cached_property
    def entitlements(self) -> "Entitlements":
        """Entitlements of companies and users."""
        from tgiconik.tradinggrid.community_management import Entitlements

        return Entitlements(self._session, self.company_id)

    @cached_property
    def lens(self) -> "Lens":
        """Transaction visibility."""
        from tgiconik.tradinggrid.lens import Lens

        return Lens(self._session)

    @cached_property
    def cartographer(self) -> "Cartographer":
        """Maps and cross-references."""
        from tgiconik.tradinggrid.cartographer import Cartographer

        return Cartographer(self._session)

    @cached_property
    def community(self) -> "Collaboration":
        """Requests, issues, documents and the rest of the contract that is this project's own."""
        from tgiconik.tradinggrid.collaboration import HttpCollaboration

        return self._backend or HttpCollaboration(
            self._apart or self._session, self.company_id, community_url=self._community_url
        )

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice. What was passed as `community` stays open."""
        if self._apart is not None:
            await self._apart.aclose()
        if self._opened is not None:
            await self._opened.aclose()
        await self._session.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, QueryValue] | None = None,
        json: object = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON is what it is
        """Call any path of Trading Grid and return the parsed JSON; None for an empty body.

        With the token, retries and errors of every other call.

        Args:
            method: HTTP method.
            path: from the slash on, percent-encoded where it needs to be.
            query: names and values; a None is left out.
            json: the body; None for no body.
            headers: headers of this call alone.

        Raises:
            ConfigurationError: the path does not begin with a slash, is not printable, or has a
                query of its own beside `query`.
            CallError: see `tgiconik.errors`.
        """
        call = build_literal(method, path, query=query, json=json, headers=headers)
        return (await self._session.send(call)).json()

    async def check(self) -> GridCheck:
        """Call each surface once, without changing anything: see `GridCheck`.

        Where Trading Grid does not answer, the result says why within seconds.
        """
        with self._session.within(CHECK_DEADLINE):
            return await check(
                sign_in=self._session.sign_in,
                company_id=self.company_id,
                companies=self.companies,
                partners=self.partners,
                lens=self.lens,
                community=self.community,
            )
