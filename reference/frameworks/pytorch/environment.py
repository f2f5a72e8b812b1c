"""PyTorch's version, and its switches that can change bits."""

import torch


def environment() -> dict[str, str]:
    """Return them by the names that PyTorch's documentation uses."""
    return {
        "torch": torch.__version__,
        "torch threads": str(torch.get_num_threads()),
        "torch CPU capability": torch.backends.cpu.get_cpu_capability(),
        "torch float32 matmul precision": torch.get_float32_matmul_precision(),
        "torch deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "torch mkldnn": str(torch.backends.mkldnn.enabled),
        "torch default dtype": str(torch.get_default_dtype()),
    }
