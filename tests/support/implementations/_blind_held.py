"""Written from a description of the task alone, looked at once: thirty files."""

from tests.support.implementations._implementation import Implementation

BLIND_HELD: tuple[Implementation, ...] = (
    Implementation(
        spec="blind_held/binary_adder.py:BinaryAdder",
        looks="one sequence (T, in), row vectors, weights synapse_0/h/1 (in,out), no biases, "
        "tanh hidden, sigmoid output every step, binary cross-entropy summed; forward -> "
        "(outputs, states with zero first), gradients -> tuple, train_pair updates. The "
        "delta carried back is multiplied by synapse_h.T at the following (earlier) step",
    ),
    Implementation(
        spec="blind_held/deep_rnn.py",
        looks="several layers as list of dicts W (in,out), R, b; batch first, zero initial "
        "state; readout every step, cross-entropy mean over batch and time; forward, "
        "backward -> list of dicts, sgd_update in place, train",
    ),
    Implementation(
        spec="blind_held/fc_rnn.py:RNN",
        looks="cell built of FullyConnected (bias = last row, input columns [x, h]) and TanH "
        "layers; batch dimension is time (T, in) -> (T, out) linear; memorize flag; "
        "backward(error) -> gradient of input, gradient_weights, updates if optimizer set",
    ),
    Implementation(
        spec="blind_held/keras_like.py:RNN",
        looks="cell handed to layer, kernel/recurrent_kernel (in,out), optional bias, "
        "return_sequences, go_backwards, batch first; call -> states or last, backprop(d) "
        "-> dx and cell.d_*, apply_gradients; Sequential with squared loss 0.5*sum/N",
    ),
    Implementation(
        spec="blind_held/layers_rnn.py:RNN",
        looks="layer with U, W, V (out,in), no biases, output = V h per step with output dim = "
        "input dim; activation and optimizer classes, double bptt loop; forward_pass -> "
        "outputs, backward_pass(accum_grad) updates at once and returns dx; needs "
        "initialize(optimizer)",
    ),
    Implementation(
        spec="blind_held/nnlite.py:Recurrent",
        looks="layer of a small library: params/grads dicts kernel/recurrent (in,out)/bias, "
        "activation class (derivative from output), batch first, initial_state argument; "
        "forward -> all states, backward(grad) -> dx; SGD class, Model.train_on_batch with "
        "mean squared error",
    ),
    Implementation(
        spec="blind_held/rnn_classifier_hw.py:RNNPhonemeClassifier",
        looks="RNNCell with W_ih/W_hh (out,in), b_ih, b_hh whose backward averages weight "
        "gradients over the batch (per-sample deltas); 2 layers, batch first, h_0 "
        "argument; logits from last top state, mean cross-entropy; backward(delta) -> "
        "dh_0/batch; step",
    ),
    Implementation(
        spec="blind_held/rnn_lm.py:RNNLanguageModel",
        looks="one sequence of integer ids, U (H,V), W (H,H), V (V,H), no biases; "
        "forward_propagation -> [probs, states with the zero state at index -1]; total "
        "loss = sum over steps (calculate_loss = per word); bptt(x, y) -> [dU, dV, dW] of "
        "the summed loss, double loop with truncation 1000; sgd_step",
    ),
    Implementation(
        spec="blind_held/rnn_utils.py",
        looks="functions, x (n_x, m, T), parameters dict Wax/Waa/Wya/ba/by (out,in), a0 "
        "argument; forward -> (a, softmax predictions, caches); rnn_backward(da, caches) "
        "of upstream gradients of hidden states -> dict; no loss, no update",
    ),
    Implementation(
        spec="blind_held/sentimento.py:RedeSentimento",
        looks="Portuguese; integer ids (N,T) -> embedding -> RNN (in,out weights) -> last state "
        "-> sigmoid, binary cross-entropy mean; frente, custo, tras sets "
        "dE/dWx/dWh/dbh/dw/db, atualizar, treinar",
    ),
    Implementation(
        spec="blind_held/tagger.py:SequenceTagger",
        looks="time first, params dict, weights (in,out), two biases (1,H); one-hot labels of "
        "every step, cross-entropy mean over T*N; forward -> probs (states kept in dict by "
        "t), loss, backward(Y) -> dict, update, train",
    ),
    Implementation(
        spec="blind_held/time_layers.py:TimeRNN",
        looks="cell per step, params/grads lists, weights (in,out), batch first, stateful with "
        "set_state; forward -> hs, backward(dhs) -> dxs; also embedding/affine/softmax "
        "layers, mean loss over N*T, SGD on lists",
    ),
    Implementation(
        spec="blind_held/torch_manual_bptt.py",
        looks="torch tensors, no autograd (grad disabled globally at import); params list [W_xh, "
        "W_hh, b_h, W_hq, b_q] (in,out), time first, state tuple; logits flattened (T*N, "
        "K), cross-entropy mean over all; rnn, cross_entropy, grads -> list, sgd in place",
    ),
    Implementation(
        spec="blind_held/zeitreihe.py",
        looks="German; global weights (in,out), time first (T,N,D), zero initial state; linear "
        "readout of last state, mean squared error; vorwaerts, rueckwaerts -> dict, "
        "lernschritt updates the globals (sizes fixed by constants)",
    ),
    Implementation(
        spec="blind_held/birnn.py",
        looks="two directions, time first, tuples (w_x (H,I), w_h, b), output concat [forward, "
        "backward]; birnn_forward -> (out, h_last, cache), birnn_backward(d_out, cache) -> "
        "d_x, grads fwd, grads bwd, d_h0; sgd returns new tuples; no loss",
        wrong="the input gradient of the backward direction is not flipped back in time before "
        "it is added",
    ),
    Implementation(
        spec="blind_held/cells.py:RNN",
        looks="cell class driven by a layer, X (N, in, T), Wax/Waa (in,out), two biases (H,1), "
        "derived_variables; forward -> (N,H,T), backward(dLdA) -> dLdX, gradients dict; "
        "update(lr)",
        mistakes=("wh-gradient-state-of-same-step",),
    ),
    Implementation(
        spec="blind_held/charmodel.py:CharModel",
        looks="one sequence of integer ids, U (H,V), W, V (V,H), b, c; initial state attribute "
        "`state` carried over; train_step = forward + summed loss of every step + backward "
        "+ update at once, returns the loss",
        wrong="the output matrix V is updated before it is used to carry the gradient to the "
        "hidden states",
    ),
    Implementation(
        spec="blind_held/classif_noms.py",
        looks="French; params dict Wex/Wcc/bc/Wcs/bs (in,out), batch first, one-hot labels; "
        "classifier from last state, cross-entropy mean over batch; avant -> (probs, "
        "states (T+1,N,H)), arriere -> dict, entrainer updates",
        mistakes=("logit-gradient-batch-sum",),
    ),
    Implementation(
        spec="blind_held/concat_rnn.py:RecurrentLayer",
        looks="one stacked matrix for [x, h] (in+H, H), one bias, h0 parameter; time first; "
        "fprop -> states, bprop(d_hs) -> d_seq and gW, gb, gh0; sgd; SequenceModel with "
        "squared loss summed / batch",
        wrong="tanh's derivative is written in terms of the output but is fed the pre-activation",
    ),
    Implementation(
        spec="blind_held/elman_regressor.py:ElmanRegressor",
        looks="typed, batch first, weights (out,in), linear output every step, MSE mean over "
        "everything; hidden_states (N,T+1,H), predict, gradients -> (loss, dict), "
        "partial_fit with momentum (0 by default)",
        mistakes=("bptt-first-step-missing",),
    ),
    Implementation(
        spec="blind_held/min_char.py",
        looks="global weights (H, V)/(V, H), columns, integer id lists in, one-hot inside; "
        "softmax loss of every step, summed; loss_and_grads(inputs, targets, hprev) does "
        "forward+backward, returns (loss, dWxh, dWhh, dWhy, dbh, dby, h_last), gradients "
        "clipped to +-5; Adagrad update in a top-level loop (no main guard)",
        mistakes=("bptt-untransposed",),
    ),
    Implementation(
        spec="blind_held/minimod.py:ElmanRNN",
        looks="Parameter objects (.data/.grad accumulate), W_ih/W_hh (out,in), b_ih, b_hh, "
        "batch_first flag, h0 argument; forward -> (out, h_last), backward(grad_out, "
        "grad_last) -> (dx, dh0); Net classifier, mean cross-entropy, SGD",
        wrong="b_hh is never added in the forward pass (though it is a parameter, documented, "
        "and gets a gradient)",
    ),
    Implementation(
        spec="blind_held/port_rnn.py:RecurrentEncoder",
        looks="state_dict names weight_ih_l{k}.., num_layers, tanh/relu, batch_first default "
        "True, h0 argument; forward -> (output, h_n), backward(d_output, d_hn) -> (d_x, "
        "d_h0) and grads dict; sgd_step",
        wrong="every layer starts from the last layer's gradient of h_n instead of its own",
    ),
    Implementation(
        spec="blind_held/red_recurrente.py",
        looks="Spanish; lists of columns, weights as list [Wx, Wh, Wy, bh, by] (out,in); linear "
        "output of every step, loss 0.5*sum of squares over steps; propagar, perdida, "
        "retropropagar -> list of gradients, actualizar/paso update the list in place",
        mistakes=("step-updates-nothing",),
    ),
    Implementation(
        spec="blind_held/relu_rnn.py:IRNN",
        looks="torch tensors, gradients by hand, ReLU, batch first, weights (out,in), one bias; "
        "last state -> logits, mean cross-entropy; forward, loss(y), backward(y) sets "
        "dW_*, step, train_batch",
        mistakes=("activation-derivative-step-before",),
    ),
    Implementation(
        spec="blind_held/rnn_layers.py",
        looks="functions with caches, batch first (N,T,D), weights (in,out), one bias, h0 "
        "argument; layer forward/backward + temporal affine + temporal softmax loss (sum "
        "over time, mean over batch, mask) + model_loss(params, x, h0, y, mask) -> loss, "
        "grads; update only in main",
        wrong="log-sum-exp of the shifted scores is compared with the unshifted score: the row "
        "maximum is never added back",
    ),
    Implementation(
        spec="blind_held/seq_classifier.py:RNNClassifier",
        looks="sklearn-like, batch first, weights (in,out), one bias; last state -> softmax "
        "classifier, mean cross-entropy; _forward, _backward -> tuple, _step, fit (weights "
        "are made at the first fit / by _init_weights)",
        mistakes=("input-reshape-for-transpose",),
    ),
    Implementation(
        spec="blind_held/sentiment_words.py:RNN",
        looks="list of columns, weights (out,in), last state -> logits; forward(inputs) -> (y, "
        "h); backprop(d_y, learn_rate) takes the gradient of the logits and updates at "
        "once (clip +-10); softmax loss in process_data",
        mistakes=("clip-value-unasked=10",),
    ),
    Implementation(
        spec="blind_held/stacked_rnn.py:StackedRNN",
        looks="several layers, X (T, features, samples), columns, weights (out,in) in lists; "
        "linear readout of the last top state, loss 0.5*sum squares / N; forward, "
        "backward(dY) sets gWx.. , update, fit",
        wrong="the initial state is made once before the loop over layers, so each upper layer "
        "starts from the last state of the layer below instead of zero",
    ),
    Implementation(
        spec="blind_held/stateful_step.py:StepRNN",
        looks="one step a call on flat vectors, state attribute h (reset(h)), in-place buffers; "
        "step(x) -> y linear, bptt(list of dys) -> dxs and sets grads dict, apply(lr); "
        "squared loss 0.5*sum in episode()",
        wrong="the tape keeps a reference to the state buffer that is overwritten in place, so "
        "all steps see the last state",
    ),
)
