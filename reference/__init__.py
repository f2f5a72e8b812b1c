"""What is true: PyTorch's own answer to a case, and the textbook's, with the noise around it."""

from parity.yardstick import Yardstick
from reference import noise, twin

pytorch = Yardstick(
    name="PyTorch", run=twin.run, floor=noise.floor, training_floor=noise.training_floor
)

__all__ = ["pytorch"]
