"""Shapes: which layout an array has, told by its sizes alone, as Python expressions to convert it.

A layout is a word of axes: N batch, T steps, F features, H hidden, C classes, U steps + 1, 1 one.
In the probing case each stands for another number, so a shape has one reading.
"""

from collections.abc import Iterator, Sequence

from parity.model.config import Config

SIZES = {"batch": 3, "steps": 4, "features": 6, "hidden": 8, "classes": 10}
"""All different, and different from steps + 1 and from every sum of them that a stack has."""

CANONICAL = {
    "x": "NTF",
    "h_0": "NH",
    "W_x": "FH",
    "W_h": "HH",
    "b": "H",
    "W_out": "HC",
    "b_out": "C",
    "labels": "N",
    "one_hot": "NC",
    "hidden": "NTH",
    "last": "NH",
    "logits": "NC",
    "every_logits": "NTC",
    "upstream": "NTH",
    "upstream_final": "NH",
    "d_last": "NH",
    "d_logits": "NC",
    "d_every_logits": "NTC",
}
"""The layout in which the harness has each array."""

SAID = {"N": "batch", "T": "steps", "F": "features", "H": "hidden", "C": "classes", "1": "1"}


def said(layout: str) -> str:
    """Return a layout as a reader knows it: (batch, steps, features)."""
    inner = ", ".join(SAID.get(axis, axis) for axis in layout)
    return f"({inner},)" if len(layout) == 1 else f"({inner})"


def letters(config: Config) -> dict[int, str]:
    """Return which axis each size of a probing configuration is."""
    return {
        config.steps + 1: "U",
        config.steps: "T",
        config.hidden: "H",
        config.classes: "C",
        config.features: "F",  # also the classes', where these are a vocabulary
        config.batch: "N",
        1: "1",
    }


def arranged(expression: str, own: str, layout: str) -> str:
    """Return the expression that arranges an array of layout `own` as `layout`.

    An axis N that `layout` lacks is the batch of one, and is dropped; each 1 is a new axis.
    """
    if "N" in own and "N" not in layout:
        place = own.index("N")
        expression += "[" + ":, " * place + "0]"
        own = own.replace("N", "")
    bare = layout.replace("1", "")
    expression += _transposed(own, bare)
    if "1" in layout:
        index = ", ".join("None" if axis == "1" else ":" for axis in layout)
        index = index.removesuffix(", :") if index.startswith("None, :") else index
        expression += f"[{index}]"
    return expression


def recognised(
    expression: str, shape: Sequence[int], own: str, axes: dict[int, str]
) -> Iterator[str]:
    """Yield the expressions that bring an array of `shape` into the layout `own`; mostly one.

    A batch of one may be missing. Of an axis that is one step too long, either end is dropped.
    """
    if any(size not in axes for size in shape):
        return
    layout = "".join(axes[size] for size in shape)
    if "C" not in axes.values():  # ids: there are as many classes as features
        own = own.replace("C", "F")
    if "U" in layout and "T" in own:
        place = layout.index("U")
        for part in ("1:", ":-1"):
            sliced = f"{expression}[{':, ' * place}{part}]"
            short = layout.replace("U", "T")
            yield from _recognised(sliced, short, own, one_row="N" not in axes.values())
    else:
        yield from _recognised(expression, layout, own, one_row="N" not in axes.values())


def _recognised(expression: str, layout: str, own: str, *, one_row: bool) -> Iterator[str]:
    bare = layout.replace("1", "")
    want = own.replace("N", "") if one_row else own
    if sorted(bare) != sorted(want):
        return
    if "1" in layout:
        index = ", ".join("0" if axis == "1" else ":" for axis in layout)
        while index.endswith(", :"):
            index = index.removesuffix(", :")
        expression += f"[{index}]"
    expression += _transposed(bare, want)
    if want != own:  # the batch of one, that the subject does not know
        place = own.index("N")
        expression += "[" + ":, " * place + "None]"
    yield expression


def _transposed(own: str, layout: str) -> str:
    """Return the method call that turns axes `own` into `layout`, both without ones."""
    if own == layout:
        return ""
    if len(own) == 2:
        return ".T"
    order = [own.index(axis) for axis in layout]
    swapped = [place for place, axis in enumerate(order) if place != axis]
    if len(swapped) == 2:
        return f".swapaxes({swapped[0]}, {swapped[1]})"
    return f".transpose({', '.join(map(str, order))})"


def layouts(own: str, *, one_row: bool = False) -> tuple[str, ...]:
    """Return the layouts that code uses for an array, the likeliest first."""
    known = {
        "NTF": ("NTF", "TNF", "NFT", "FNT", "TFN", "FTN"),
        "NTH": ("NTH", "TNH", "NHT", "HNT", "THN", "HTN"),
        "NTC": ("NTC", "TNC", "NCT", "CNT", "TCN", "CTN"),
        "NH": ("NH", "HN", "1NH"),
        "NC": ("NC", "CN"),
        "H": ("H", "1H", "H1"),
        "C": ("C", "1C", "C1"),
        "FH": ("FH", "HF"),
        "HC": ("HC", "CH"),
    }
    if one_row:
        known |= {
            "NTF": ("TF", "FT", "TF1", "T1F"),
            "NTH": ("TH", "HT", "TH1", "T1H"),
            "NTC": ("TC", "CT", "TC1"),
            "NH": ("H", "H1", "1H"),
            "NC": ("C", "C1", "1C"),
        }
    return known.get(own, (own,))
