"""A Modelfile, from which Ollama builds a model: weights, system prompt, chat template, where a turn ends.

In: the names and texts. Out: the file's text. Ollama reads a value to the first line whose end closes it, knows no
escapes, and drops characters that Go does not print. A system prompt that such a value cannot hold goes into the
template, whose strings are Go's and can hold anything; where there is none, that is said. This file must not know
weights.

>>> print(render("pirate.gguf", system="Say \\"Arr\\".\\nBe brief.", stops=["<|end|>"], context=1024), end="")
FROM ./pirate.gguf
<BLANKLINE>
SYSTEM \"\"\"Say "Arr".
Be brief.\"\"\"
<BLANKLINE>
PARAMETER stop "<|end|>"
PARAMETER num_ctx 1024
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compiler.failures import DataError

FENCE = '"""'
SPACES = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Turns:
    """What a chat template writes before and after each message, by role, and before all of them. opening: what the
    assistant's next turn begins with."""

    start: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    opening: str


def render(
    weights: str,
    *,
    system: str | None,
    stops: Sequence[str],
    context: int = 0,
    temperature: float | None = None,
    turns: Turns | None = None,
) -> str:
    """Return a Modelfile.

    Args:
        weights: the GGUF's name beside it.
        system: None for none; a client's own system message takes its place.
        stops: texts at which an answer ends.
        context: tokens that the model reads, 0 for Ollama's own choice.
        turns: None leaves the template to Ollama, which knows many by what the GGUF holds.

    Raises:
        DataError: it cannot hold the prompt as it is, and no template is given that could.
    """
    parts = [[f"FROM ./{weights}"]]
    why = _cannot_hold(system or "")
    if why and turns is None:
        raise DataError(
            f"a Modelfile cannot hold the system prompt: {why}", help="change the prompt, or serve the GGUF"
        )
    if turns is not None:
        parts.append([f"TEMPLATE {FENCE}{template(turns, system if why else None)}{FENCE}"])
    if system is not None and not why:
        parts.append([f"SYSTEM {FENCE}{system}{FENCE}"])
    settings = [f'PARAMETER stop "{stop}"' for stop in stops if _can_stop(stop)]
    settings += [f"PARAMETER temperature {temperature:g}"] if temperature is not None else []
    settings += [f"PARAMETER num_ctx {context}"] if context else []
    return "\n\n".join("\n".join(part) for part in (*parts, settings) if part) + "\n"


def _can_stop(text: str) -> bool:
    """A value in double quotes ends at the line's end, whatever quotes are in it."""
    return bool(text.strip()) and "\n" not in text and "\r" not in text


def _cannot_hold(text: str) -> str | None:
    """Why a value between three quotes would not come back as it is: such quotes inside do no harm but at the end of a
    line."""
    ends = [line for line in text.replace("\r", "\n").split("\n")[:-1] if line.rstrip().endswith(FENCE)]
    if ends:
        return f"a line ends with three quotes: {ends[0].strip()}"
    unseen = sorted({character for character in text if not character.isprintable() and character not in SPACES})
    return f"Ollama would drop U+{ord(unseen[0]):04X}" if unseen else None


def template(turns: Turns, system: str | None = None) -> str:
    """The same turns as a template of Go's, which opens the assistant's turn unless the last message began it. system:
    what stands first where no message of the system's does.

    >>> print(template(Turns("", {"user": "<u>"}, {"user": "</s>"}, "<a>")))
    {{ range $i, $m := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}...{{ end }}
    """
    said = ""
    for number, role in enumerate(turns.before):
        end = _go(turns.after[role])
        if role == "assistant" and end:
            end = f"{{{{ if not $last }}}}{end}{{{{ end }}}}"
        word = "else if" if number else "if"
        said += f'{{{{ {word} eq $m.Role "{role}" }}}}{_go(turns.before[role])}{{{{ $m.Content }}}}{end}'
    said += "{{ end }}" if turns.before else ""
    opening = f'{{{{ if and $last (ne $m.Role "assistant") }}}}{_go(turns.opening)}{{{{ end }}}}'
    first = ""
    if system is not None:
        given = _go(turns.before["system"] + system + turns.after["system"])
        first = f"{{{{ if not .System }}}}{given}{{{{ end }}}}"
    return (
        f"{_go(turns.start)}{first}{{{{ range $i, $m := .Messages }}}}"
        f"{{{{ $last := eq (len (slice $.Messages $i)) 1 }}}}{said}{opening}{{{{ end }}}}"
    )


def _go(text: str) -> str:
    """A string of Go's, between double quotes, as an action."""
    return f'{{{{ "{"".join(map(_escaped, text))}" }}}}' if text else ""


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return {"\n": "\\n", "\t": "\\t"}.get(character, f"\\U{ord(character):08x}")
