"""`tenet filter`: whole corpora against `filters.json`, as fast as their bytes can be looked at.

Parsing is what costs, so few rows are parsed. A chunk of lines is scanned as bytes: `shapes` says which lines are
certainly chats without a character that could stand for another one, `literals` which lines hold what a broken rule
would need. The rest is decided one by one, by the very predicate that generated rows and `train { data: ... }` pass
(`compiler/data.py`). Kept lines are copied through as they stand.

    reading.py   files -> chunks of whole lines
    folding.py   which characters may stand for an ASCII letter
    needs.py     rules -> the literals that a row which breaks one holds
    narrowing.py the rules that a chat may break
    shapes.py    lines that are certainly chats
    scanning.py  a chunk -> the lines that must be looked at
    deciding.py  a chunk -> what becomes of each of them
    decided.py   what was found of a chunk
    writing.py   outputs, and the journal from which a run goes on
    running.py   several processes, in the order of the input
    report.py    what was kept and dropped, by clause
"""
