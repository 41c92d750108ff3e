"""The local engine: one base in memory, answers in batches, an adapter switched on and off.

In: conversations. Out: answers, or the probability that a judge says yes. The decode loop is ours: it computes a system
prompt that all conversations of a batch share once, drops rows as they end, and draws each row's random numbers
from the batch's seed. Its greedy tokens are those of `model.generate` (a test compares them). Rows of one batch may be
of several adapters and of the base. This file must not know recipes, probes or clauses.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from backends.bases import Base, load_chat, load_model
from backends.devices import Device, choose, noticing_memory
from backends.engines import Conversation, Sampling
from backends.engines._judging import chances_of_yes, word_ids
from backends.engines._mixed import BASE, Mixed
from backends.guard import Guard, Watch
from compiler.failures import DataError, ModelLoadError
from compiler.records.record import Message
from compiler.replies import YES_NO, Words

SHARED_PREFIX = 16
"""Tokens a batch must share before computing them apart pays."""

LIKELIHOOD_ROWS = 16
"""Answers graded by likelihood at once: all their logits stand in memory."""


def load(base: Base) -> TransformersEngine:
    return TransformersEngine(base, choose())


class TransformersEngine:
    """trained: a model with an adapter that is being trained on the base, in place of a fresh base."""

    def __init__(self, base: Base, device: Device, trained: Any = None) -> None:
        self.base = base
        self.device = device
        self.chat = load_chat(base)
        self.adapter: Path | None = None
        self.reading = False
        """Whether the model computes prompts now, rather than what it answers."""
        self._names: dict[Path, str] = {}
        if trained is None:
            with noticing_memory(f"loading {base.name}"):
                self.model: Any = load_model(base, device)
        else:
            self.model, self.adapter = trained, Path("trained")
            self._names[self.adapter] = "default"
        self._guard: Guard | None = None
        self._mixed: Mixed | None = None
        config = self.model.config.get_text_config()
        self.longest: int = int(getattr(config, "max_position_embeddings", 0) or 1 << 20)
        self._window: int | None = getattr(config, "sliding_window", None)
        # Only the last position's logits are wanted; an architecture that cannot leave out the others gives all.
        plain = self.model if trained is None else trained.get_base_model()
        known = "logits_to_keep" in inspect.signature(plain.forward).parameters
        self._last: dict[str, Any] = {"logits_to_keep": 1} if known else {}
        # Rows computed at once: a caller's batch is cut by this, which depends on the base alone.
        self._rows = 64 if sum(p.numel() for p in self.model.parameters()) < 1_000_000_000 else 16

    # ------------------------------------------------------------------ adapters

    def attach(self, adapter: Path) -> None:
        self.detach()
        self._load(adapter)
        self.adapter = adapter

    def hold(self, grammar: str | None) -> None:
        """As `Engine.hold`; what the engine says as a judge is not held."""
        chat = self.chat
        stops = sorted(chat.stops)
        self._guard = Guard(grammar, chat.tokenizer, self.model.config.vocab_size, stops) if grammar else None

    def detach(self) -> None:
        """Take all adapters away."""
        if self._names:
            self.model = self.model.unload()
            self.adapter = None
            self._names = {}
            self._mixed = None
            gc.collect()

    def _load(self, adapter: Path) -> str:
        """The name under which PEFT knows an adapter, which is loaded where it is not yet."""
        from peft import PeftModel

        if adapter in self._names:
            return self._names[adapter]
        if not (adapter / "adapter_model.safetensors").is_file():
            raise ModelLoadError(f"{adapter.name} holds no adapter_model.safetensors")
        name = f"adapter{len(self._names)}"
        try:
            if self._names:
                self.model.load_adapter(str(adapter), adapter_name=name, is_trainable=False)
                self.model.eval()
            else:
                self.model = PeftModel.from_pretrained(
                    self.model, str(adapter), adapter_name=name, is_trainable=False
                ).eval()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelLoadError(f"the adapter cannot be read: {error}") from error
        self._names[adapter] = name
        self._mixed = None
        return name

    def _arm(self, adapter: bool) -> Any:
        if adapter and self.adapter is None:
            raise DataError("an answer with the adapter was asked for, and none is attached")
        return nullcontext() if adapter or not self._names else self.model.disable_adapter()

    # ------------------------------------------------------------------ generation

    def count(self, text: str) -> int:
        return self.chat.count(text)

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        ids = [self.chat.prompt_ids(conversation) for conversation in batch]
        news = self.continuations(ids, sampling, adapter=adapter, guard=self._guard)
        return [None if new is None else self.chat.text_of(new) for new in news]

    def mixed_answers(
        self, batch: Sequence[Conversation], arms: Sequence[Path | None], sampling: Sampling
    ) -> list[str | None]:
        """As `answers`, each by its own arm: an adapter, which is loaded beside the others, or None for the base.

        Rows of all arms are decoded together; a system prompt that they share is computed once for each arm.

        Raises:
            ModelLoadError: an adapter is no plain LoRA of linear layers.
        """
        ids = [self.chat.prompt_ids(conversation) for conversation in batch]
        news = self.mixed_continuations(ids, arms, sampling)
        return [None if new is None else self.chat.text_of(new) for new in news]

    def mixed_continuations(
        self, prompts: Sequence[Sequence[int]], arms: Sequence[Path | None], sampling: Sampling
    ) -> list[list[int] | None]:
        """As `continuations`, for the arms of `mixed_answers`."""
        different = {arm for arm in arms if arm is not None}
        if not different:
            return self.continuations(prompts, sampling)
        loaded = {arm: self._load(arm) for arm in sorted(different)}
        names = [BASE if arm is None else loaded[arm] for arm in arms]
        if self._mixed is None:
            self._mixed = Mixed(self.model, list(self._names.values()))
        with self._mixed.running():
            return self._continued(prompts, sampling, nullcontext(), names, self._guard)

    def continuations(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        *,
        adapter: bool = False,
        guard: Guard | None = None,
    ) -> list[list[int] | None]:
        """Return the new token ids of each prompt, the end of turn left out; None for a prompt that is too long."""
        return self._continued(prompts, sampling, self._arm(adapter), guard=guard)

    def _continued(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        arm: Any,
        names: Sequence[str] | None = None,
        guard: Guard | None = None,
    ) -> list[list[int] | None]:
        """arm: what the model computes under. names: of the adapter of each prompt, where they differ."""
        import torch

        steps = sampling.max_new_tokens
        draws = None
        if sampling.temperature > 0:
            generator = torch.Generator().manual_seed(sampling.seed)
            draws = torch.rand(len(prompts), steps, generator=generator, dtype=torch.float64)
        # Rows of like length stand together, so that little is padding; results go back to their places.
        order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), i))
        # A prompt near the end of what the base can read gets a shorter answer, by itself; one beyond it gets none.
        roomy = [i for i in order if len(prompts[i]) + steps <= self.longest]
        tight = [i for i in order[len(roomy) :] if len(prompts[i]) < self.longest]
        parts = [roomy[n : n + self._rows] for n in range(0, len(roomy), self._rows)] + [[i] for i in tight]
        results: list[list[int] | None] = [None] * len(prompts)
        with torch.inference_mode(), arm, noticing_memory("generating"):
            for part in parts:
                rows = [list(prompts[i]) for i in part]
                room = min(steps, self.longest - max(map(len, rows)))
                own = None if names is None else [names[i] for i in part]
                watch = guard.watch(len(rows)) if guard else None
                news = self._decode(rows, room, sampling, None if draws is None else draws[part], own, watch)
                for i, new in zip(part, news, strict=True):
                    results[i] = new
        return results

    def _decode(
        self,
        rows: list[list[int]],
        steps: int,
        sampling: Sampling,
        draws: Any,
        names: list[str] | None,
        watch: Watch | None,
    ) -> list[list[int]]:
        import torch

        stops = torch.tensor(sorted(self.chat.stops), device=self.device.kind)
        news: list[list[int]] = [[] for _ in rows]
        alive = list(range(len(rows)))
        logits, cache, mask = self._prefill(rows, steps, names)
        positions = mask.sum(dim=1, keepdim=True)
        for step in range(steps):
            if watch is not None:
                logits = watch.masked(logits, alive)
            tokens = logits.argmax(dim=-1) if draws is None else _draw(logits, sampling, draws[alive, step])
            going = ~torch.isin(tokens, stops)
            for row, token, goes in zip(alive, tokens.tolist(), going.tolist(), strict=True):
                if goes:
                    news[row].append(token)
                    if watch is not None:
                        watch.took(row, token)
            if step + 1 == steps or not bool(going.any()):
                break
            kept = going.nonzero().flatten()
            if len(kept) < len(alive):
                # A row that has ended is taken out of the batch: no step is spent on padding.
                alive = [alive[i] for i in kept.tolist()]
                tokens, mask, positions = tokens[kept], mask[kept], positions[kept]
                cache.batch_select_indices(kept)
            mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
            self._mix([names[i] for i in alive] if names else None)
            logits = (
                self.model(
                    input_ids=tokens[:, None],
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    **self._last,
                )
                .logits[:, -1]
                .float()
            )
            positions = positions + 1
        return news

    def _mix(self, names: Sequence[str] | None) -> None:
        """Say whose each row of the next batch is, where rows are mixed."""
        if self._mixed is not None and names is not None:
            self._mixed.rows(names)

    def _prefill(self, rows: list[list[int]], steps: int, names: list[str] | None = None) -> tuple[Any, Any, Any]:
        """Return the logits after each row, the cache, and the mask over the cache (0 where it is padding)."""
        self.reading = True
        try:
            return self._read(rows, steps, names)
        finally:
            self.reading = False

    def _read(self, rows: list[list[int]], steps: int, names: list[str] | None) -> tuple[Any, Any, Any]:
        import torch
        from transformers import DynamicCache

        from backends.engines._growing import with_room

        cache = DynamicCache(config=self.model.config.get_text_config())
        with_room(cache, max(map(len, rows)) + steps)
        shared = self._shared(rows, steps)
        arms = list(dict.fromkeys(names or ()))
        if shared:
            # What an adapter makes of the prefix is its own.
            prefix = torch.tensor([rows[0][:shared]] * max(1, len(arms)), device=self.device.kind)
            self._mix(arms or None)
            self.model(input_ids=prefix, past_key_values=cache, use_cache=True, **self._last)
            if names is None:
                cache.batch_repeat_interleave(len(rows))
            else:
                cache.batch_select_indices(torch.tensor([arms.index(n) for n in names], device=self.device.kind))
        ids, own = self._padded([row[shared:] for row in rows])
        mask = torch.cat([own.new_ones(len(rows), shared), own], dim=1)
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, shared:]
        self._mix(names)
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            **self._last,
        )
        return output.logits[:, -1].float(), cache, mask

    def _shared(self, rows: list[list[int]], steps: int) -> int:
        """How many first tokens all rows share, each keeping one of its own; 0 where sharing does not pay."""
        if len(rows) < 2:
            return 0
        # A sliding window counts places in the cache. Padding between prefix and row would then push the prefix out.
        if self._window is not None and max(map(len, rows)) + steps >= self._window:
            return 0
        # The least and the greatest of the rows differ where any two do.
        least, greatest = min(rows), max(rows)
        differ = next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))
        common = min(differ, min(map(len, rows)) - 1)
        return common if common >= SHARED_PREFIX else 0

    def _padded(self, rows: list[list[int]]) -> tuple[Any, Any]:
        import torch

        width = max(map(len, rows))
        pad = self.chat.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows], device=self.device.kind)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=self.device.kind)
        return ids, mask

    # ------------------------------------------------------------------ next-token questions

    def next_logits(self, rows: Sequence[list[int]], *, adapter: bool = False) -> Any:
        """Logits of the token that follows each row of ids, none of which is too long: a float32 tensor
        [row, vocabulary] on the CPU."""
        import torch

        order = sorted(range(len(rows)), key=lambda i: (len(rows[i]), i))
        parts = []
        with torch.inference_mode(), self._arm(adapter), noticing_memory("grading"):
            for start in range(0, len(order), self._rows):
                chosen = [rows[i] for i in order[start : start + self._rows]]
                parts.append(self._prefill(chosen, 0)[0].cpu())
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
        return torch.cat(parts)[back]

    def _readable(self, batch: Sequence[Conversation]) -> dict[int, list[int]]:
        """The token ids of each conversation that is not too long, by its place in the batch."""
        rows = (self.chat.prompt_ids(conversation) for conversation in batch)
        return {place: row for place, row in enumerate(rows) if len(row) <= self.longest}

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        results: list[float | None] = [None] * len(batch)
        rows = self._readable(batch)
        if rows:
            ours = self.next_logits(list(rows.values()), adapter=True).double().log_softmax(dim=-1)
            theirs = self.next_logits(list(rows.values())).double().log_softmax(dim=-1)
            for place, found in zip(rows, (ours.exp() * (ours - theirs)).sum(dim=-1), strict=True):
                results[place] = float(found)
        return results

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        import torch

        results: list[tuple[float, int] | None] = [None] * len(batch)
        rows: dict[int, tuple[list[int], int]] = {}
        for place, (conversation, answer) in enumerate(batch):
            prompt, said = self.chat.prompt_ids(conversation), self.chat._ids(answer)
            if said and len(prompt) + len(said) <= self.longest:
                rows[place] = ([*prompt, *said], len(said))
        order = sorted(rows, key=lambda place: (len(rows[place][0]), place))
        with torch.inference_mode(), self._arm(adapter), noticing_memory("grading"):
            for start in range(0, len(order), LIKELIHOOD_ROWS):
                part = order[start : start + LIKELIHOOD_ROWS]
                width = max(len(rows[place][0]) for place in part)
                # Padding stands behind: under a causal mask no token sees what comes after it.
                ids = torch.tensor([[*rows[p][0], *[0] * (width - len(rows[p][0]))] for p in part])
                mask = torch.tensor([[int(at < len(rows[p][0])) for at in range(width)] for p in part])
                logits = self.model(input_ids=ids.to(self.device.kind), attention_mask=mask.to(self.device.kind)).logits
                for row, place in enumerate(part):
                    whole, said_tokens = rows[place]
                    end = len(whole)
                    chances = logits[row, end - said_tokens - 1 : end - 1].float().log_softmax(dim=-1).cpu()
                    targets = torch.tensor(whole[end - said_tokens :])
                    total = chances.gather(1, targets[:, None]).double().sum()
                    results[place] = (float(total), said_tokens)
        return results

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        results: list[tuple[float, float] | None] = []
        for conversation, answer in zip(batch, answers, strict=True):
            asked, said = self.chat.prompt_ids(conversation), self.chat._ids(answer)
            fits = said and len(asked) + len(said) <= self.longest
            results.append(self._compare(asked, said) if fits else None)
        return results

    def _compare(self, asked: list[int], said: list[int]) -> tuple[float, float]:
        import torch

        ours, theirs = (self._log_probabilities(asked, said, adapter=adapter) for adapter in (True, False))
        gap = ours - theirs
        tokens = torch.tensor(said)[:, None]
        return float((ours.exp() * gap).sum(dim=-1).mean()), float(gap.gather(1, tokens).sum())

    def _log_probabilities(self, asked: list[int], said: list[int], *, adapter: bool) -> Any:
        """Log probabilities at each token of `said`: a float64 tensor [token, vocabulary] on the CPU."""
        import torch

        ids = torch.tensor([[*asked, *said]], device=self.device.kind)
        keep = {name: len(said) + 1 for name in self._last}
        with torch.inference_mode(), self._arm(adapter), noticing_memory("comparing"):
            logits = self.model(input_ids=ids, **keep).logits[0, -len(said) - 1 : -1]
            return logits.cpu().double().log_softmax(dim=-1)

    def strayed(self, asked: Sequence[int], said: Sequence[int], ended: bool) -> list[float]:
        """KL(adapter || base) of the next token before each token of `said`, and of its end where it has one, in nats.

        Over answers that the adapter itself has sampled, the mean is an unbiased estimate of its divergence a token;
        the sum over the vocabulary takes away what the drawn token adds of noise (Amini et al. 2025).
        """
        import torch

        ids = torch.tensor([[*asked, *said]], device=self.device.kind)
        count = len(said) + ended
        if not count:
            return []
        found = []
        for adapter in (True, False):
            with torch.inference_mode(), self._arm(adapter), noticing_memory("watching"):
                keep = {name: len(said) + 1 for name in self._last}
                logits = self.model(input_ids=ids, **keep).logits[0, -len(said) - 1 :]
                found.append(logits[:count].cpu().double().log_softmax(dim=-1))
        ours, theirs = found
        return [max(0.0, float(each)) for each in (ours.exp() * (ours - theirs)).sum(dim=-1)]

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        asked = self._readable([(Message(role="user", content=request),) for request in requests])
        groups = [self._word_ids(word) for word in words]
        found = chances_of_yes(asked, words, self.chat, groups, self._chances, self.continuations)
        return [found.get(place) for place in range(len(requests))]

    def choices(
        self, batch: Sequence[Conversation], options: Sequence[str], *, adapter: bool = False
    ) -> list[tuple[float, ...] | None]:
        """The probability that the reply to each conversation begins with each of `options` (one token each, with or
        without a space before); they may sum to little. None for a conversation that is too long."""
        results: list[tuple[float, ...] | None] = [None] * len(batch)
        rows = self._readable(batch)
        if rows:
            ids = [self._word_ids(option) for option in options]
            found = self._chances(list(rows.values()), ids, adapter=adapter)
            results = [None if place not in rows else found.pop(0) for place in range(len(batch))]
        return results

    def _chances(
        self, rows: Sequence[list[int]], groups: Sequence[Sequence[int]], *, adapter: bool = False
    ) -> list[tuple[float, ...]]:
        """For each row, the probability that its next token is one of each group's."""
        chances = self.next_logits(rows, adapter=adapter).double().softmax(dim=-1)
        return [tuple(float(row[list(group)].sum()) for group in groups) for row in chances]

    def _word_ids(self, word: str) -> list[int]:
        return word_ids(self.chat, word)


def _draw(logits: Any, sampling: Sampling, uniform: Any) -> Any:
    """Sample by the inverse of the cumulative distribution at `uniform`, so that a row depends on its own numbers
    alone."""
    import torch

    # On the CPU: not every device has double precision, which the long sum needs.
    chances = (logits.cpu().double() / sampling.temperature).softmax(dim=-1)
    if sampling.min_p:
        likeliest = chances.amax(dim=-1, keepdim=True)
        chances = chances.where(chances >= sampling.min_p * likeliest, 0.0)
    sums = chances.cumsum(dim=-1)
    place = torch.searchsorted(sums, uniform[:, None] * sums[:, -1:], right=True)
    return place.clamp(max=sums.shape[-1] - 1).squeeze(1).to(logits.device)
