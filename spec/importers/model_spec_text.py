"""The records of a Model Spec as a Tenet spec, with a report of what the spec does not say.

In: `ModelSpec`. Out: `Imported`. A section with a level becomes a section with a rule of the same name in it: `must` at
root, system and developer level, `should` below, where the source lets others change it. Commentary and the prose of
sections without a level become notes. Each comparison becomes an example, each evaluation prompt a probe of the rule
whose section bears its tag.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from spec.document import ELISION, Level
from spec.importers import writing
from spec.importers.findings import Finding, Imported
from spec.importers.model_spec import Answer, Comparison, Example, Message, ModelSpec, Section


def write(source: ModelSpec, path: str) -> Imported:
    """Return the spec of `source`; `path` names it in messages."""
    return _Writer(source, path).write()


class _Writer:
    def __init__(self, source: ModelSpec, path: str) -> None:
        self.source = source
        self.path = path
        self.by_id = {section.id: section for section in source.sections}
        self.children: dict[str | None, list[Section]] = defaultdict(list)
        for section in source.sections:
            self.children[section.parent].append(section)
        self.findings: list[Finding] = list(lint(source))
        self.probes: set[str] = set()

    def write(self) -> Imported:
        parts = [self._section(section) for section in self.children[None]]
        text = writing.canonical(parts, self.path)
        return Imported(text, self._counts(), tuple(self.findings))

    def _note(self, section: Section, line: int, kind: str, message: str, file: str | None = None) -> None:
        self.findings.append(Finding(file or self.source.file, line, kind, f"{section.id}: {message}"))  # type: ignore[arg-type]  # one of its words

    def _section(self, section: Section) -> str:
        items = [writing.field("title", writing.texts(_title(section)))]
        inner = [self._section(child) for child in self.children[section.id]]
        if section.level is None:
            prose = [*section.prose, *section.commentary]
            if prose:
                items.append(writing.field("note", writing.texts("\n\n".join(prose))))
                self._note(section, section.line, "kept_as_note", "prose of a section without a level")
            for example in section.examples:
                self._note(
                    section, example.line, "left_out", f"an example of a section without a level: {example.title}"
                )
            for tag, line in section.tags:
                if tag in self.source.prompts:
                    self._note(section, line, "left_out", f"prompts of [^{tag}], which belong to no levelled section")
            return writing.block(f"section {writing.name(section.id)}", [*items, *inner])
        return writing.block(
            f"section {writing.name(section.id)}", [*items, self._rule(section), *self._evals(section), *inner]
        )

    def _rule(self, section: Section) -> str:
        assert section.level is not None
        force = "must" if section.level >= Level.DEVELOPER else "should"
        said = "\n\n".join(section.prose) or _title(section)
        items = [writing.field(force, writing.texts(said))]
        if section.commentary:
            items.append(writing.field("note", writing.texts("\n\n".join(section.commentary))))
            self._note(section, section.line, "kept_as_note", "commentary")
        links = dict.fromkeys(i for i, _ in section.links if i in self.by_id and i != section.id)
        if links:
            items.append(writing.field("see", writing.names(self._reference(i) for i in links)))
        for example in section.examples:
            items += self._examples(section, example)
        return writing.block(f"rule {writing.name(section.id)} at {section.level.name.lower()}", items)

    def _reference(self, identifier: str) -> str:
        return f"{'section' if self.by_id[identifier].level is None else 'rule'}.{writing.name(identifier)}"

    # ---- examples

    def _examples(self, section: Section, example: Example) -> Iterable[str]:
        if not example.comparisons:
            self._note(section, example.line, "left_out", f"an example without a judged answer: {example.title}")
        for comparison in example.comparisons:
            if all(answer.verdict == "ok" for answer in comparison.answers):
                self._note(section, comparison.line, "left_out", f"answers neither good nor bad: {example.title}")
                continue
            if blank := next((answer for answer in comparison.answers if not answer.text.strip()), None):
                self._note(section, blank.line, "left_out", f"a comparison with an empty answer: {example.title}")
                continue
            yield self._example(section, example, comparison)

    def _example(self, section: Section, example: Example, comparison: Comparison) -> str:
        items = [writing.field("about", writing.texts(example.title))] if example.title else []
        items += _turns(comparison.talk)
        for answer in comparison.answers:
            items.append(writing.field(answer.verdict, writing.texts(answer.text)))
            if reason := _reason(answer):
                items.append(writing.field("why", writing.texts(reason)))
            if ELISION in answer.text:
                self._note(section, answer.line, "not_trained", f"an answer with an elision: {example.title}")
        return writing.block("example", items)

    # ---- evaluation prompts

    def _evals(self, section: Section) -> Iterable[str]:
        for tag in dict.fromkeys(tag for tag, _ in section.tags):
            for number, prompt in enumerate(self.source.prompts.get(tag, ()), 1):
                name = writing.name(f"{tag}_{number}")
                if name in self.probes:
                    name = writing.name(f"{section.id}_{tag}_{number}")
                self.probes.add(name)
                # A prompt may end with the model's own words, which somebody else would have to answer.
                talk = list(prompt.talk)
                if talk and talk[-1].role == "assistant":
                    last = talk.pop()
                    self._note(
                        section, last.line, "left_out", f"what the assistant says last in {tag}", f"examples/{tag}.md"
                    )
                items = [f"# {prompt.title}"] if prompt.title else []
                items.append(writing.field("for", f"rule.{writing.name(section.id)}"))
                items += _turns(talk)
                items.append(writing.field("tags", writing.names([writing.name(tag)])))
                yield writing.block(f"probe {name}", items)

    # ---- what was read

    def _counts(self) -> tuple[tuple[str, int], ...]:
        sections = self.source.sections
        comparisons = [c for s in sections for e in s.examples for c in e.comparisons]
        verdicts = Counter(a.verdict for c in comparisons for a in c.answers)
        levels = Counter(s.level for s in sections)
        return (
            ("sections", len(sections)),
            ("with a level", sum(count for level, count in levels.items() if level is not None)),
            *((f"  {level.name.lower()}", levels[level]) for level in sorted(Level, reverse=True)),
            ("examples", sum(len(s.examples) for s in sections)),
            ("good answers", verdicts["good"]),
            ("bad answers", verdicts["bad"]),
            ("ok answers", verdicts["ok"]),
            ("preference pairs", sum(pairs(c) for c in comparisons)),
            ("evaluation prompts", sum(len(p) for p in self.source.prompts.values())),
            ("files of prompts", len(self.source.prompts)),
            ("probes", len(self.probes)),
        )


def _title(section: Section) -> str:
    return section.title if section.title.strip() else section.id


def pairs(comparison: Comparison) -> int:
    """How many preference pairs a comparison holds: good over bad, good over ok, ok over bad."""
    found = Counter(answer.verdict for answer in comparison.answers)
    return found["good"] * found["bad"] + found["good"] * found["ok"] + found["ok"] * found["bad"]


def _reason(answer: Answer) -> str | None:
    against = f"goes against {answer.breaks}" if answer.breaks else None
    return ": ".join(part for part in (against, answer.reason) if part) or None


def _turns(talk: Sequence[Message]) -> list[str]:
    """Return the fields of a conversation; what one side says twice in a row becomes one turn.

    A message without a word is one that the source does not show.
    """
    joined: list[tuple[str, str]] = []
    for message in (m if m.text.strip() else replace(m, text=ELISION) for m in talk):
        if joined and joined[-1][0] == message.role != "tool":
            joined[-1] = message.role, f"{joined[-1][1]}\n\n{message.text}"
        else:
            joined.append((message.role, message.text))
    first = next((role for role, _ in joined if role not in ("system", "developer")), None)
    if first in ("assistant", "tool"):
        at = next(i for i, (role, _) in enumerate(joined) if role == first)
        joined.insert(at, ("user", ELISION))
    if not any(role == "user" for role, _ in joined):
        joined.append(("user", ELISION))
    if joined[-1][0] == "assistant":
        # The model goes on by itself, with what its own doing brought.
        joined.append(("tool", ELISION))
    return [writing.field(role, writing.texts(text or ELISION)) for role, text in joined]


def lint(source: ModelSpec) -> Iterable[Finding]:
    """Yield what is wrong in the source itself: tags and links that lead nowhere, files that no tag names, levelled
    sections that nothing evaluates."""
    known = {section.id for section in source.sections}
    tagged = {tag for section in source.sections for tag, _ in section.tags}
    for section in source.sections:
        for tag, line in section.tags:
            if tag not in source.prompts:
                yield Finding(source.file, line, "defect", f"the tag [^{tag}] has no file examples/{tag}.md")
        for link, line in section.links:
            if link not in known:
                yield Finding(source.file, line, "defect", f"the link to #{link} leads to no section")
        if section.level is not None and not any(tag in source.prompts for tag, _ in section.tags):
            yield Finding(source.file, section.line, "defect", f"{section.id} has no evaluation prompts")
    for tag in sorted(set(source.prompts) - tagged):
        yield Finding(f"examples/{tag}.md", 0, "defect", "no section names this file's tag")
