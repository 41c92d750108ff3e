"""The records that stand between stages: every arrow of the pipeline is a file, and this is what its lines hold.

In: nothing. Out: pydantic models, one for each kind of line or file under `build/<spec>/` and `runs/<id>/`; each is
imported from the file that holds it. This folder must not know how a record is made or used.

    recipe.json         recipe.Recipe            what the pairs and probes lowerings ask an engine to write (pure)
    filters.json        filters.Filters          what every training row must satisfy
    pairs.jsonl         rows.PreferencePair      rows that passed their checks
    sft.jsonl           rows.ChatRow
    probes.jsonl        rows.Probe               held-out prompts with the checks that decide
    measurements.jsonl  measured.Measurement     one answer of one arm to one probe
    measure.json        measured.MeasureReport   how they were made: the engaged check, calibration, devices, hashes
    latency.json        measured.Latency         how fast each arm answered here
    labels.jsonl        labels.Label             what a person said of one arm's answer
    mutations.json      mutants.MutationReport   what each clause's probes noticed
    diff.json           report.DiffReport        what was asked beside what was measured
"""
