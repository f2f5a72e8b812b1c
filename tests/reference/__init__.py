"""What is true: PyTorch's twin, the textbook, its noise, its exact values."""
