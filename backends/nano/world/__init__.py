"""nano's small world: what it knows, how it can speak, and what it can be told."""
