"""The process in which libFuzzer calls one target: `python -m tests.spec.fuzz_bytes_child TARGET FOLDER -runs=1000`.

In: the name of a target, and what libFuzzer takes. Out: exit code 0, or 77 for a find, which is saved and ends the
process. Only what is imported while atheris watches tells which ways it took, so imports stand in functions here.
"""

from __future__ import annotations

import hashlib
import sys

SLOWER = 5
"""What watching the ways through the code costs, in times."""


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["spec", "compiler"]):
        from tests.spec.fuzz import FINDS, MEGABYTES, SECONDS, TooSlow, limited, megabytes, place
        from tests.spec.targets import TARGETS

        name = sys.argv[1]
        target = TARGETS[name][0]
        for first in (b"tenet 1", b"tenet: 1", b'{"tenet": 1}', b"# {#a authority=root}"):
            target(first)  # imports what it needs

    def once(data: bytes) -> None:
        try:
            with limited(SLOWER * SECONDS):
                target(data)
        except (Exception, TooSlow) as error:
            path = FINDS / name / hashlib.sha256(data).hexdigest()[:12]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            print(f"---- {name}: {place(error)}, saved as {path}", flush=True)
            raise
        if megabytes() > MEGABYTES:
            raise MemoryError(f"{name}: {megabytes():.0f} MB")

    atheris.Setup([sys.argv[0], *sys.argv[2:]], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
