"""The looks of diagnostics, one file each; `spec.diagnostics.render` imports the one that is asked for."""
