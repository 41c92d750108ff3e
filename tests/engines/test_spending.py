"""What served models cost: the budget holds however many requests are under way, and what was paid for is kept."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from backends import bases
from backends.cached import CachedEngine
from backends.engines import Sampling
from compiler.cli.options import spending_options
from compiler.failures import BudgetError, NetworkError
from compiler.spending import Budget, Ledger, Price, spending
from tests.engines.serving import cut, serving, status
from tests.engines.test_server import ask, echo, engine_of

TEN = Sampling(max_new_tokens=10)
MOST = 1 + 2 * 16 + 10
"""What a request of one letter and ten tokens may take."""


def counted(body: dict[str, Any], content: str | None) -> dict[str, int]:
    return {"prompt_tokens": 20, "completion_tokens": len((content or "").split())}


def test_a_budget_stops_before_it_is_exceeded_and_a_rerun_goes_on(tmp_path: Path) -> None:
    letters = [ask(letter) for letter in "abcdefgh"]
    with serving(echo, usage=counted) as server:
        base = bases.resolve_role(server.name())

        def within(tokens: float) -> Ledger:
            ledger = Ledger(Budget(tokens, "tokens"), at_once=4)
            with spending(ledger):
                assert CachedEngine(base, tmp_path).answers(letters, TEN) == [f"said {letter}" for letter in "abcdefgh"]
            return ledger

        for sent in (3, 6):
            # Each answer takes 22 tokens: three fit, and a fourth might not have.
            with pytest.raises(BudgetError, match="of 100 tokens are left") as caught:
                within(100)
            assert "further --budget" in (caught.value.help or "")
            assert len(server.requests) == sent
        assert within(100).spent() == 44
        assert len(server.requests) == 8, "what was answered is not asked again"
        assert within(0).summary() == "", "what is in the cache costs nothing"


def test_money_is_tokens_at_the_users_prices(tmp_path: Path) -> None:
    with serving(echo, usage=counted) as server:
        base = bases.resolve_role(server.name())
        with spending(Ledger(Budget(1, "eur"))), pytest.raises(BudgetError, match="needs the price of small") as caught:
            CachedEngine(base, tmp_path).answers([ask("a")], TEN)
        assert "--price small=READ/WRITTEN" in (caught.value.help or "")
        assert server.requests == [], "nothing is sent before its price is known"
        ledger = Ledger(Budget(1, "eur"), {"small": Price(10, 100)})
        with spending(ledger):
            CachedEngine(base, tmp_path).answers([ask("a"), ask("b")], TEN)
    assert ledger.spent() == pytest.approx(2 * (20 * 10 + 2 * 100) / 1e6)
    assert ledger.summary().splitlines() == [
        "small: 2 requests, 40 tokens read, 4 written",
        "spent: 0.0008 eur of 1 eur",
    ]


def test_what_no_server_counts_counts_at_its_most() -> None:
    ledger = Ledger()
    with serving(echo, faults=[cut, status(429)]) as server:
        engine_of(server, ledger=ledger).answers([ask("a")], TEN)
    used = ledger.used["small"]
    assert (used.requests, used.guessed) == (1, 2), "one answer without usage, one that was lost; a 429 is none"
    assert ledger.spent() == 2 * MOST
    assert "2 counted at their most" in ledger.summary()


def test_what_is_refused_is_given_back() -> None:
    ledger = Ledger(Budget(MOST, "tokens"))
    with serving(echo, usage=counted, faults=[status(404)]) as server:
        engine = engine_of(server, ledger=ledger)
        with pytest.raises(NetworkError):
            engine.answers([ask("a")], TEN)
        assert engine.answers([ask("a")], TEN) == ["said a"]


def test_many_at_once_never_exceed_a_budget() -> None:
    ledger = Ledger(Budget(1000, "tokens"))
    sent: list[int] = []

    def one() -> None:
        try:
            while True:
                ticket = ledger.open("m", 60, 30)
                sent.append(1)
                time.sleep(0.003)  # the others try meanwhile
                ticket.answered((60, 30) if len(sent) % 3 else None)
        except BudgetError:
            pass

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert ledger.spent() == 990
    assert len(sent) == 11


def test_a_failure_in_the_middle_loses_no_answer(tmp_path: Path) -> None:
    with serving(echo) as server:
        base = bases.resolve_role(server.name())
        batch = [ask(str(n)) for n in range(20)]
        server.faults += [lambda *_: False] * 10 + [status(404, "gone")]
        with pytest.raises(NetworkError, match="gone"):
            CachedEngine(base, tmp_path).answers(batch, TEN)
        before = len(server.requests)
        assert CachedEngine(base, tmp_path).answers(batch, TEN) == [f"said {n}" for n in range(20)]
        assert before + len(server.requests) - before == 21, "one was asked twice: the one that failed"


def stored(folder: Path) -> dict[bytes, bytes]:
    """Key -> rows of every entry of a cache."""
    with closing(sqlite3.connect(folder / "answers.sqlite")) as connection:
        return dict(connection.execute("SELECT key, rows FROM entries"))


def test_the_cache_holds_the_same_bytes_whatever_is_under_way_at_once(tmp_path: Path) -> None:
    def written(folder: Path, at_once: int) -> dict[bytes, bytes]:
        with spending(Ledger(at_once=at_once)):
            engine = CachedEngine(base, folder)
            drawn = Sampling(temperature=1.0, seed=3, max_new_tokens=10)
            assert engine.answers([ask(str(n % 5)) for n in range(16)], drawn)
            assert engine.yes([f"Grade {n}" for n in range(8)]) == [None] * 8
        return stored(folder)

    with serving(lambda messages, body: f"{messages[-1]['content']} {body.get('seed')}") as server:
        base = bases.resolve_role(server.name())
        one, eight = written(tmp_path / "1", 1), written(tmp_path / "8", 8)
    assert one == eight
    assert len(one) == 26, "each request, and each batch"


def test_what_is_asked_twice_in_a_batch_is_paid_for_once(tmp_path: Path) -> None:
    with serving(echo) as server:
        engine = CachedEngine(bases.resolve_role(server.name()), tmp_path)
        assert engine.answers([ask("a"), ask("b"), ask("a")], TEN) == ["said a", "said b", "said a"]
        assert len(server.requests) == 2


def test_a_key_is_in_no_file_and_no_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where a server says it back, in an error's body or in an answer's headers."""
    key = "sk-secret-0123456789"
    monkeypatch.setenv("TENET_API_KEY", key)
    monkeypatch.setenv("TENET_API_HOST", "127.0.0.1")
    messages: list[str] = []
    for fault in (
        status(401, f"Incorrect API key provided: {key}"),
        status(404, f"no model for {key}"),
        status(500, f"{key} is over its quota"),
        status(302, "", Location=f"http://127.0.0.1:1/?key={key}"),
        status(200, f'"{key}"'.encode()),
        status(200, f"{key}".encode()),
    ):
        ledger = Ledger()
        with serving(echo, faults=[fault] * 5) as server, spending(ledger):
            engine = CachedEngine(bases.resolve_role(server.name()), tmp_path)
            inner: Any = engine.engine
            inner.server.pace.sleep = lambda _: None
            with pytest.raises(NetworkError) as caught:
                engine.answers([ask("a")], TEN)
            chain: BaseException | None = caught.value
            while chain is not None:
                messages += [str(chain), repr(chain), str(getattr(chain, "help", ""))]
                chain = chain.__cause__
            server.faults.clear()
            server.say = lambda *_: f"You said {key}."
            assert engine.answers([ask("a")], TEN) == ["You said (the key)."]
            assert server.headers[-1]["Authorization"] == f"Bearer {key}"
            messages += [repr(inner.server), repr(ledger), ledger.summary(), repr(inner.base), repr(inner.device)]
    assert len(stored(tmp_path)) > 6
    assert not [text for text in [*messages, caplog.text] if key in text]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


