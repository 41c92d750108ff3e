"""Readers of diff.json: terminal, HTML page, family table. None computes a number; the record holds them all."""
