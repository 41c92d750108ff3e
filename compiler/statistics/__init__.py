"""The arithmetic behind a verdict: intervals, paired tests, corrections, and how much more would settle it.

In: counts and numbers. Out: intervals and probabilities. The unit is the prompt: whoever calls has averaged repeats
already. What every report needs is a short formula over `math` and stands below, so that reading one loads no numeric
library; `bootstrap`, `permutation`, `agreement`, `preference` and `power` use NumPy or SciPy, and with `equivalence`,
`survival` and `ppi` are imported from their files by who needs them. The tests compare each with an independent
implementation, and by simulation (`benchmarks/coverage.py`). This folder must not know clauses, targets' origins or
files.

>>> tuple(round(limit, 3) for limit in wilson(97, 100))
(0.915, 0.99)
>>> round(clopper_pearson(0, 100, sides="upper").high, 4)   # zero of a hundred still allows this much
0.0295
"""

from compiler.statistics.clusters import FEWEST_CLUSTERS, design_effect, effective_n
from compiler.statistics.distributions import beta_quantile, incomplete_beta, t_quantile
from compiler.statistics.intervals import Comparison, Estimate, Interval, Outcome, more_to_settle, outcome
from compiler.statistics.many import benjamini_hochberg, holm
from compiler.statistics.means import clustered_mean, paired_mean
from compiler.statistics.paired import Paired, mcnemar_exact, newcombe_paired
from compiler.statistics.proportions import (
    binomial_tail,
    clopper_pearson,
    clustered_wilson,
    korn_graubard,
    wilson,
)
from compiler.statistics.sequential import ConfidenceSequence, beta_binomial, betting, evidence

__all__ = [
    "FEWEST_CLUSTERS",
    "Comparison",
    "ConfidenceSequence",
    "Estimate",
    "Interval",
    "Outcome",
    "Paired",
    "benjamini_hochberg",
    "beta_binomial",
    "beta_quantile",
    "betting",
    "binomial_tail",
    "clopper_pearson",
    "clustered_mean",
    "clustered_wilson",
    "design_effect",
    "effective_n",
    "evidence",
    "holm",
    "incomplete_beta",
    "korn_graubard",
    "mcnemar_exact",
    "more_to_settle",
    "newcombe_paired",
    "outcome",
    "paired_mean",
    "t_quantile",
    "wilson",
]
