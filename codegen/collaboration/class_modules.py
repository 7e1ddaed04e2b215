"""The modules of the contract's classes: `values`, `models`, `inputs` and `dicts`."""

import re
from collections.abc import Sequence
from typing import Final

from codegen.collaboration.classes import Class, Classes, Enumeration, Field, member
from codegen.collaboration.text import HEADER, PACKAGE, docstring, imported

_IS_OPERATORS: Final = '''
    @property
    def is_operators(self) -> bool:
        """Whether an operator of the company wrote it. False for a partner, and if unknown."""
        return self.written_by == OPERATOR
'''
_OPERATOR: Final = """\
#: The author of everything that the company itself writes.
OPERATOR: Final = "operator"


"""


def values_module(classes: Classes) -> str:
    """The enumerations, and the small values inside of nouns."""
    about = "The words of the contract: enumerations, and the small values inside its nouns."
    written = [*map(_enumeration, classes.enumerations), *map(_class, _in_order(classes.values))]
    return _module(about, classes, _OPERATOR + "\n\n".join(written))


def models_module(classes: Classes) -> str:
    """The module of the response models."""
    about = "The records of the collaboration contract, as attrs classes."
    return _module(about, classes, "\n\n".join(map(_class, classes.models)))


def inputs_module(classes: Classes) -> str:
    """The module of the input models."""
    about = "The inputs of the collaboration contract, as attrs classes."
    return _module(about, classes, "\n\n".join(map(_class, classes.inputs)))


def dicts_module(classes: Classes) -> str:
    """The module of the inputs' fields as typed dictionaries."""
    about = "The fields of inputs as typed dictionaries: `RequestInput(**fields)` is then checked."
    written = "\n\n".join(map(_dict, classes.inputs))
    return _module(about, classes, written).replace("\nimport attrs\n\n", "\n", 1)


def _dict(one: Class) -> str:
    return "\n".join(
        [
            f"class {one.name}Dict(TypedDict, total=False):",
            f'    """The fields of `{one.name}`."""',
            "",
            *(f"    {field.name}: {_entry(field)}" for field in one.fields),
            "",
        ]
    )


def _entry(field: Field) -> str:
    """What is left out is not set, so it needs no UNSET."""
    kind = field.annotation.replace(" | Unset", "")
    return f"Required[{kind}]" if field.default is None else kind


def _module(about: str, classes: Classes, written: str) -> str:
    elsewhere = [one.name for one in classes.values if f"class {one.name}(" not in written]
    if _OPERATOR not in written:
        elsewhere.append("OPERATOR")
    code = re.sub(r'""".*?"""', "", written, flags=re.DOTALL)
    return "".join(
        [
            f'{HEADER}"""{about}"""\n\n',
            imported("collections.abc", code, ("Mapping", "Sequence")),
            imported("datetime", code, ("datetime",)),
            imported("enum", code, ("StrEnum",)),
            imported("typing", code, ("Any", "Final", "Required", "TypedDict")),
            "\nimport attrs\n\n",
            imported("tgiconik._models", code, ("UNSET", "Unset")),
            imported("tgiconik.tradinggrid._decode", code, ("Record",)),
            imported(f"{PACKAGE}.values", code, elsewhere),
            "\n\n",
            written,
        ]
    )


def _in_order(classes: Sequence[Class]) -> list[Class]:
    """Each after those that it holds, as Python reads them."""
    left, found = list(classes), list[Class]()
    while left:
        waiting = {one.name for one in left}
        ready = next(one for one in left if not waiting & _held(one) - {one.name})
        left.remove(ready)
        found.append(ready)
    return found


def _held(one: Class) -> set[str]:
    return {name for field in one.fields for name in re.findall(r"\w+", field.annotation)}


def _enumeration(one: Enumeration) -> str:
    members = [f'    {member(value)} = "{value}"' for value in one.values]
    about = docstring(one.about, sections={}, indent=1)
    return "\n".join([f"class {one.name}(StrEnum):", about, "", *members, ""])


def _class(one: Class) -> str:
    about = {field.name: field.about for field in one.fields}
    # Those without a default come first; all are given by keyword.
    fields = sorted(one.fields, key=lambda field: field.default is not None)
    return "\n".join(
        [
            "@attrs.frozen(kw_only=True)",
            f"class {one.name}(Record):" if one.side == "read" else f"class {one.name}:",
            docstring(one.about, sections={"Attributes": about}, indent=1),
            "",
            *(
                f"    {field.name}: {field.annotation}"
                + ("" if field.default is None else f" = {field.default}")
                for field in fields
            ),
            *([_IS_OPERATORS] if one.has_author else []),
            "",
        ]
    )
