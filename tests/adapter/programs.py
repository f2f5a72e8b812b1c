"""Programs whose names are changed: the plain files, the kinds, and implementations of one file."""

from benchmarks.adapting import FOLDER
from tests.adapter.kinds import KINDS
from tests.support.implementations import IMPLEMENTATIONS
from tests.support.mutated_files import SOURCES

FILES = {
    i.spec: i.spec.split(":")[0]
    for i in IMPLEMENTATIONS
    if ".py" in i.spec and i.group in ("developed", "held_out") and not i.finding
}
"""Those that are one file of Python, and whose verdict is not on their behaviour."""

PROGRAMS = (
    {f"plain {name}": source.text for name, source in SOURCES.items()}
    | {f"kind {name}": f"import numpy as np\n{kind.code}" for name, kind in KINDS.items()}
    | {spec: (FOLDER / file).read_text() for spec, file in FILES.items()}
)
