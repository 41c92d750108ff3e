"""`tenet nano`: train the embedded base, measure it, look at its world and its corpus."""

from __future__ import annotations

from pathlib import Path

import click

from backends import nano as package


@click.group()
def nano() -> None:
    """The embedded base model: train it, measure it, look at its world."""


@nano.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("nano-run"),
    show_default=True,
    help="Where checkpoints and weights go.",
)
@click.option("--minutes", type=float, help="Stop after this time; the learning rate falls towards its end.")
@click.option("--tokens", type=int, help="Stop after this many tokens, counted from the start of the training.")
@click.option("--threads", type=int, default=2, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--rate", type=float, default=1.0, show_default=True, help="Share of the full learning rate.")
@click.option("--resume/--fresh", default=True, help="Go on from the checkpoint in the folder.")
@click.option(
    "--from-weights",
    type=click.Path(path_type=Path, exists=True),
    help="Start from these weights, with a fresh optimizer.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile the model first: two minutes, then a third faster.")
@click.option("--batch-tokens", type=int, help="Tokens in a step, at most; an accelerator wants tens of thousands.")
@click.option("--workers", type=int, default=0, show_default=True, help="Processes that make batches ahead.")
def train(
    out: Path,
    minutes: float | None,
    tokens: int | None,
    threads: int,
    seed: int,
    rate: float,
    resume: bool,
    from_weights: Path | None,
    compiled: bool,
    batch_tokens: int | None,
    workers: int,
) -> None:
    """Train nano from nothing on its own corpus."""
    from backends.nano import pretrain
    from backends.nano.batches import BATCH_TOKENS

    if not minutes and not tokens:
        minutes = 75.0
    try:
        weights = pretrain.train(
            out,
            minutes=minutes,
            tokens=tokens,
            threads=threads,
            seed=seed,
            rate=rate,
            resume=resume,
            from_weights=from_weights,
            compiled=compiled,
            batch_tokens=batch_tokens or BATCH_TOKENS,
            workers=workers,
            say=click.echo,
        )
    except KeyboardInterrupt:
        click.echo(f"stopped; the checkpoint is in {out}; the same command goes on from there", err=True)
        raise SystemExit(130) from None
    click.echo(f"weights: {weights}")


@nano.command()
@click.option("--weights", type=click.Path(path_type=Path, exists=True), default=package.WEIGHTS)
@click.option("--share", type=float, default=1.0, show_default=True, help="Part of the items to measure.")
@click.option("--group", "groups", multiple=True, help="Only the figures under this heading; may be repeated.")
@click.option("--write", is_flag=True, help="Write CARD.md and card.json beside the weights' package.")
def card(weights: Path, share: float, groups: tuple[str, ...], write: bool) -> None:
    """Measure nano's abilities on combinations that its corpus leaves out."""
    import json

    from backends.nano import card as measuring

    result = measuring.evaluate(weights, share=share, groups=groups, say=click.echo)
    short = [f for f in result["figures"] if f["right"] / f["count"] < f["target"]]
    click.echo(f"{len(result['figures']) - len(short)} of {len(result['figures'])} figures reach their target")
    if write:
        progress = package.FOLDER / "training.json"
        measuring.write_card(result, package.FOLDER, json.loads(progress.read_text(encoding="utf-8")))


@nano.command()
def world() -> None:
    """Show what nano knows: kinds of request, voices, topics."""
    from backends.nano.world import asks
    from backends.nano.world.tables import entities

    click.echo(f"{len(entities())} entities, {len(asks.everyday()[0])} kinds of everyday request:")
    click.echo("  " + ", ".join(k.replace("_", " ") for k in asks.everyday()[0]) + "\n")
    click.echo("Voices (alone or two mixed):")
    for name, means in package.voices().items():
        click.echo(f"  {name:14s} {means}")
    click.echo("\nTopics it can be told to refuse:")
    harmful = asks.harmful_topics()
    for name, about in package.topics().items():
        click.echo(f"  {name:14s} {about}{' (always refused)' if name in harmful else ''}")


@nano.command()
@click.option("--sample", type=int, default=20, show_default=True, help="How many dialogues to show.")
@click.option("--seed", type=int, default=1, show_default=True)
def corpus(sample: int, seed: int) -> None:
    """Show dialogues of the corpus that nano is trained on."""
    from backends.nano.corpus import rows

    for dialogue in rows(seed, 0, sample):
        click.echo(click.style(f"--- {dialogue.figure}: {dialogue.kind}", dim=True))
        for message in dialogue.messages:
            click.echo(f"{message['role']}: {message['content']}")


@nano.command()
@click.option("--redraw", is_flag=True, help="Draw the split again too (changes what every spec may train on).")
def bank(redraw: bool) -> None:
    """Write the bank of everyday questions."""
    from backends.nano import bank as drawing

    click.echo(f"{drawing.write(redraw=redraw)} rows in {package.BANK.name}")
