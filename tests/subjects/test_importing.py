"""Importing: an author's neighbours, packages and missing packages."""

import queue
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from parity.subjects.source import Source, read
from parity.subjects.source.stand_ins import MissingError


def files(folder: Path, texts: dict[str, str]) -> Path:
    """Write files, "a/b" as a/b.py, and return the last one."""
    for name, text in texts.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return path


LAYER = "class Tanh:\n    size = 3\nscale = 2\n"

IMPORTS = {
    "a neighbour": ("layers", "from layers import Tanh", "net"),
    "a neighbour's attribute": ("layers", "import layers\nTanh = layers.Tanh", "net"),
    "everything": ("layers", "from layers import *", "net"),
    "relative": ("pkg/layers", "from .layers import Tanh", "pkg/net"),
    "relative, above": ("pkg/layers", "from ..layers import Tanh", "pkg/models/net"),
    "a relative module": ("pkg/layers", "from . import layers\nTanh = layers.Tanh", "pkg/net"),
    "a package above": ("pkg/layers", "from pkg.layers import Tanh", "pkg/models/net"),
    "a module of a package": (
        "pkg/layers",
        "import pkg.layers\nTanh = pkg.layers.Tanh",
        "pkg/net",
    ),
    "a module under a name": ("pkg/layers", "import pkg.layers as p\nTanh = p.Tanh", "pkg/net"),
    "a folder on the path": (
        "common/layers",
        "import sys\nsys.path.append('../common')\nfrom layers import Tanh",
        "chapter/net",
    ),
}


@pytest.mark.parametrize(("layer", "text", "name"), IMPORTS.values(), ids=IMPORTS.keys())
def test_neighbours_are_found(layer: str, text: str, name: str, tmp_path: Path) -> None:
    """Neighbours, relative imports and the packages around a file are found; sys.path stays."""
    before = sys.path[:]
    path = files(tmp_path, {layer: LAYER, name: f"{text}\ndef size(): return Tanh.size\n"})
    found = read(path)
    assert found.module.size() == 3
    assert found.left_out == ()
    assert sys.path == before


def test_a_neighbour_is_found_when_a_function_imports_it(tmp_path: Path) -> None:
    """An import inside a function finds the neighbour when the function is called."""
    text = "def size():\n    import layers\n    return layers.scale\n"
    assert read(files(tmp_path, {"layers": LAYER, "net": text})).module.size() == 2


def test_a_neighbour_does_not_train(tmp_path: Path) -> None:
    """Of a neighbour only the definitions are executed."""
    layers = f"{LAYER}steps = []\nfor i in range(3):\n    steps = steps + [i]\n"
    path = files(tmp_path, {"layers": layers, "net": "from layers import steps, scale\n"})
    found = read(path).module
    assert (found.steps, found.scale) == ([], 2)


def test_a_package_is_not_executed_for_a_module_in_it(tmp_path: Path) -> None:
    """`from pkg.layers import Tanh` reads no `__init__`; `from pkg import scale` does."""
    init = "from .layers import scale\nread = True\n"
    package = {"pkg/__init__": init, "pkg/layers": LAYER}
    found = read(files(tmp_path, {**package, "net": "from pkg.layers import Tanh\n"})).module
    assert found.Tanh.size == 3
    found = read(files(tmp_path, {"other": "from pkg import scale, read\n"})).module
    assert (found.scale, found.read) == (2, True)


def test_everything_of_a_package_is_what_it_lists(tmp_path: Path) -> None:
    """`from pkg import *` has the modules in the package's `__all__`."""
    package = {"pkg/__init__": "__all__ = ['layers']\n", "pkg/layers": LAYER}
    found = read(files(tmp_path, {**package, "net": "from pkg import *\n"})).module
    assert found.layers.scale == 2


def test_a_neighbour_that_is_not_python_loses_only_what_it_defines(tmp_path: Path) -> None:
    """Names from a broken neighbour say so when they are used; the rest of the file is there."""
    net = "from old import f\ndef g(): return f()\ndef h(): return 1\n"
    path = files(tmp_path, {"old": "print 'loss'\ndef f(): pass\n", "net": net})
    found = read(path)
    assert found.module.h() == 1
    assert "old.py is Python 2 (line 1: print 'loss')" in found.left_out[0]
    with pytest.raises(MissingError, match=r"old.py is Python 2"):
        found.module.g()


