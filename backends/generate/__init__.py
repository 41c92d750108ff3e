"""Following a recipe: from recipe.json to the rows that are trained on and the probes that are measured.

In: `build/<spec>/recipe.json`, and filters.json, which every row has to satisfy. Out, beside it: pairs.jsonl, sft.jsonl
where the method or the user's data wants it, probes.jsonl, mixture.json with what the rows are made of, and
generate.json with what was asked for, kept and dropped. Every answer is cached by content: a rebuild repeats none, and
a kill at any moment loses at most one batch. This file must not know clauses, only units.

    recipe.json  {"id": "trait.pirate/distill", "count": 96, "prompts": {"bank": true}, "chosen": {"system": "..."},
    ...} pairs.jsonl  {"id": "trait.pirate/distill-0000", "prompt": [...], "chosen": [...], "rejected": [...], ...}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from backends import banks, bases, embedders, store
from backends.bases import Base
from backends.cached import CachedEngine
from backends.chats import without_system
from backends.generate.candidates import Candidates, ask_of, first_ask
from backends.generate.dialogues import source_between, write_dialogues
from backends.generate.disjoint import LEFT_OUT, asked_in, check_disjoint
from backends.generate.drafts import Drafts
from backends.generate.memory import Memory
from backends.generate.mixing import Making, counted, make
from backends.generate.own_data import OwnData, Wording, chats_in, read_own_data, wording_of
from backends.generate.own_prompts import read_own_prompts
from backends.generate.pairs import write_pairs
from backends.generate.probes import write_probes
from backends.generate.report import DataCounts, DisjointCounts, GenerateReport, RuleCounts, UnitCounts
from backends.generate.rules import Rules
from backends.generate.sides import Models
from backends.generate.sources import Further, Surroundings
from backends.generate.split import HeldOut, Prompts
from backends.generate.streams import Streams
from backends.generate.talks import write_talks
from backends.generate.watched import kept_out, write_watched
from backends.recipes import find_base, judge_of, read_filters, read_recipe, teacher_of
from backends.train.jobs import read_job
from compiler.digests import digest, file_digest
from compiler.files import write_json, write_rows
from compiler.lowering.losses import METHODS
from compiler.progress import Progress, silent
from compiler.records.filters import Filters
from compiler.records.mixture import Made
from compiler.records.recipe import Unit
from compiler.records.rows import ChatRow, PreferencePair, Probe
from compiler.records.watch import WatchRow
from compiler.struck import keys_of_build

EngineFactory = Callable[[Base, Path], CachedEngine]


def longest_row(build: Path) -> int | None:
    """Tokens of a chat that the job trains on; None where no job reads chats, or where it cuts none."""
    path = build / "jobs" / "sft.yaml"
    return read_job(path).values.get("max_length") if path.is_file() else None


def run(
    build: Path,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    engine: EngineFactory = CachedEngine,
    afresh: bool = False,
    asks: Mapping[str, Sequence[int]] | None = None,
) -> GenerateReport:
    """Write the rows that `build/recipe.json` asks for, and put the base beside them.

    Args:
        root: the folder that paths of the spec start from (the spec's own); the working folder unless given.
        cache: where answers are kept by content; `build/../.cache` unless given.
        local_files_only: take models from this machine only.
        engine: makes what answers for a base, with its cache.
        afresh: ask for every answer again, though an earlier build has made the same row.
        asks: by unit, as `mixing.make` takes them.

    Raises:
        DataError: recipe, bank or the user's data cannot be read.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    recipe = read_recipe(build)
    filters = read_filters(build)
    struck = keys_of_build(build)
    cache = cache or build.parent / ".cache"
    root = root or Path()
    base = find_base(build, recipe, root, local_files_only=local_files_only)
    bases.place(base, build / "base")
    teacher = teacher_of(recipe, base, root, local_files_only=local_files_only)
    judge = judge_of(recipe, base, root, local_files_only=local_files_only)
    max_length = longest_row(build)
    # Models with the same content share one engine: weights stand in memory once.
    engines = {b.digest: engine(b, cache) for b in (judge, teacher, base)}
    models = Models(engines[base.digest], engines[teacher.digest], engines[judge.digest])
    kept = store.opened(cache)
    kept.begin(store.name_of_build(build), build)
    # A recording is what is kept of its answers.
    afresh = afresh or any(model.name == "recorded" for model in engines.values())
    memory = None if afresh else Memory(kept)
    rules = Rules(filters)

    standing = chats_in(recipe, root) if any(unit.prompts.chats for unit in recipe.units) else ()
    held_out = HeldOut.of(banks.held_out(base))
    author = Prompts(
        text
        for unit in recipe.units
        if unit.purpose == "probes" and unit.aspect == "author"
        for given in unit.prompts.given
        for text in (ask_of(given), first_ask(given))
    )
    embedder = None
    if recipe.embedder:
        embedder = embedders.load(recipe.embedder, cache=cache, relative_to=root, local_files_only=local_files_only)
    own_prompts = read_own_prompts(recipe, root) if recipe.prompts else {}
    around = Surroundings(
        banks.bank(base),
        held_out,
        author,
        models.writer,
        Further(own_prompts, embedder, standing),
        digests={
            "bank": file_digest(banks.bank_file(base)),
            "held_out": digest(sorted(held_out.names)),
            "author": digest(sorted(author.texts())),
            "own": digest([file.sha256 for file in recipe.prompts]),
            "embedder": embedder.digest if embedder is not None else "",
            "chats": digest([file.sha256 for file in recipe.data]),
        },
    )
    # What a training is watched on is chosen first: its rows keep clear of it.
    watching = [unit for unit in recipe.units if unit.purpose == "watch"]
    if watching:
        watched = kept_out(watching, Streams(around, memory).of)
        told = {**around.digests, "watched": digest(sorted(watched.texts()))}
        around = replace(around, watched=watched, digests=told)
    streams = Streams(around, memory)
    # Probes cost next to nothing, and would let the time left look like many times what it is.
    total = sum(unit.count for unit in recipe.units if unit.is_trained)
    done = 0

    # Rows to train on.
    trained = [unit for unit in recipe.units if unit.is_trained]
    last = {unit.clause_ids[0]: unit.id for unit in trained}
    makings = [Making(unit, streams.of(unit), unit.id == last[unit.clause_ids[0]]) for unit in trained]

    def more(making: Making, count: int) -> None:
        nonlocal done
        before, unit = done, making.unit.model_copy(update={"count": count})

        def tell(n: int) -> None:
            progress("generate", min(before + n, total), total, "rows", unit.id)

        tell(0)
        rows: Sequence[PreferencePair] | Sequence[ChatRow]
        if unit.talk is None:
            known = Drafts(making.unit, models, streams.digest(making.unit) if memory is not None else "", memory)
            rows, dropped = write_pairs(unit, making.candidates, models, rules, tell, struck, known)
        else:
            rows, dropped = write_talks(unit, making.candidates, models, rules, tell)
        making.rows.extend(rows)
        making.dropped += dropped
        done += count
        if not recipe.mixture and making.is_last:
            streams.close(unit.clause_ids[0])  # a mixture may come back for more

    make(makings, recipe.mixture, more, asks)
    streams.close()
    counts = [_counted(m.unit, m.candidates, len(m.rows), m.dropped, m.asks) for m in makings]
    pairs = [row for making in makings for row in making.rows if isinstance(row, PreferencePair)]
    talks = [row for making in makings for row in making.rows if isinstance(row, ChatRow)]

    # The same as chats, each once, and the user's own.
    by_wording: dict[Wording, ChatRow] = {}
    if any(METHODS[stage].rows == "sft.jsonl" for stage in recipe.method.split("+")) or recipe.data:
        for pair in pairs:
            chat = _chat(pair)
            by_wording.setdefault(wording_of(chat.messages), chat)
        for chat in talks:
            by_wording.setdefault(wording_of(chat.messages), chat)
    chats = list(by_wording.values())
    duplicates = len(pairs) + len(talks) - len(chats) if chats else 0
    own = OwnData()
    if recipe.data:
        template = bases.load_chat(base)
        # A chat that was rewritten is what its row unlearns: it is not learned beside it.
        rewritten = {wording_of((*p.prompt, *p.rejected)) for p in pairs if p.writer == "style_transfer"}
        there = by_wording.keys() | rewritten
        own = read_own_data(recipe, filters, root, author, held_out, template, max_length, there, struck)
        chats += own.rows
        if recipe.method != "sft":
            pairs += own.pairs
    taught = [pair.prompt for pair in pairs] + [chat.messages for chat in chats]

    # A trainer renders rows as they stand, so they are written as the base's template takes them.
    if any(m.role == "system" for messages in taught for m in messages) and not models.subject.has_system():
        pairs = [pair.model_copy(update={"prompt": without_system(pair.prompt)}) for pair in pairs]
        chats = [chat.model_copy(update={"messages": without_system(chat.messages)}) for chat in chats]

    # Probes, away from all of these.
    training = asked_in(taught)
    probes: list[Probe] = []
    asked = [unit for unit in recipe.units if unit.purpose == "probes"]
    for unit, after in zip_longest(asked, asked[1:]):
        progress("generate", done, total, "rows", unit.id)
        candidates = streams.of(unit)
        if unit.dialogue is None:
            found, dropped = write_probes(unit, candidates, training, held_out)
        else:
            found, dropped = write_dialogues(unit, candidates, streams.of(source_between(unit)), training, held_out)
        probes += found
        counts.append(_counted(unit, candidates, len(found), dropped))
        if after is None or after.clause_ids[0] != unit.clause_ids[0]:
            streams.close(unit.clause_ids[0])
    compared = check_disjoint(taught, [p.messages for p in probes], held_out)
    rows_watched: list[WatchRow] = []
    for unit in watching:
        candidates = streams.of(unit)
        seen, dropped = write_watched(unit, candidates, training, [p.messages for p in probes], held_out)
        rows_watched += seen
        counts.append(_counted(unit, candidates, len(seen), dropped))

    # Files, each whole or not at all; the report last, so that its presence means that the rest is there.
    rows = {"pairs": len(pairs), "sft": len(chats), "probes": len(probes)}
    if watching:
        rows["watch"] = len(rows_watched)
    report = GenerateReport(
        base=base.name,
        base_digest=base.digest,
        teacher=teacher.name,
        teacher_digest=teacher.digest,
        judge=judge.name,
        judge_digest=judge.digest,
        units=tuple(counts),
        filters=_by_rule(filters, counts, own),
        data=tuple(
            DataCounts(
                path=f.path,
                rows=f.rows,
                kept=f.kept,
                dropped=_sorted(f.dropped),
                cut=f.cut,
                max_length=max_length,
            )
            for f in own.files
        ),
        disjoint=DisjointCounts(
            training=compared,
            probes=len(probes),
            left_out=sum(c.dropped.get(reason, 0) for c in counts if c.purpose != "watch" for reason in LEFT_OUT),
        ),
        duplicates=duplicates,
        struck=len(struck),
        rows=rows,
    )
    write_rows(build / "pairs.jsonl", pairs)
    if chats:
        write_rows(build / "sft.jsonl", chats)
    else:
        (build / "sft.jsonl").unlink(missing_ok=True)
    write_rows(build / "probes.jsonl", probes)
    if watching:
        write_rows(build / "watch.jsonl", rows_watched)
    else:
        (build / "watch.jsonl").unlink(missing_ok=True)
    own_made = [Made(clause="", generator="data", asked=f.rows, got=f.kept, sources={"own": f.kept}) for f in own.files]
    write_json(build / "mixture.json", counted(makings, recipe.mixture, own_made).model_dump(mode="json"))
    write_json(build / "generate.json", report.model_dump(mode="json"))
    streams.close()
    if memory is not None:
        memory.write()
    kept.finish()
    progress("generate", total, total, "rows", "done")
    return report


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _counted(
    unit: Unit, candidates: Candidates, kept: int, dropped: Counter[str], asks: Sequence[int] = ()
) -> UnitCounts:
    return UnitCounts(
        unit=unit.id,
        clause_ids=unit.clause_ids,
        purpose=unit.purpose,
        share=unit.share,
        writer=unit.writer or "",
        aspect=unit.aspect,
        wanted=unit.count,
        asked=candidates.asked,
        kept=kept,
        dropped=_sorted(candidates.left_out + dropped),
        asks=tuple(asks) if len(asks) > 1 else (),
    )


def _by_rule(filters: Filters, counts: list[UnitCounts], own: OwnData) -> tuple[RuleCounts, ...]:
    """What each rule left out: a row that breaks several is counted for the first."""
    dropped = sum((Counter(count.dropped) for count in counts if count.dropped), Counter[str]())
    return tuple(
        RuleCounts(
            rule=rule.key,
            clause_ids=rule.clause_ids,
            generated=dropped[rule.reason],
            own=own.broken[rule.key],
        )
        for rule in filters.rules
    )


def _chat(pair: PreferencePair) -> ChatRow:
    return ChatRow(
        id=pair.id,
        messages=(*pair.prompt, *pair.chosen),
        clause_ids=pair.clause_ids,
        generator=pair.generator,
        source=pair.source,
        writer=pair.writer,
        unit=pair.unit,
        seed=pair.seed,
        spans=pair.spans,
    )
