"""`python -m compiler.cli`: the `tenet` command where it is not on the path."""

from compiler.cli import main

main()
