"""The scratch classifier and what a user would run instead, each in a file of its own.

Each has `forward(case)` and `training_step(case)`, which return a function without arguments to
be called again and again. The first returns logits of the case's weights. The second takes an SGD
step with each call - forward, gradients of the weights, of x and of h_0, new weights - and returns
the loss before it.
"""
