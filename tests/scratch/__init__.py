"""The network under test, against PyTorch and against its own documentation."""
