"""The references: PyTorch's twin, the textbook, its noise, its exact values."""
