"""Training methods, one file each; the file's name is the method's. `sft+dpo` in a spec runs two, one after the other.

A method has `config()` and `trainer()`, the library's classes, COLUMNS, what the trainer needs of a row, and
`fit(config, rows, tokenizer)`, which returns the rows as the trainer takes them. A method that is told by more than
rows also has FILES, what else of the build decides its adapter, JUDGED where a judge may decide it, and
`given(training)`, further arguments of the trainer. One whose model is no language model says by `architecture()` which
of the library's classes it is; one that begins an adapter beside that of the stage before it has
`begun(model, before, peft_config)` and `beside(model, before)`. A method whose loss is a mean over rows, or over
tokens, has `shares(inputs)`, how many of both a part of an update has, and `weigh(trainer, rows, tokens)`, which sets
the trainer for a part with these shares of them and returns what its loss is multiplied by. What a job holds is written
by `compiler/lowering/losses.py`.
"""
