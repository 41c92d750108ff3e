"""Many adapters over one base, each by its name, behind the OpenAI protocol: `tenet serve`.

In: a base and adapters, by the names that a request's `model` gives. Out: a server. Requests that wait are answered
together, whatever their models: the base's products are shared by all rows of a batch, and each row has the low-rank
part of its own adapter (`backends/engines/_mixed.py`). `asking.py` says what a request may ask, `turns.py` answers
those that wait, `http.py` speaks the protocol.
"""
