"""Completion scripts for shells, made from the parsers.

A script knows, for every place in the command line, which commands, options and values may follow.
A place is the commands that were typed so far, such as `community keys`. The scripts need nothing
but their shell, and do not run `tgiconik`.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from tgiconik.cli.parser import children

#: The shells that there are scripts for.
SHELLS: Final = ("bash", "zsh", "fish")
#: A metavar whose value is a path.
_FILE: Final = re.compile(r"FILE\b.*")


@attrs.frozen
class Option:
    """An option.

    Attributes:
        names: its names, such as `--policy`.
        help: one line.
        takes_value: whether a value follows.
        values: the values that it may have; empty for any.
        is_file: whether its value is a path.
    """

    names: tuple[str, ...]
    help: str
    takes_value: bool
    values: tuple[str, ...]
    is_file: bool


@attrs.frozen
class Place:
    """A place in the command line.

    Attributes:
        path: the commands before it.
        commands: the commands that may follow, with a line of help.
        options: the options that may follow.
        values: the values that an argument may have.
        is_file: whether an argument is a path.
    """

    path: tuple[str, ...]
    commands: Mapping[str, str]
    options: tuple[Option, ...]
    values: tuple[str, ...]
    is_file: bool


def places(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """All places, the root first.

    Args:
        parser: the parser with all its commands.
        path: the commands before it.
    """
    yield _place(parser, path)
    for name, child in children(parser).items():
        yield from places(child, (*path, name))


def _place(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Place:
    actions = parser._actions  # noqa: SLF001 - argparse has no public way to its actions
    commands: dict[str, str] = {}
    arguments = []
    options = []
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            helps = {one.dest: _line(one.help) for one in action._choices_actions}  # noqa: SLF001 - the same
            commands = {name: helps.get(name, "") for name in action.choices}
        elif action.option_strings:
            options.append(_option(action))
        else:
            arguments.append(action)
    return Place(
        path=path,
        commands=commands,
        options=tuple(options),
        values=tuple(str(one) for action in arguments for one in action.choices or ()),
        is_file=any(_is_file(action) for action in arguments),
    )


def _option(action: argparse.Action) -> Option:
    return Option(
        names=tuple(action.option_strings),
        help=_line(action.help),
        takes_value=action.nargs != 0,
        values=tuple(map(str, action.choices or ())),
        is_file=_is_file(action),
    )


def _is_file(action: argparse.Action) -> bool:
    return isinstance(action.metavar, str) and _FILE.fullmatch(action.metavar) is not None


def _line(text: str | None) -> str:
    """Help on one line; what argparse would fill in is left out."""
    return " ".join(re.sub(r"\s*\(%\(default\)\w\)|%\(\w+\)\w", "", text or "").split())


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion script for a shell.

    Args:
        parser: the parser with all its commands.
        shell: one of `SHELLS`.
    """
    return _SCRIPTS[shell](parser.prog, [*places(parser)])


