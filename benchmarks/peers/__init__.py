"""The scratch classifier and the programs that a user would run instead, each in its own file.

Each has `forward(case)` and `training_step(case)`. Both return a function without arguments that
can be called repeatedly. The first returns logits with the case's weights. The second takes an SGD
step with each call - forward, gradients of the weights, of x and of h_0, new weights - and returns
the loss before the step.
"""
