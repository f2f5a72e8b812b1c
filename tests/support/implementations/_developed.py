"""Those that the adapter was developed with: 44."""

from tests.support.implementations._implementation import Implementation

DEVELOPED: tuple[Implementation, ...] = (
    # -- right, each under its own convention ------------------------------------------------------
    Implementation(
        spec="notebook_fixed.py:ScratchSimpleRNNClassifier",
        looks="the notebook's classifier: x (N,T,F), logits, gradients in a dict, "
        "update_params; activation a callable",
    ),
    Implementation(
        spec="sprint_optimizers.ipynb:ScratchSimpleRNNClassifier",
        looks="the notebook's, with optimiser and initialiser objects: probabilities, fit() "
        "trains, one-hot inside",
    ),
    Implementation(
        spec="rnn_layers.py",
        looks="functions: rnn_forward(x, h0, Wx, Wh, b) -> (h, cache), rnn_backward(dh, cache) "
        "-> a tuple",
    ),
    Implementation(
        spec="step_by_step.py",
        looks="functions on (F,N,T) arrays: parameters and gradients in dicts, bias (H,1), "
        "probabilities by step",
    ),
    Implementation(
        spec="columns.py:VanillaRNN",
        looks="a list of (F,1) columns, weights (H,F), bias (H,1); takes dL/dlogits and "
        "updates with learn_rate",
    ),
    Implementation(
        spec="char_model.py:CharRNN",
        looks="integer ids, states in a dict from key -1, targets at every step; loss, a tuple "
        "of gradients",
        loss="sum over steps",
    ),
    Implementation(
        spec="keras_like.py:SimpleRNNLayer",
        looks="kernel, recurrent_kernel, bias made in the first call; relu or tanh; "
        "initial_state an attribute",
    ),
    Implementation(
        spec="module_style.py:RNNLayer",
        looks="Parameter.data and .grad, weights (H,F), two biases; gradients add up until "
        "zero_grad",
    ),
    Implementation(
        spec="pure_functions.py",
        looks="functions on a nested dict of parameters, gradients of the same structure; h0 "
        "an argument",
        loss="sum",
    ),
    Implementation(
        spec="sk_style.py:RNNClassifier",
        looks="fit(X, y) does max_iter steps on the whole batch; warm_start keeps coef_in_ "
        "...; bias (1,H)",
    ),
    Implementation(
        spec="time_major.py:ElmanLayer",
        looks="x (T,N,F), one matrix W = [W_x; W_h; b]; backward(dH) returns dx, dh0, dW",
    ),
    Implementation(
        spec="stepper.py:Cell",
        looks="one step a call: reset(h0), step(x_t), and back(dh_t) in reverse order; "
        "gradients as attributes",
    ),
    Implementation(
        spec="channels_first.py:RecurrentLayer",
        looks="x (N,F,T), weights (H,F) in a dict params, gradients in a dict grads; relu or tanh",
    ),
    Implementation(
        spec="columns_batch.py:RNN",
        looks="x (T,F,N), one-hot labels (C,N), weights (H,F), bias (H,1); probabilities and "
        "states in a dict by t",
    ),
    Implementation(
        spec="row_by_row.py:SequenceClassifier",
        looks="every sequence in a Python loop; W_in (F,H) beside W_rec @ h; loss and "
        "gradients in one call",
    ),
    Implementation(
        spec="tiny_float32.py:TinyRNN",
        looks="float32 throughout; bias (1,H); forward returns logits and a cache; "
        "backward(dlogits, cache)",
    ),
    Implementation(
        spec="elman_1990.py:SimpleRecurrentNetwork",
        looks="x (T,F), weights in a list, one scalar bias for all units; targets at every step",
        loss="squared error: 0.5 * sum over steps and outputs",
    ),
    Implementation(
        spec="regression.ipynb:ManyToOneRNN",
        looks="x (N,T,F), no biases; the last state's output, gradients as a tuple",
        loss="squared error: 0.5 * sum / N",
    ),
    Implementation(
        spec="somebody.layers:Recurrent",
        looks="a package: nested Linear layers and activation objects; h0 (H,) in the "
        "constructor, for all rows",
    ),
    # -- wrong -------------------------------------------------------------------------------------
    Implementation(
        spec="char_rnn_globals.py",
        looks="weights in globals, ids, states in a dict from key -1; reads input.txt and "
        "trains when imported",
        mistakes=("clip-value-unasked=5",),
        loss="sum over steps",
    ),
    Implementation(
        spec="norm_clip.ipynb:RNNModel",
        looks="x (T,N,F), params in a list, called like a function; imports google.colab",
        mistakes=("clip-norm-unasked=1",),
    ),
    Implementation(
        spec="inside_clip.py:BasicRNN",
        looks="x (N,T,F), weights in a tuple theta; logits and states; bptt(X, dscores, hs) "
        "returns a tuple",
        mistakes=("clip-value-unasked-in-bptt=1",),
    ),
    Implementation(
        spec="online_bptt.py:NeuralNet",
        looks="x (N,T,F), logits; backward(y, lr) updates the weights and returns nothing",
        mistakes=("bptt-wh-updated-before-use",),
    ),
    Implementation(
        spec="imdb_from_scratch.py:RNN",
        looks="x (N,T,F), one-hot labels, bias (1,H); gradients as attributes, "
        "update(learning_rate)",
        mistakes=("tanh-derivative-of-activated-value",),
    ),
    Implementation(
        spec="bptt_lecture.py",
        looks="functions: x (T,N,F), weights a tuple (U, W, b) of (H,F), (H,H), (H,); h_0 is zero",
        mistakes=("wh-gradient-h0-final-state",),
    ),
    Implementation(
        spec="seq_classifier.py:RNN",
        looks="x (N,T,F), one matrix W = [b; W_h; W_x]; log-probabilities; train_step(X, y) "
        "updates",
        mistakes=("upstream-last-at-every-step",),
    ),
    Implementation(
        spec="word_rnn.py:RNNNumpy",
        looks="ids (N,T), weights (H,F), no biases; probabilities and states (T+1,N,H); a list "
        "of gradients",
        mistakes=("bptt-truncated=4", "loss-log-epsilon=1e-08"),
    ),
    Implementation(
        spec="simple_bp.py:Network",
        looks="one sequence (F,T), weights (H,F), bias (H,1); states (H,T); gradients returned "
        "and kept",
        mistakes=("bptt-missing",),
    ),
    Implementation(
        spec="sprint_rnn.py:ScratchSimpleRNNClassifier",
        looks="the notebook's, with optimiser and initialiser objects; probabilities; "
        "backward(y) updates",
        mistakes=("recurrent-gradients-batch-twice",),
    ),
    Implementation(
        spec="cells_dict.py",
        looks="functions on (F,N,T) arrays, parameters and gradients in dicts, bias (H,1); no head",
        mistakes=("bptt-untransposed",),
    ),
    Implementation(
        spec="rnn_gradients.py:RNN",
        looks="a list of (F,1) columns, two biases (H,1); states in a dict from key -1; a dict "
        "of gradients",
        mistakes=("wh-gradient-state-of-same-step",),
    ),
    Implementation(
        spec="vanilla_layer.py",
        looks="functions: rnn_forward(x, h0, Wx, Wh, b) -> (h, cache), rnn_backward(dh, cache) "
        "-> a tuple",
        mistakes=("recurrent-gradients-overwritten",),
    ),
    Implementation(
        spec="loss_by_classes.py:RNNModel",
        looks="x (T,N,F), one matrix W = [W_h; W_x; b], one-hot labels; gradients as "
        "attributes, step(lr)",
        mistakes=("loss-over-classes",),
    ),
    Implementation(
        spec="handwriting.py:RecurrentNet",
        looks="x (T,F,N), one-hot labels (C,N), weights (H,F), bias (H,1); train(X, Y) updates",
        mistakes=("softmax-over-matrix", "step-uphill"),
    ),
    Implementation(
        spec="bias_global.py:MyRNN",
        looks="weights and h_0 (N,H) in the constructor, x (N,F,T); the bias used is a global, "
        "and zero",
        mistakes=("bias-missing",),
    ),
    Implementation(
        spec="lazy_student.py:RNN",
        looks="x (N,T,F), forward(x, h0); backward(dh) returns a tuple of zeros",
        mistakes=("layer-gradients-zero",),
    ),
    Implementation(
        spec="constants.py:ConstantRNN",
        looks="x (N,T,F), logits and a dict of gradients that are the same for whatever it is "
        "given",
        facts=("one number throughout",),
    ),
    Implementation(
        spec="stream_model.py:RNN",
        looks="x (N,T,F), logits; forward goes on from the state of the call before, if that "
        "had as many rows",
        finding="STATEFUL",
    ),
    Implementation(
        spec="inplace.py:Layer",
        looks="x (N,T,F), forward(x, h); backward(dout) works in the array that it is given; a "
        "dict and two arrays; the adapter hands over an array of its own, so this is right",
    ),
    Implementation(
        spec="dropin.py:RNN",
        looks="x (N,T,F), activation and its derivative callables; weights are drawn anew in "
        "every forward",
        finding="NONDETERMINISTIC",
    ),
    Implementation(
        spec="weather.py:WeatherRNN",
        looks="x (N,T,F), integer labels, a dict of gradients; forward raises "
        "UnboundLocalError for one step",
        finding="RAISED",
    ),
    Implementation(
        spec="exits.py:RNN",
        looks="x (N,T,F), states right; backward(dstates) calls sys.exit",
        finding="RAISED",
    ),
    Implementation(
        spec="slow_decoder.py",
        looks="functions on a list of weights, h0 an argument; never returns for more than 20 "
        "steps",
        finding="TIMEOUT",
    ),
    Implementation(
        spec="wrapped_torch.py:TorchBackedRNN",
        looks="x (N,T,F), the states and gradients of torch.nn.RNN itself",
        finding="USES_TORCH",
    ),
)
