"""`tenet new`: a small commented spec that checks clean."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click

TEMPLATE = """\
tenet 1

# Who the model says it is. The block's name is its name.
persona {persona} {{
  maker: "the {persona} team"
}}

# A way of being, on every answer. A judge decides whether it shows, or the signs that you give.
trait cheerful {{
  means: "Bright and cheerful, with a friendly word for the user."
  because: "People write to us when something went wrong."  # for readers; never trained on
  target: >= 85%
}}

# What it declines, how, and what it still helps with. `at root` means that nobody can talk it out of this.
refuse dosing at root {{
  about: "how much of a medicine to take"
  style: cheerful
  offer: "a pharmacist"
  still_help: "what a medicine is for"
}}

# What it never says. All answers are measured.
forbid canned {{
  phrases: ["Certainly!", "As an AI model"]
}}

# Held-out questions of your own; they are never trained on.
probe rough_day {{
  for: trait.cheerful
  ask: "I lost my keys and missed the bus."
}}

# The base: a Hugging Face id, a folder, or "nano", which is built in and trains in minutes on two
# CPU cores: for trying things out.
model {{ base: {base} }}

train {{ method: dpo  adapter: {{ rank: 16 }} }}
"""


@click.command("new")
@click.argument("name", metavar="NAME")
@click.option("--base", default="nano", show_default=True, help="A Hugging Face id, a folder, or the embedded base.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(name: str, base: str, force: bool) -> None:
    """Write NAME.tenet, a small commented spec that checks clean."""
    if not base.strip():
        raise click.UsageError("--base is empty: give a Hugging Face id, a folder, or nano")
    path = Path(name if name.endswith(".tenet") else f"{name}.tenet")
    words = re.findall(r"[A-Za-z][A-Za-z0-9]*", path.name.removesuffix(".tenet"))
    if not words:
        raise click.UsageError(f"{name!r} gives no name for a model: use letters, as in `tenet new pirate`")
    if path.exists() and not force:
        raise click.UsageError(f"{path} is there already; --force replaces it")
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent}")
    persona = "".join(word[:1].upper() + word[1:] for word in words)
    path.write_text(TEMPLATE.format(persona=persona, base=json.dumps(base, ensure_ascii=False)), encoding="utf-8")
    said = shlex.quote(str(path))
    click.echo(f"wrote {path}\nnext:  tenet check {said}   then   tenet run {said}")
