"""The documentation's table of what a partner's key may do, held to the contract's document."""

from pathlib import Path

from tradinggrid import contract

PAGE = Path(__file__).parents[3] / "docs" / "partner-keys.md"
PREFIX = "/community/v1/companies/{companyId}"


def rows() -> list[str]:
    """A row for each operation, in the order of the document."""
    made = []
    for one in contract.operations():
        facts = contract.document()["paths"][one.path][one.method.lower()]
        may = facts.get("x-partner", "Refused: 403.")
        made.append(f"| `{one.method} {one.path.removeprefix(PREFIX)}` | {may} |")
    return made


def test_the_table_has_every_operation_as_the_contract_has_it() -> None:
    table = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert table == rows()
