"""Those that were written after the first adapter, by somebody who had not seen it: 14."""

from tests.support.implementations._implementation import Implementation

HELD_OUT: tuple[Implementation, ...] = (
    # -- right -------------------------------------------------------------------------------------
    Implementation(
        spec="held_out/red_recurrente.py:RedRecurrente",
        looks="one sequence (T,F), in Spanish: weights and gradients in dicts; probabilities, "
        "one integer label",
    ),
    Implementation(
        spec="held_out/state_space.py",
        looks="functions: (A, B, C) in a named tuple, no biases, one sequence (F,T), x0 (H,1); "
        "outputs (C,T)",
        loss="squared error: 0.5 * sum over steps and outputs",
    ),
    Implementation(
        spec="held_out/rate_network.py:RateNetwork",
        looks="x (F,N,T), relu, weights (H,F), bias (H,1), none of the output; targets (C,N); "
        "gradients as attributes",
        loss="squared error: 0.5 * sum / N",
    ),
    Implementation(
        spec="held_out/theta_unrolled.py",
        looks="functions: all weights in one vector theta, sizes as arguments; x (N,T,F); loss "
        "and one gradient",
    ),
    Implementation(
        spec="held_out/kodierer.py:Kodierer",
        looks="x (T,N,F), in German: the last state alone and its gradient; a cell object a "
        "step, shared weights",
    ),
    Implementation(
        spec="held_out/adding_problem.py",
        looks="functions on globals, x (T,N,F), no output bias; train(seq, target, eta) makes "
        "new globals",
        loss="squared error: sum",
    ),
    Implementation(
        spec="held_out/joint_matrix.py:Transition",
        looks="a dataclass, called like a function: x (N,T,F), W (H,F+H) on [x; h]; vjp takes "
        "both outputs' gradients",
    ),
    Implementation(
        spec="held_out/etiqueteur.py:Etiqueteur",
        looks="x (N,T,F), in French: logits and labels (N,T) at every step; a dict of gradients",
        loss="mean over rows and steps",
    ),
    # -- wrong -------------------------------------------------------------------------------------
    Implementation(
        spec="held_out/callback_layer.py:Recurrent",
        looks="x (N,T,F), weights (H,F); forward returns the states and the function that goes "
        "back; gradients add up",
        mistakes=("wh-gradient-h0-zero",),
    ),
    Implementation(
        spec="held_out/rede_colunas.py:Rede",
        looks="x (N,T,F), in Portuguese: a loop over rows, columns inside, one-hot labels; "
        "treina(X, Y) updates",
        mistakes=("bptt-first-step-missing",),
    ),
    Implementation(
        spec="held_out/relu_columns.py:IRNN",
        looks="x (T,F,N), relu, weights (H,F), biases (H,1); a tuple of gradients, step(grads, lr)",
        mistakes=("relu-derivative-of-tanh",),
    ),
    Implementation(
        spec="held_out/nested_params.py:ActivityRNN",
        looks="x (N,T,F), weights and gradients in dicts of dicts; states and logits in a dict",
        mistakes=("clip-norm-unasked-each=0.25",),
    ),
    Implementation(
        spec="held_out/melody.py:MelodyNet",
        looks="x (N,T,F), weights and biases in two tuples; logits and states (N,T+1,H); takes "
        "the logits' gradient",
        mistakes=("head-reads-second-last-forward",),
    ),
    Implementation(
        spec="held_out/sensor_rnn.py:SensorRNN",
        looks="x (N,F,T), weights (H,F) in slots, an output bias alone; loss and a list of "
        "gradients in one call",
        mistakes=("loss-batch-sum",),
    ),
)
