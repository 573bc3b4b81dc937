"""Reference of all commands, from the command lines themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from docs.site.markdown import table_of
from pivotmine.cli.app import app
from pivotmine.model.cli import app as model_app

HEAD = """# Commands

Each command prints this text with `--help`. Exit status 0 means that all went well, 1 that a check
found something, 2 that something has to be mended first, and 130 that the command was interrupted.
"""


def commands_page() -> str:
    """Markdown of every command of `pivotmine` and `pivotmine-model`."""
    programs = (("pivotmine", app), ("pivotmine-model", model_app))
    return HEAD + "".join(
        part
        for name, program in programs
        for part in (f"\n## {name}\n", *_group(name, typer.main.get_command(program)))
    )


def _group(path: str, group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _group(f"{path} {name}", command)
            continue
        yield f"\n### {path} {name}\n\n{_text(command.help or '')}\n\n"
        yield table_of(("parameter", "default", "meaning"), map(_parameter, command.params))


def _parameter(parameter: Any) -> tuple[str, str, str]:
    """Names, default and meaning of an argument or an option."""
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    annotation = parameter.type_descriptor.annotation
    choices = annotation if isinstance(annotation, type) and issubclass(annotation, Enum) else ()
    kinds = f" One of {', '.join(f'`{choice.value}`' for choice in choices)}." if choices else ""
    default = getattr(parameter.default, "value", parameter.default)
    shown = "required" if parameter.required else f"`{default}`"
    shown = "" if shown in ("`None`", "`False`") else shown
    return names, shown, (getattr(parameter, "help", None) or "") + kinds


def _text(help_text: str) -> str:
    """Help as Markdown: examples as code, without the markup of the terminal."""
    plain = re.sub(r"\[/?(bold|dim|cyan)\]", "", help_text).replace("\b", "")
    paragraphs = re.split(r"\n\s*\n", plain.strip())
    return "\n\n".join(_paragraph(" ".join(one.split())) for one in paragraphs)


def _paragraph(text: str) -> str:
    example = re.fullmatch(r"(?:Example: )?(pivotmine\S* .*?)(?: \((.*)\))?", text)
    if example is None:
        return text.replace("<", "&lt;")
    note = f"    # {example[2]}" if example[2] else ""
    return f"```sh\n{example[1]}{note}\n```"