def test_a_name_that_a_neighbour_lost_is_explained(tmp_path: Path) -> None:
    """The note on a name that a neighbour does not define has the neighbour's line."""
    data = "rows = open('a.txt')\nn = 3\n"
    found = read(files(tmp_path, {"data": data, "net": "from data import n, rows\n"}))
    assert found.module.n == 3
    assert "data.py does not define rows: line 1: rows = open('a.txt')" in found.left_out[0]


def test_two_files_may_import_each_other(tmp_path: Path) -> None:
    """A circle of imports ends, and each file is read once."""
    path = files(tmp_path, {"a": "import b\nx = 1\n", "b": "import a\ndef x(): return a.x\n"})
    found = read(path).module
    assert found.x() == 1
    assert found.a.b is found


def test_a_file_is_not_taken_for_a_module_of_the_standard_library(tmp_path: Path) -> None:
    """A queue.py beside the file is not Python's queue, and a types.py can still be imported."""
    names = {"queue": "raise SystemExit\n", "types": "class Cell: pass\n"}
    path = files(tmp_path, {**names, "net": "import queue\nfrom types import Cell\n"})
    found = read(path).module
    assert found.queue is queue
    assert found.Cell.__name__ == "Cell"


def test_two_subjects_may_have_neighbours_of_one_name(tmp_path: Path) -> None:
    """Each file gets the neighbour beside it, also where the two files have one name."""
    paths = [
        files(tmp_path, {f"{n}/utils": f"v = {n}\n", f"{n}/net": "import utils\n"}) for n in (1, 2)
    ]
    first, second = (read(path).module for path in paths)
    assert (first.utils.v, second.utils.v) == (1, 2)
    assert first.__name__ != second.__name__
    assert "utils" not in sys.modules


def missing(folder: Path, text: str) -> Source:
    return read(files(folder, {"net": text}))


def test_a_missing_package_costs_only_what_uses_it(tmp_path: Path) -> None:
    """A package that is only used for plots is a note; using it names the package and the line."""
    found = missing(
        tmp_path,
        """
        import no_plots.pyplot as plt
        from no_tables import read
        def plot(): plt.show()
        def two(): return 2
        """,
    )
    assert found.module.two() == 2
    assert found.missing == ("no_plots", "no_tables")
    with pytest.raises(MissingError, match=r"needs the package 'no_plots', .* \(line 2\)"):
        found.module.plot()


def test_a_missing_decorator_is_left_out(tmp_path: Path) -> None:
    """A function is the author's own without a decorator that is not there."""
    text = "import no_such\n@no_such.fast(parallel=True)\ndef two(): return 2\n"
    assert missing(tmp_path, text).module.two() == 2


ATTACHED = {
    "a class that is given": "import d2l\n@d2l.add_to_class(Net)\ndef two(self): return 2\n",
    "an annotation": "from fastcore.basics import patch\n@patch\ndef two(self: Net): return 2\n",
}


@pytest.mark.parametrize("text", ATTACHED.values(), ids=ATTACHED.keys())
def test_known_decorators_attach_methods(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decorators of teaching libraries make methods, also where the library is not installed."""
    for name in ("d2l", "fastcore"):
        monkeypatch.setitem(sys.modules, name, None)  # not installed
    assert missing(tmp_path, f"class Net: pass\n{text}").module.Net().two() == 2


def test_a_module_of_python_2_is_named_as_that(tmp_path: Path) -> None:
    """A module that only Python 2 has is not called a missing package."""
    found = missing(tmp_path, "import cPickle\n")
    assert "needs 'cPickle', a module of Python 2" in found.left_out[0]
    assert found.missing == ()


def test_the_authors_own_way_around_a_missing_package_is_taken(tmp_path: Path) -> None:
    """`try: import ... except ImportError` works as written."""
    text = "try:\n    import no_such as np\nexcept ImportError:\n    import math as np\n"
    found = missing(tmp_path, text)
    assert found.module.np.__name__ == "math"
    assert found.missing == ()


def test_a_folder_above_without_modules_is_not_a_package(tmp_path: Path) -> None:
    """A missing package is missing, also where a folder of its name is somewhere above."""
    (tmp_path / "no_such").mkdir()
    found = read(files(tmp_path, {"a/b/net": "import no_such\n"}))
    assert found.missing == ("no_such",)
