"""Parts: the functions of a source, the lines that count in each, and what leads to them."""

from parity.subjects.parts import Part, parts
from parity.subjects.reach import reached_from

SOURCE = '''
import numpy as np
import net

TABLE = {"relu": relu}

def relu(a):
    """max(a, 0)"""
    return np.maximum(
        a,
        0,
    )

class Net(Base):
    rate = 0.1

    def run(self, x, h=None):
        if x is None:
            raise ValueError("x")
        if h is None:
            h = np.zeros(3)
        print("running")
        for t in range(3):
            h = self.cell(x, h)
        return TABLE["relu"](h)

    def cell(self, x, h):
        update = net.advance(x + h)
        return update

    def train(self, optimiser):
        optimiser.update(self)
        optimiser.step(self)

class SGD:
    def step(self, net):
        net.rate -= 1

    def update(self, net):
        net.rate -= 1

def update(w):
    return w - 1

def advance(a):
    return a

if __name__ == "__main__":
    def main():
        return SGD()
'''


def named() -> dict[str, Part]:
    return {part.name: part for part in parts(SOURCE).functions}


def lines(name: str) -> list[list[int]]:
    return [sorted(own) for own in named()[name].statements]


def test_functions_and_methods_are_parts() -> None:
    """All functions of the module are found, and none of those that only a script has."""
    assert [*named()] == [
        "relu",
        "Net.run",
        "Net.cell",
        "Net.train",
        "SGD.step",
        "SGD.update",
        "update",
        "advance",
    ]
    assert (named()["Net.run"].first, named()["Net.run"].last) == (17, 25)


def test_statements_are_counted_once_each() -> None:
    """A statement counts once, over several lines too; docstring, raise, default, print do not."""
    assert lines("relu") == [[9, 10, 11]]
    assert lines("Net.run") == [[18], [20], [23], [24], [25]]


def test_text_that_is_not_python_has_no_parts() -> None:
    """A source that cannot be parsed has no functions; nothing is raised."""
    assert parts("def f(:").functions == ()


def reached(*ran: str) -> set[str]:
    every = parts(SOURCE)
    found = [part for part in every.functions if part.name in ran]
    return set(reached_from(found, every.functions, every.values)) - {*ran}


def test_a_function_leads_to_what_it_names() -> None:
    """A method of its own object is reached, a function through a table or through a module."""
    assert reached("Net.run") == {"Net.cell", "relu", "advance"}


def test_a_variable_is_not_a_function_of_its_name() -> None:
    """A local `update` does not lead to the function `update`."""
    assert reached("Net.cell") == {"advance"}


def test_a_method_of_a_class_that_nobody_names_is_not_reached() -> None:
    """`optimiser.step(...)` leads to a class only where something that is reached names it."""
    assert reached("Net.train") == set()
