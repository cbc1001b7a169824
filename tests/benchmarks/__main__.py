"""`make bench`: runs every measurement, prints a table and writes `.signalbox/bench.json`.

A measurement is a module `bench_<name>.py` with `measure() -> list[Figure]`; `make bench ONLY=name` runs one.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from tests.benchmarks.figures import Figure

FOLDER = Path(__file__).parent
RESULT = Path(".signalbox/bench.json")


def main(only: list[str]) -> int:
    names = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    chosen = [name for name in names if not only or name.removeprefix("bench_") in only]
    if not chosen:
        print(f"No such measurement. There are: {', '.join(name.removeprefix('bench_') for name in names)}.")
        return 2
    figures: list[Figure] = []
    for name in chosen:
        print(f"measuring {name.removeprefix('bench_')} …", file=sys.stderr)
        figures += importlib.import_module(f"tests.benchmarks.{name}").measure()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for figure in figures:
        verdict = "holds" if figure["holds"] else "DOES NOT HOLD"
        print(
            f"{figure['name']:<60} {figure['value']:>10.3f} {figure['unit']:<8} limit {figure['limit']:>10.3f}"
            f"  ratio {figure['ratio']:>7.3f} ({figure['bound']})  {verdict}"
        )
    return 0 if all(figure["holds"] for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
