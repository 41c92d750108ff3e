"""The language server: `tenet lsp`. One file a feature; `server.py` holds the table of them.

In: requests of an editor (https://microsoft.github.io/language-server-protocol). Out: answers, and diagnostics as the
user types. A feature is a function of the session and the request's parameters; it must not know how requests arrive.

    connection.py       messages over stdio or TCP -> server.py -> a feature
    server.py           the table of features; what is checked and compiled, and when
    session.py          what features share, over
      workspace.py        files as the editor has them, and checks of specs
      names.py            what a name stands for, and where; from the tree (`tree.py`), so that a broken file has names
      compiled.py         what a spec compiles to, made when typing pauses
      measured.py         what runs on disk measured
    texts.py            places as editors count them: the protocol's only here
    context.py          what may be typed at a place, for `completion.py` with `language.py` and `snippets.py`
    definition.py       places that name one thing, for `hover.py` and for `rename.py` with `old_names.py`
"""
