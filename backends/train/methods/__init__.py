"""Training methods, one file each; the file's name is the method's (`sft_dpo` is `sft+dpo` in a spec).

A method has STAGES: the names of the methods it runs one after the other. One that trains by itself also has `config()`
and `trainer()`, the library's classes, COLUMNS, what the trainer needs of a row, and `fit(config, rows, tokenizer)`,
which returns the rows as the trainer takes them.
"""
