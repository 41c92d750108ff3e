"""Watching a model that is in use: does it still keep its clauses?

In: outcomes, one after the other, from a log of conversations or from probes. Out: alarms, whose false ones are bounded
however long one watches. Nothing here needs a model.

    watch.py   outcomes of one clause -> evidence, an alarm      log.py    a log file, read on from where it stopped
    state.py   what is remembered between starts                 clauses.py   which clauses every answer decides
"""
