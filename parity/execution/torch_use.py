"""Use of PyTorch: whether a subject has loaded it, and whether its answer comes from it."""

import sys
from typing import Any

_RECURRENT = ("rnn_tanh", "rnn_relu", "rnn_tanh_cell", "rnn_relu_cell")


class Spy:
    """Counts the calls of PyTorch's recurrent layers and of its autograd, once it is loaded."""

    def __init__(self) -> None:
        self._called: set[str] = set()
        self._placed = False

    def look(self) -> str | None:
        """Return how PyTorch was used here since the last look; None if it is not loaded."""
        torch = sys.modules.get("torch")
        if torch is None:
            return None
        called, self._called = sorted(self._called), set()
        if not self._placed:
            self._placed = True
            self._place(torch)
        calls = f" and called its {' and '.join(called)} while it answered" if called else ""
        return (
            f"the subject's process has loaded PyTorch{calls}: PyTorch may be compared with itself"
        )

    def _place(self, torch: Any) -> None:
        functions = getattr(torch, "_VF", None)
        for name in _RECURRENT:
            self._wrap(functions, name, "RNN")
        engine = sys.modules.get("torch.autograd")
        for name in ("backward", "grad"):
            self._wrap(engine, name, "autograd")

    def _wrap(self, owner: Any, name: str, what: str) -> None:
        function: Any = getattr(owner, name, None)
        if function is None:
            return

        def counted(*given: Any, **named: Any) -> Any:
            self._called.add(what)
            return function(*given, **named)

        setattr(owner, name, counted)
