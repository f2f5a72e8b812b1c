"""Cell: one direction of one layer, and the names of what belongs to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One direction of one layer. The first layer's forward one has the plain names."""

    layer: int = 0
    reverse: bool = False

    @property
    def suffix(self) -> str:
        """What its names end with: nothing, `_reverse`, `_l1`, `_l1_reverse` ..."""
        return (f"_l{self.layer}" if self.layer else "") + ("_reverse" if self.reverse else "")

    def name(self, of: str) -> str:
        """Return the name of this cell's W_x, W_h, b, h_0, final or upstream_final."""
        return of + self.suffix


def without_suffix(name: str) -> str:
    """Return a name without what says which cell it belongs to: W_x of W_x_l1_reverse."""
    base = name.removesuffix("_reverse")
    start, _, layer = base.rpartition("_l")
    return start if start and layer.isdecimal() else base
