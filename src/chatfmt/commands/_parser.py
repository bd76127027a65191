"""The command line's parser, which suggests what was meant and shows how a command is used."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from importlib import metadata
from typing import TYPE_CHECKING, Any, NoReturn

from chatfmt.line.formats import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser that reports errors with the usage of the command that was called.

    Options cannot be abbreviated; for an unknown one, the closest option is suggested.
    """

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(allow_abbrev=False, **{"formatter_class": _Help, **more})

    def add_version(self, package: str) -> None:
        """Add the option that prints the version of a package."""
        self.add_argument(
            "--version",
            action=_Version,
            nargs=0,
            const=package,
            help="print the version and exit",
        )

    def parse_known_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: Any = None,  # noqa: ANN401 - argparse's own
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse all arguments; each command's own parser parses its arguments.

        Raises:
            SystemExit: an argument is unknown or wrong; the reason is printed.
        """
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._unknown(rest[0]))
        return found, rest

    def _unknown(self, argument: str) -> str:
        if not argument.startswith("-"):
            return f"unexpected argument {argument!r}"
        option = argument.partition("=")[0]
        likely = get_close_matches(option, self._option_string_actions, n=1)
        return f"unknown option {option}" + "".join(f"; did you mean {one}?" for one in likely)

    def _check_value(self, action: argparse.Action, value: str) -> None:
        """Suggest the command closest to an unknown one.

        Raises:
            ArgumentError: the value is not among the choices.
        """
        is_command = isinstance(action, argparse._SubParsersAction)
        if is_command and action.choices is not None and value not in action.choices:
            likely, *_ = nearest(value, action.choices)
            known = ", ".join(action.choices)
            self.error(
                f"unknown command {value!r}; did you mean {likely}? The commands are {known}"
            )
        super()._check_value(action, value)


class _Help(argparse.HelpFormatter):
    """Puts the help of every command beside its name.

    The base class leaves no room for the indentation of commands, so a long name would push its
    help to the next line.
    """

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._action_max_length += self._indent_increment


class _Version(argparse.Action):
    """Prints the version, which is looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"{self.const} {metadata.version(self.const)}")  # noqa: T201 - what was asked for
        parser.exit()
