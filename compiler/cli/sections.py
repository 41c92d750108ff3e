"""A command with many options, which its `--help` shows in sections.

In: the names of a command's options, by section. Out: the help; options that no section names stand first.
This file must not know what an option does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click


class Sectioned(click.Command):
    """sections: heading -> the parameters below it, by their Python names."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heading = {name: heading for heading, names in sections.items() for name in names}
        unknown = set(self._heading) - {parameter.name for parameter in self.params}
        if unknown:
            raise ValueError(f"{self.name} has no {', '.join(sorted(unknown))} to put into a section")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found: dict[str, list[tuple[str, str]]] = {"Options": []}
        found |= {heading: [] for heading in dict.fromkeys(self._heading.values())}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            # What the command is given stands in the line of usage.
            if record is not None and not isinstance(parameter, click.Argument):
                found[self._heading.get(parameter.name or "", "Options")].append(record)
        for heading, records in found.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
