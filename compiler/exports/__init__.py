"""Builds as other evaluation tools read them: one file each."""
