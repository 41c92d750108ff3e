"""Tenet inside Inspect (inspect-ai): probes as a task, arms as models, and logs read back as measurements.

    inspect eval tenet/clauses -T build=build/pirate --model tenet/adapter -M run=runs/pirate-a1e8a99c3cef
    tenet measure runs/pirate-a1e8a99c3cef --from-inspect logs/*.eval

Inspect finds `registry.py` through its entry point. Only this folder imports inspect_ai, which the extra
`inspect` installs.
"""
