"""Fulfill a media request.

    python examples/quickstart.py                                                   on the sandbox
    python examples/quickstart.py --live --request REQ-1042 --policy policy.toml    on your tenants

Finds the media that a partner requests, shares what the policy allows, and answers the request.
With `--live`, it uses the platforms of the environment variables (`ICONIK_URL`, `TRADING_GRID_URL`
and the others in the README), and requires a policy: without one, every asset is refused.

Guide: docs/quickstart.md
"""

import argparse
import asyncio
import hashlib
import sys
import textwrap
import urllib.request
from pathlib import Path

from tgiconik import IconikClient, ReleasePolicy, TradingGridClient, errors
from tgiconik.workflows import Fulfillment, Verb, fulfill_media_request


async def fulfill(
    grid: TradingGridClient, iconik: IconikClient, request_id: str, policy: ReleasePolicy
) -> Fulfillment:
    """Print the request, fulfill it, and print the result on both platforms."""
    await tell_request(grid, request_id)
    result = await fulfill_media_request(grid, iconik, request_id, policy=policy)
    tell_choice(result)
    await tell_answer(grid, result)
    return result


async def tell_request(grid: TradingGridClient, request_id: str) -> None:
    """Print the request."""
    try:
        request = await grid.community.requests.get(request_id)
    except errors.NotFound as error:
        raise errors.UnknownRequest(f"there is no request {request_id}") from error
    wanted = request.criteria
    terms = (wanted.text, wanted.media_type, wanted.region, wanted.language, wanted.usage)
    say("On Trading Grid")
    tell(f"{request.partner_id} asks in {request.id}, which is {request.status}:")
    tell(f"“{request.subject}”")
    tell(f"Looking for: {', '.join(term for term in terms if term)}")


def tell_choice(result: Fulfillment) -> None:
    """Print the candidates with their decisions, and the outcomes."""
    say("In iconik")
    if found := result.candidates:
        tell(f"{found.matched} assets match; the {len(found.judged)} best were judged:")
        for candidate in found.judged:
            verdict = "may go" if candidate.decision.allowed else "may not go"
            tell(f"- “{candidate.facts.title}” ({candidate.facts.asset_id[:8]}) {verdict}.")
            for reason in candidate.decision.reasons:
                tell(f"  {reason.message}")
    for outcome in result.outcomes:
        tell(f"“{outcome.title}” ({outcome.asset_id[:8]}) is {outcome.state}.")
        if outcome.link and outcome.expires_at:
            tell(f"Link:  {outcome.link}")
            tell(f"Until: {outcome.expires_at:%Y-%m-%d %H:%M} UTC")


async def tell_answer(grid: TradingGridClient, result: Fulfillment) -> None:
    """Print the writes in order, and the comment for the partner."""
    say("Written on both platforms, in this order")
    for step in result.timeline:
        if step.verb is Verb.WROTE:
            tell(f"- {step.what}")
    say("Back on Trading Grid")
    async for comment in grid.community.requests.comments(result.request_id):
        if comment.visibility == "partner":
            tell("The partner reads:")
            for line in comment.body.splitlines():
                tell(f"  {line}")
    for line in result.waiting_on:
        tell(f"Now it is up to {line}.")


async def on_the_sandbox(request_id: str, policy: ReleasePolicy | None) -> Fulfillment:
    """Start a sandbox, fulfill the request, and open the link as the partner."""
    from tgiconik.sandbox import Sandbox  # noqa: PLC0415 - `--live` works without the extra

    sandbox = Sandbox()
    with sandbox.serve() as url:
        say("The sandbox")
        tell(f"Both platforms run on {url}, in this process. Nothing here is a live tenant.")
        environ = sandbox.environment()
        async with (
            TradingGridClient.from_env(environ=environ) as grid,
            IconikClient.from_env(environ=environ) as iconik,
        ):
            result = await fulfill(grid, iconik, request_id, policy or sandbox.policy())
        for outcome in result.outcomes:
            if outcome.link:
                say("At the partner's")
                media, media_type = await asyncio.to_thread(opened, outcome.link)
                tell(
                    f"The link opens: {len(media)} bytes of {media_type}, "
                    f"sha-256 {hashlib.sha256(media).hexdigest()[:16]}…"
                )
    return result


async def on_your_tenants(request_id: str, policy: ReleasePolicy) -> Fulfillment:
    """Fulfill the request on the platforms of the environment variables."""
    async with TradingGridClient.from_env() as grid, IconikClient.from_env() as iconik:
        return await fulfill(grid, iconik, request_id, policy)


def opened(link: str) -> tuple[bytes, str]:
    """Open a link, and return its content and media type."""
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - the sandbox's own link
        return answer.read(), answer.headers.get_content_type()


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n{title}")


def tell(line: str) -> None:
    """Print a line."""
    print(textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    "))


def main() -> int:
    """Run the quickstart; print an error as one sentence."""
    parser = argparse.ArgumentParser(description="Answer one partner's media request.")
    parser.add_argument("--live", action="store_true", help="use the platforms of the environment")
    parser.add_argument("--request", metavar="ID", help="the request (default: REQ-1042)")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="release policy, as TOML")
    options = parser.parse_args()
    try:
        policy = ReleasePolicy.from_toml(options.policy) if options.policy else None
        if not options.live:
            story = on_the_sandbox(options.request or "REQ-1042", policy)
        elif options.request and policy:
            story = on_your_tenants(options.request, policy)
        else:
            raise errors.ConfigurationError("--live needs --request and --policy")
        result = asyncio.run(story)
    except (errors.TgIconikError, OSError) as error:
        print(f"quickstart: {error}", file=sys.stderr)
        return 2
    print(f"\nrequest {result.request_id} {result.status}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
