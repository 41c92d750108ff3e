"""A page that asks people, served from this machine with what Python brings.

In: a desk (tasks and a store). Out: HTTP. `guard.py` says who may ask; `server.py` answers; `page.*` is what a browser
shows, and asks nothing of any other place. This folder must not know a run or a file format.
"""
