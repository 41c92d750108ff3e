"""`tenet gc`: what nobody needs any more goes, above all answers that no build or run asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.options import cache_option, out_option, runs_option
from compiler.cli.sizes import size_told

if TYPE_CHECKING:
    from backends.store.garbage import Garbage

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Bytes, given as `500M` or `2GB`."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", value.strip(), re.IGNORECASE)
    if not found:
        raise click.BadParameter(f"{value!r} is no size; write 500M or 2G", ctx, param)
    return int(float(found[1]) * UNITS[found[2].upper()])


@click.command("gc")
@out_option
@runs_option
@cache_option
@click.option("--unused-for", type=click.IntRange(0), metavar="DAYS", help="Only what was not used for so many days.")
@click.option("--max-size", callback=_size, metavar="SIZE", help="Only what is beyond this size: 500M, 2G.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="What goes, as JSON.")
def command(
    out: Path,
    runs: Path,
    cache: Path | None,
    unused_for: int | None,
    max_size: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove answers that no build or run on disk asks for, old checkpoints, and what killed processes have left.

    What a build under OUT or a run under RUNS needs to be made again without computing never goes. With --unused-for or
    --max-size, what nobody asks for stays until it is that old, or the answers take that much.
    """
    from backends import store
    from backends.store import garbage

    cache = cache or out / ".cache"
    if not cache.is_dir():
        raise click.UsageError(f"there is no folder {cache}; name the folder of builds with --out")
    kept = store.opened(cache)
    if not dry_run:
        kept.check_writable()
    look = garbage.find if dry_run else garbage.remove
    found = look(kept, out, runs, unused_days=unused_for, most=max_size)
    if as_json:
        click.echo(json.dumps(record(found, dry_run), ensure_ascii=False, indent=1))
    else:
        show(found, cache, dry_run)


def record(found: Garbage, dry_run: bool) -> dict[str, object]:
    return {
        "removed": not dry_run,
        "answers": [{"why": p.why, "count": len(p.numbers), "bytes": p.size} for p in found.answers],
        "files": [{"why": p.why, "paths": [str(path) for path in p.paths], "bytes": p.size} for p in found.files],
        "asked": {"count": found.asked[0], "bytes": found.asked[1]},
        "all": {"count": found.all[0], "bytes": found.all[1]},
        "unknown": [str(path) for path in found.unknown],
    }


def show(found: Garbage, cache: Path, dry_run: bool) -> None:
    (count, total), (asked, needed) = found.all, found.asked
    held = f"{cache}: {_answers(count)}, {size_told(total)}; builds and runs ask for {asked:,} of them"
    click.echo(f"{held}, {size_told(needed)}")
    verb = "would remove" if dry_run else "removed"
    for part in found.answers:
        click.echo(f"{verb} {_answers(len(part.numbers))}, {size_told(part.size)}: {part.why}")
    for left in found.files:
        named = str(left.paths[0]) if len(left.paths) == 1 else f"{left.paths[0]} and {len(left.paths) - 1} more"
        click.echo(f"{verb} {named}, {size_told(left.size)}: {left.why}")
    if not found.answers and not found.files:
        click.echo("nothing to remove")
    if found.unknown:
        named = ", ".join(map(str, found.unknown[:3])) + (" and others" if len(found.unknown) > 3 else "")
        click.echo(f"kept what an earlier version has stored: {named} may ask for it")
        click.echo("  help: build and measure them again, which computes nothing; or remove those that nobody needs")


def _answers(count: int) -> str:
    return f"{count:,} answer{'' if count == 1 else 's'}"
