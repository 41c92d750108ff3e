"""The language server: `tenet lsp`. One file a feature; `server.py` holds the table of them.

In: requests of an editor (https://microsoft.github.io/language-server-protocol). Out: answers, and diagnostics as the
user types. A feature is a function of the state and the request's parameters; it must not know how requests arrive.
Texts of open files stand for those on disk (`workspace.py`), places are the protocol's only at the edge (`texts.py`),
and what a name stands for is found in the syntax tree (`names.py`), so that a broken file still has symbols and names.
"""