def _quoted(text: str) -> str:
    """Text as a word of any POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _key(path: Sequence[str]) -> str:
    return " ".join(path)


def _walk(every: Sequence[Place]) -> Iterator[str]:
    """Lines that bash and zsh understand alike: from the words so far to place and last option."""
    yield '  local place="" option="" word'
    yield '  for word in "${words_before[@]}"; do'
    yield '    if [[ -n "$option" ]]; then option=""; continue; fi'
    yield '    case "$place|$word" in'
    for place in every:
        for name in place.commands:
            before, after = _key(place.path), _key((*place.path, name))
            yield f"      {_quoted(f'{before}|{name}')}) place={_quoted(after)} ;;"
        names = [name for one in place.options if one.takes_value for name in one.names]
        if names:
            patterns = "|".join(_quoted(f"{_key(place.path)}|{name}") for name in names)
            yield f'      {patterns}) option="$word" ;;'
    yield "    esac"
    yield "  done"


def _bash(program: str, every: Sequence[Place]) -> str:
    lines = [
        f"# Completion of {program} for bash, made by `{program} completion bash`.",
        f"_{program}() {{",
        '  local current="${COMP_WORDS[COMP_CWORD]}" candidates="" files=""',
        '  local words_before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")',
        "  COMPREPLY=()",
        *_walk(every),
        '  case "$place|$option" in',
    ]
    for place in every:
        key = _key(place.path)
        for one in place.options:
            if one.takes_value:
                patterns = "|".join(_quoted(f"{key}|{name}") for name in one.names)
                lines.append(f"    {patterns}) {_bash_values(one.values, is_file=one.is_file)} ;;")
        follow = [*place.commands, *place.values]
        names = [name for one in place.options for name in one.names]
        lines.append(
            f"    {_quoted(f'{key}|')}) {_bash_values(follow, is_file=place.is_file)}; "
            f'[[ "$current" == -* ]] && candidates={_quoted(" ".join(names))} ;;'
        )
    lines += [
        "  esac",
        '  COMPREPLY=($(compgen -W "$candidates" -- "$current"))',
        '  if [[ -n "$files" && "$current" != -* ]]; then',
        "    compopt -o filenames 2>/dev/null",
        "    local IFS=$'\\n'",
        '    COMPREPLY+=($(compgen -f -- "$current"))',
        "  fi",
        "}",
        f"complete -F _{program} {program}",
    ]
    return "\n".join(lines) + "\n"


def _bash_values(values: Sequence[str], *, is_file: bool) -> str:
    return f"candidates={_quoted(' '.join(values))}; files={'1' if is_file else ''}"


def _zsh(program: str, every: Sequence[Place]) -> str:
    lines = [
        f"#compdef {program}",
        f"# Completion of {program} for zsh, made by `{program} completion zsh`.",
        f"_{program}() {{",
        "  local -a words_before candidates",
        "  words_before=(${words[2,CURRENT-1]})",
        *_walk(every),
        '  case "$place|$option" in',
    ]
    for place in every:
        key = _key(place.path)
        for one in place.options:
            if one.takes_value:
                patterns = "|".join(_quoted(f"{key}|{name}") for name in one.names)
                values = dict.fromkeys(one.values, "")
                lines.append(f"    {patterns}) {_zsh_values(values, is_file=one.is_file)} ;;")
        follow = {**place.commands, **dict.fromkeys(place.values, "")}
        options = {name: one.help for one in place.options for name in one.names}
        lines += [
            f"    {_quoted(f'{key}|')})",
            '      if [[ "$PREFIX" == -* ]]; then',
            f"        {_zsh_values(options)}",
            "      else",
            f"        {_zsh_values(follow, is_file=place.is_file)}",
            "      fi ;;",
        ]
    lines += [
        "  esac",
        "}",
        f'if [[ "$funcstack[1]" == _{program} ]]; then _{program} "$@"',
        f"else compdef _{program} {program}; fi",
    ]
    return "\n".join(lines) + "\n"


def _zsh_values(values: Mapping[str, str], *, is_file: bool = False) -> str:
    parts = []
    if values:
        described = (
            _quoted(name.replace(":", "\\:") + (f":{text}" if text else ""))
            for name, text in values.items()
        )
        parts.append(f"candidates=({' '.join(described)}); _describe value candidates")
    if is_file:
        parts.append("_files")
    return "; ".join(parts) or ":"


def _fish(program: str, every: Sequence[Place]) -> str:
    lines = [
        f"# Completion of {program} for fish, made by `{program} completion fish`.",
        f"function __{program}_at",
        "  set -l place ''; set -l option ''",
        "  for word in (commandline -opc)[2..-1]",
        "    if test -n \"$option\"; set option ''; continue; end",
        '    switch "$place|$word"',
    ]
    for place in every:
        for name in place.commands:
            before, after = _key(place.path), _key((*place.path, name))
            lines.append(f"      case {_fished(f'{before}|{name}')}; set place {_fished(after)}")
        names = [name for one in place.options if one.takes_value for name in one.names]
        if names:
            patterns = " ".join(_fished(f"{_key(place.path)}|{name}") for name in names)
            lines.append(f"      case {patterns}; set option $word")
    lines += [
        "    end",
        "  end",
        # Where an option's value is due, fish itself offers nothing else.
        '  test "$place" = "$argv[1]"',
        "end",
        f"complete -c {program} -e",
        f"complete -c {program} -f",
    ]
    for place in every:
        lines += _fish_place(f"complete -c {program} -n {_at(program, place)}", place)
    return "\n".join(lines) + "\n"


def _at(program: str, place: Place) -> str:
    return _fished(f"__{program}_at {_fished(_key(place.path))}")


def _fish_place(begin: str, place: Place) -> Iterator[str]:
    for name, text in place.commands.items():
        yield f"{begin} -a {_fished(name)} -d {_fished(text)}"
    if place.values:
        yield f"{begin} -a {_fished(' '.join(place.values))}"
    if place.is_file:
        yield f"{begin} -F"
    for one in place.options:
        named = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in one.names
        )
        value = " -r -F" if one.is_file else " -x" if one.takes_value else ""
        value += f" -a {_fished(' '.join(one.values))}" if one.values else ""
        yield f"{begin} {named}{value} -d {_fished(one.help)}"


def _fished(text: str) -> str:
    """Text as a word of fish, which knows other escapes than POSIX."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_SCRIPTS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
