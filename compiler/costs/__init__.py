"""What a training takes: tokens, time and memory, from the shape of a base and the rows, before anything is spent.

In: a base's `config.json` or its number of parameters, rows, a device. Out: figures, and how each was had. Nothing here
loads a model or asks a device.
"""
