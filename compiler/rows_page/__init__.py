"""The page of `tenet lint-data`: findings, figures and rows that a person can read, and strike out.

In: rows, findings, the list of struck rows. Out: one offline HTML file, or the same page served from this machine, on
which rows are struck out and put back. `page.py` draws it, `desk.py` changes the list. This folder must not know how
rows are made, or what is looked for in them.
"""
