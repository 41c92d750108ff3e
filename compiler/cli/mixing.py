"""What a mixture asks and what a build got, on a few lines.

In: shares of a recipe, or mixture.json as a record. Out: lines that read well at 80 columns. This file must not know
how rows are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from compiler.records.mixture import MixtureReport
from compiler.records.recipe import MixtureShare


def asked(shares: Sequence[MixtureShare]) -> str:
    """The mixture as it is asked for.

    >>> asked([MixtureShare(name="written", share=0.6, rows=120), MixtureShare(name="rest", share=0.4, rows=80)])
    '200 rows: written 120 (60%), rest 80 (40%)'
    """
    listed = ", ".join(f"{share.name} {share.rows} ({percent(share.share)})" for share in shares)
    return f"{sum(share.rows for share in shares)} rows: {listed}"


def got(report: MixtureReport) -> Iterator[str]:
    """Where the questions are from; then each share, where the spec declares them, and what ran dry.

    >>> shares = [{"name": "own", "share": 0.5, "asked": 5, "got": 2}]
    >>> shares.append({"name": "bank", "share": 0.5, "asked": 5, "got": 8, "made_up": 3})
    >>> list(got(MixtureReport.model_validate({"rows": 10, "shares": shares, "made": []})))[1]
    'mixture: ran dry: own (2 of 5 rows); made up: 3 by bank'
    """
    sources: Counter[str] = Counter()
    for made in report.made:
        sources.update(made.sources)
    if sources and report.rows:
        listed = ", ".join(f"{name} {count}" for name, count in sources.most_common())
        yield f"mixture: {report.rows} rows, by where their questions are from: {listed}"
    if not report.shares:
        return
    whole = sum(share.got for share in report.shares)
    listed = ", ".join(f"{s.name} {s.got} ({percent(s.got / whole) if whole else '0%'})" for s in report.shares)
    yield f"mixture: got {listed}"
    dry = [f"{share.name} ({share.got} of {share.asked} rows)" for share in report.shares if share.got < share.asked]
    if dry:
        others = [f"{share.made_up} by {share.name}" for share in report.shares if share.made_up]
        yield f"mixture: ran dry: {', '.join(dry)}; made up: {', '.join(others) or 'none, the others ran dry too'}"


def percent(share: float) -> str:
    """
    >>> percent(0.125), percent(0.6)
    ('12.5%', '60%')
    """
    return f"{share * 100:.3g}%"
