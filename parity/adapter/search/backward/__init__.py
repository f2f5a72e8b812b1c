"""Ways to ask for the loss, gradients and steps, after a forward pass."""
