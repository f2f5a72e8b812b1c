"""Cell: one direction of one layer, and the names of its arrays."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One direction of one layer. The first layer's forward direction has the plain names."""

    layer: int = 0
    reverse: bool = False

    @property
    def suffix(self) -> str:
        """The end of its names: nothing, `_reverse`, `_l1`, `_l1_reverse` ..."""
        return cell_suffix(self.layer or None, reverse=self.reverse)

    def name(self, of: str) -> str:
        """Return the name of this cell's W_x, W_h, b, h_0, final or upstream_final."""
        return of + self.suffix


def cell_suffix(layer: int | None, *, reverse: bool) -> str:
    """Return the end of an array's name for a layer and a direction."""
    return ("" if layer is None else f"_l{layer}") + ("_reverse" if reverse else "")
