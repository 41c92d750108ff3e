"""What people say of answers: which ones to ask about, what was said, and where it goes.

In: a measured run (its program, probes, measurements). Out: tasks in an order, a store of what people said of them, and
rows for others: `labels.jsonl` that calibrates judges, preference pairs for TRL, tasks for Label Studio. Nothing here
needs a model. `web/` serves the tasks to a browser. This folder must not know how answers are made or verdicts given.

    tasks.py       a run -> what can be asked, in words          content.py   digests: which task is which, and what for
    queue.py       tasks -> the order in which they are asked    store.py     what was said, durably
    said.py        the store -> Label records; what a label says of its clause; agreement between people
    exchange.py    labels.jsonl and TRL rows, out and in         label_studio.py   Label Studio's JSON, out and in
"""
