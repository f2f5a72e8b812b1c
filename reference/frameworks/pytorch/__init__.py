"""PyTorch: `nn.RNN`, autograd and `torch.optim.SGD` as a reference."""

from parity.reference.base import Reference
from parity.reference.frameworks.pytorch.environment import environment
from parity.reference.frameworks.pytorch.twin import run

pytorch = Reference(name="PyTorch", run=run, environment=environment)

__all__ = ["pytorch"]
