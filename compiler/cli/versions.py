"""`tenet diff OLD NEW`: two versions of one spec, each a file or a file at a git revision (`HEAD~1:spec.tenet`).

In: what the user names. Out: the comparison, printed, and an exit code. A revision is read from git's own store with
all that it imports: nothing is checked out.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, get_args

import click

import spec
from compiler.cli import FINDINGS
from compiler.cli.specs import screen_width, show_diagnostics
from spec.doors import NOTATIONS

if TYPE_CHECKING:
    from compiler.spec_diff import SpecDiff, Version

Format = Literal["terminal", "markdown", "json", "junit", "sarif"]
FORMATS: tuple[Format, ...] = get_args(Format)
FailOn = Literal["any", "looser", "worse", "nothing"]
LOOSENED = ("looser", "incomparable", "removed")
"""Verdicts of a clause that may ask for less than before."""


@dataclass(frozen=True, slots=True)
class Revision:
    """`HEAD~1:specs/harbor.tenet`"""

    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


Named = Path | Revision


def revision_of(text: str) -> Revision | None:
    """Read `REV:PATH`; None where the text is a path (a drive letter is no revision)."""
    revision, colon, path = text.partition(":")
    return Revision(revision, path) if colon and path and len(revision) > 1 and not Path(text).exists() else None


def show(old: Named, new: Named, format: Format, fail_on: FailOn) -> int:
    """Print how `new` differs from `old`; return the exit code."""
    from compiler import spec_diff
    from compiler.spec_diff import markdown, records, terminal

    diff = spec_diff.compare(*_versions(old, new))
    if format == "json":
        click.echo(records.to_json(diff))
    elif format == "markdown":
        click.echo(markdown.render(diff), nl=False)
    else:
        click.echo(terminal.render(diff, screen_width(sys.stdout)))
    return FINDINGS if found(diff, fail_on) else 0


def found(diff: SpecDiff, fail_on: FailOn) -> bool:
    if fail_on in ("looser", "worse"):
        return any(clause.verdict in LOOSENED for clause in diff.clauses)
    return fail_on == "any" and not diff.same


def _versions(old: Named, new: Named) -> tuple[Version, Version]:
    """Read both; where one has errors, show those of both and leave."""
    before, after = _version(old), _version(new)
    if before is None or after is None:
        raise click.exceptions.Exit(FINDINGS)
    return before, after


def _version(named: Named) -> Version | None:
    from compiler.build import to_program
    from compiler.spec_diff import Version

    loaded = _at_revision(named) if isinstance(named, Revision) else spec.load(named)
    diagnostics = loaded.diagnostics
    program = None
    if loaded.document is not None:
        program, more = to_program(loaded.document)
        diagnostics = (*diagnostics, *more)
    errors = tuple(d for d in diagnostics if d.severity == "error")
    if loaded.document is None or program is None or errors:
        show_diagnostics(errors, loaded.sources)
        click.echo(f"{named}: {spec.diagnostics.counted(errors)}; only specs without errors are compared", err=True)
        return None
    return Version(str(named), loaded.document, program)


# ------------------------------------------------------------------ git


def _at_revision(named: Revision) -> spec.Loaded:
    """Load a spec as it was at a revision.

    The spec files of that revision are written to a folder of their own, so that imports are found. Other files that
    settings name (`data`, a chat template) are not looked for: they change nothing that is compared.
    """
    root = Path(_git(Path(), ["rev-parse", "--show-toplevel"]).decode().rstrip("\n"))
    listing = _git(root, ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", named.revision])
    blobs = dict(_entry(line) for line in listing.split(b"\0") if line.startswith(b"100"))
    path = _path_in(named, root, blobs)
    endings = {PurePosixPath(path).suffix, *NOTATIONS}
    wanted = [name for name in blobs if PurePosixPath(name).suffix in endings]
    with TemporaryDirectory(prefix="tenet-") as folder:
        # Without a mark of its own, whatever lies above the folder would count as the project.
        Path(folder, "tenet.toml").touch()
        for name, data in zip(wanted, _contents(root, [blobs[name] for name in wanted]), strict=True):
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        file = Path(folder, path)
        loaded = (
            spec.load(file, project=folder) if not _is_text(file) else spec.loads(file.read_text("utf-8"), str(file))
        )
        return _named_after(loaded, folder, named.revision)


def _is_text(file: Path) -> bool:
    try:
        file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _named_after(loaded: spec.Loaded, folder: str, revision: str) -> spec.Loaded:
    """Let messages name `REV:PATH` and not the folder that it was read from."""
    sources = {
        name: replace(source, shown=source.shown.replace(f"{folder}/", f"{revision}:"))
        for name, source in loaded.sources.items()
    }
    diagnostics = tuple(replace(d, message=d.message.replace(f"{folder}/", f"{revision}:")) for d in loaded.diagnostics)
    return replace(loaded, sources=sources, diagnostics=diagnostics)


def _entry(line: bytes) -> tuple[str, str]:
    """`100644 blob HASH<tab>path` -> path, hash."""
    head, _, path = line.partition(b"\t")
    return path.decode("utf-8", "surrogateescape"), head.split()[2].decode()


def _path_in(named: Revision, root: Path, blobs: dict[str, str]) -> str:
    """The file's path from the top of the repository: as seen from here, or else from the top, as git has it."""
    seen = Path(named.path).absolute()
    candidates = [named.path]
    if (parent := seen.parent.resolve()).is_relative_to(root.resolve()):
        candidates.insert(0, (parent / seen.name).relative_to(root.resolve()).as_posix())
    for candidate in candidates:
        if candidate in blobs:
            return candidate
    from difflib import get_close_matches

    near = get_close_matches(candidates[0], [name for name in blobs if name.endswith(".tenet")], n=1)
    hint = f"; did you mean {named.revision}:{near[0]}?" if near else ""
    raise click.UsageError(f"there is no file {named.path} at {named.revision}{hint}")


def _contents(root: Path, hashes: Sequence[str]) -> list[bytes]:
    """Read many blobs in one go."""
    answer = _git(root, ["cat-file", "--batch"], "".join(f"{name}\n" for name in hashes).encode())
    found, place = [], 0
    for _ in hashes:
        line_end = answer.index(b"\n", place)
        size = int(answer[place:line_end].split()[2])
        found.append(answer[line_end + 1 : line_end + 1 + size])
        place = line_end + 2 + size
    return found


def _git(folder: Path, arguments: list[str], given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise click.UsageError("reading a revision needs git, which is not installed") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git failed"]
        raise click.UsageError(f"git says: {lines[0].removeprefix('fatal: ')}")
    return done.stdout