# ------------------------------------------------------------------ the command line


def test_options_become_the_ledger_and_what_was_used_is_said_at_the_end() -> None:
    from compiler.spending import current

    @click.command()
    @spending_options()
    @click.option("--fail", is_flag=True)
    def command(fail: bool) -> None:
        ledger = current()
        ledger.open("m", 50, 5).answered((40, 4))
        click.echo(f"{ledger.budget} {dict(ledger.prices)} {ledger.rate} {ledger.at_once}")
        if fail:
            raise click.UsageError("no")

    arguments = ["--budget", "2.5usd", "--price", "m=1/2", "--rate", "60", "--at-once", "3"]
    found = CliRunner().invoke(command, arguments)
    assert "2.5 usd {'m': Price(read=1.0, written=2.0)} 60.0 3" in found.stdout
    assert found.stderr == "m: 1 request, 40 tokens read, 4 written\nspent: 4.8e-05 usd of 2.5 usd\n"
    assert "40 tokens read" in CliRunner().invoke(command, [*arguments, "--fail"]).stderr
    for wrong in (["--budget", "5"], ["--budget", "usd"], ["--price", "m=1"], ["--rate", "0"], ["--at-once", "0"]):
        assert CliRunner().invoke(command, wrong).exit_code == 2


def test_measuring_takes_a_number_of_answers_too() -> None:
    seen: list[Any] = []

    @click.command()
    @spending_options(answers=True)
    def command(budget: int | None) -> None:
        from compiler.spending import current

        seen.append((budget, current().budget))

    for given in (["--budget", "90"], ["--budget", "90tokens"], []):
        CliRunner().invoke(command, given)
    assert seen == [(90, None), (None, Budget(90, "tokens")), (None, None)]
