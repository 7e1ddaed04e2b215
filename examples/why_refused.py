"""Explain why a share is refused.

    python examples/why_refused.py

Compares the decisions about one asset under three policies, by dry runs that write nothing. Runs
on the embedded sandbox.

Guide: docs/policies.md
"""

import asyncio

import attrs
from _story import chapter, tell

from tgiconik import ReleasePolicy
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import State, distribute_approved_asset

LOOKBOOK = world.asset_id("lookbook")


async def main() -> None:
    """Decide about one asset and the same partners under three policies."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def ask(policy: ReleasePolicy) -> None:
            result = await distribute_approved_asset(
                grid, iconik, LOOKBOOK, policy=policy, dry_run=True
            )
            for outcome in result.outcomes:
                if outcome.state is State.WOULD_BE_REFUSED and outcome.decision is not None:
                    for reason in outcome.decision.reasons:
                        tell(f"{outcome.partner} not: {reason.message} ({reason.code})")
                else:
                    tell(f"{outcome.partner} would get it")

        chapter("By the brand's policy")
        usual = sandbox.policy()
        await ask(usual)
        chapter("Where two people must have approved")
        await ask(attrs.evolve(usual, min_approvers=2))
        chapter("Where only a version will do that is marked as compliant")
        await ask(attrs.evolve(usual, require_compliant=True))
        tell(f"{len(sandbox.writes)} things were written")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
