"""Intervals that hold at every look: ask until a verdict, stop when one stands.

In: outcomes between 0 and 1, one a prompt, in the order asked. Out: confidence sequences and e-values. At confidence c,
the chance that a sequence ever excludes the truth, at any n, is at most 1 - c; a fixed-n interval looked at again and
again promises nothing of the kind. This file must not know clauses or when somebody wants to stop.

An outcome may be a fraction, such as the mean over a prompt's repeats or a judge's score: for any outcome X in [0, 1]
with mean p, (t/p)^X ((1-t)/(1-p))^(1-X) is at most X t/p + (1-X)(1-t)/(1-p), whose mean is 1, so what is a martingale
for yes and no is a supermartingale for fractions, and the bounds hold (wider than they need be; `betting` is narrower).
What has to hold: given all before it, each outcome has the same mean. Prompts of one template resemble each other:
where templates are a sample, observe one mean a template.

>>> tuple(round(limit, 3) for limit in beta_binomial(97, 100))   # Wilson, which allows one look, says 0.915 to 0.99
(0.87, 0.998)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compiler.statistics.distributions import incomplete_beta, solve
from compiler.statistics.intervals import Comparison, Interval

Sides = Literal["both", "each", "lower", "upper"]


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_likelihood(kept: float, broken: float, p: float) -> float:
    if (kept > 0 and p <= 0.0) or (broken > 0 and p >= 1.0):
        return -math.inf
    return (kept * math.log(p) if kept > 0 else 0.0) + (broken * math.log1p(-p) if broken > 0 else 0.0)


def _log_mixture(kept: float, broken: float, p: float, a: float, b: float) -> float:
    """Log of the mean likelihood ratio to p over shares drawn from Beta(a, b)."""
    return _log_beta(a + kept, b + broken) - _log_beta(a, b) - _log_likelihood(kept, broken, p)


def _log_above(kept: float, broken: float, p: float, a: float, b: float) -> float:
    """The same over those of the shares alone that lie above p: evidence that the truth does too."""
    # I_{1-p}(b, a) = 1 - I_p(a, b), without the cancellation.
    after, before = incomplete_beta(b + broken, a + kept, 1.0 - p), incomplete_beta(b, a, 1.0 - p)
    if after <= 0.0 or before <= 0.0:
        return -math.inf
    return _log_mixture(kept, broken, p, a, b) + math.log(after) - math.log(before)


def _check(kept: float, n: float, a: float, b: float) -> None:
    if not 0.0 <= kept <= n:
        raise ValueError(f"kept must lie between 0 and n: {kept} of {n}")
    if a <= 0.0 or b <= 0.0:
        raise ValueError(f"a and b must be above 0: {a}, {b}")


def beta_binomial(
    kept: float, n: float, confidence: float = 0.95, a: float = 1.0, b: float = 1.0, sides: Sides = "both"
) -> Interval:
    """Return the bounds of a share after n outcomes, of which `kept` (a sum) were kept, valid at every n at once.

    Robbins' mixture martingale for a Bernoulli share (Ann. Math. Stat. 41, 1970) with a Beta(a, b) mixture: all p whose
    mean likelihood ratio B(a + kept, b + n - kept) / (B(a, b) p^kept (1-p)^(n-kept)) stays below 1 / (1 - confidence)
    (Ville's inequality; Howard, Ramdas, McAuliffe and Sekhon, Ann. Stat. 49, 2021, proposition 7). The bounds of
    one side mix over the shares on their far side of p alone, which is evidence against every share up to p.

    Args:
        kept: sum of the outcomes; fractions are allowed (see above).
        n: how many outcomes.
        a, b: where the bounds are to be tight; 1, 1 favours no share. Choose them before looking.
        sides: `both` shares the error between the sides; `lower` and `upper` bound one side and leave the other open;
            `each` gives both one-sided bounds, each at the full confidence.

    Raises:
        ValueError: `kept` is not between 0 and n, or a or b is not above 0.
    """
    _check(kept, n, a, b)
    if n <= 0:
        return Interval(0.0, 1.0)
    broken, rate, bar = n - kept, kept / n, -math.log1p(-confidence)
    against = _log_mixture if sides == "both" else _log_above
    low, high = 0.0, 1.0
    if kept > 0 and sides != "upper":
        low = solve(lambda p: -against(kept, broken, p, a, b), -bar, 0.0, rate)
    if broken > 0 and sides != "lower":
        high = 1.0 - solve(lambda q: -against(broken, kept, q, b, a), -bar, 0.0, 1.0 - rate)
    return Interval(low, high)


def evidence(kept: float, n: float, comparison: Comparison, share: float, a: float = 1.0, b: float = 1.0) -> float:
    """Return the e-value that the true share is above (`>=`) or below (`<=`) the target, against it being on the other.

    The one-sided mixture of `beta_binomial` at p = share. Were the truth on the other side, the chance that it ever
    reached 1 / alpha would be at most alpha, however often one looks; so min(1, 1 / e) is a p-value that stays valid.
    E-values of independent looks multiply, and those of any looks may be averaged (Vovk and Wang, Ann. Stat. 49, 2021).

    >>> evidence(58, 60, ">=", 0.80) > 20 > evidence(58, 60, "<=", 0.80)
    True
    """
    _check(kept, n, a, b)
    broken = n - kept
    log = _log_above(kept, broken, share, a, b) if comparison == ">=" else _log_above(broken, kept, 1.0 - share, b, a)
    return math.exp(min(log, 700.0))


@dataclass(slots=True)
class ConfidenceSequence:
    """The running intersection of `beta_binomial`: what was once excluded stays so (Howard et al. 2021, section 2).

    Its fields are its whole state: build it again from them, and it goes on where it stood. `contradictory` is true
    once two looks exclude all shares between them, which a share that does not change brings about with a chance of
    at most 1 - confidence: the share has moved. The interval is then the last look's alone.

    >>> looks = ConfidenceSequence(sides="lower")
    >>> for _ in range(60):
    ...     bounds = looks.observe(1.0)
    >>> round(bounds.low, 3)
    0.928
    """

    confidence: float = 0.95
    a: float = 1.0
    b: float = 1.0
    sides: Sides = "both"
    kept: float = 0.0
    n: float = 0.0
    low: float = 0.0
    high: float = 1.0
    contradictory: bool = False

    @property
    def interval(self) -> Interval:
        return Interval(self.low, self.high)

    def observe(self, outcome: float) -> Interval:
        """Add one outcome between 0 and 1, and return the interval after it. ValueError outside of that."""
        return self.add(outcome, 1.0)

    def add(self, kept: float, n: float) -> Interval:
        """Add n outcomes with the sum `kept` as one look (fewer looks give wider bounds, never wrong ones)."""
        _check(kept, n, self.a, self.b)
        self.kept += kept
        self.n += n
        now = beta_binomial(self.kept, self.n, self.confidence, self.a, self.b, self.sides)
        self.low, self.high = max(self.low, now.low), min(self.high, now.high)
        if self.low > self.high:
            self.contradictory = True
            self.low, self.high = now
        return self.interval


def betting(
    outcomes: Sequence[float], confidence: float = 0.95, sides: Sides = "both", most_of_capital: float = 0.5
) -> Interval:
    """Return the bounds of a mean of outcomes in [0, 1] after all of them, valid at every n at once.

    The hedged capital of Waudby-Smith and Ramdas (JRSS B 86, 2024, theorem 3) with their predictable plug-in bets: for
    each mean m, somebody bets against it, never more than `most_of_capital` of what they own; the means against which
    nobody got rich remain. It learns the variance, so it is narrow where scores or cluster means vary less than yes and
    no would. The order of outcomes counts. Time grows with their number, some 100 passes over them.

    Raises:
        ValueError: an outcome outside [0, 1].
    """
    if any(not 0.0 <= outcome <= 1.0 for outcome in outcomes):
        raise ValueError("every outcome must lie between 0 and 1")
    bar = -math.log1p(-confidence) + (math.log(2.0) if sides == "both" else 0.0)
    bets = _bets(outcomes, bar)

    def lower(values: Sequence[float]) -> float:
        def minus_wealth(m: float) -> float:
            return -math.fsum(
                math.log1p(min(bet, most_of_capital / m if m > 0 else bet) * (value - m))
                for value, bet in zip(values, bets, strict=True)
            )

        top = math.fsum(values) / len(values) if values else 0.0
        if minus_wealth(0.0) >= -bar:
            return 0.0
        # Wealth against a mean falls as the mean rises; at 1 nobody can have won.
        return solve(minus_wealth, -bar, 0.0, 1.0 if minus_wealth(top) < -bar else top)

    low = 0.0 if sides == "upper" else lower(outcomes)
    high = 1.0 if sides == "lower" else 1.0 - lower([1.0 - outcome for outcome in outcomes])
    return Interval(low, high)


def _bets(outcomes: Sequence[float], bar: float) -> list[float]:
    """Each bet looks at earlier outcomes alone (Waudby-Smith and Ramdas 2024, equation 26)."""
    bets, total, squares = [], 0.5, 0.25
    for seen, outcome in enumerate(outcomes, start=1):
        variance = squares / seen
        bets.append(math.sqrt(2.0 * bar / (variance * seen * math.log1p(seen))))
        total += outcome
        squares += (outcome - total / (seen + 1)) ** 2
    return bets
