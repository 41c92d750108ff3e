"""What an answer must not hold, as a regular language that a decoder can be kept out of.

    letters   a character -> all characters that `checks/phrases.py` may read as it
    terms     terminals of a Lark grammar, each written once
    literals  a phrase -> the texts in which `phrases.found` finds it, however they are dressed up
    patterns  an author's regular expression -> the texts in which `patterns.found` finds it

A text in which a check finds something is always in the language, so that a guarded answer never breaks that check.
"""
