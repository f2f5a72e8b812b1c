"""Written from a description of the task alone, and mended for: thirty files."""

from tests.support.implementations._implementation import Implementation

BLIND_DEV: tuple[Implementation, ...] = (
    Implementation(
        spec="blind_dev/column_list_rnn.py:Net",
        looks="lists of columns, (out,in), no bias, one-hot columns; cross entropy summed over "
        "every step; forward (logits list), loss (total, deltas), backward sets g*, "
        "descend",
    ),
    Implementation(
        spec="blind_dev/composed_layers.py:Model",
        looks="Dense+Dense+Tanh objects with stacks, two biases, (in,out), list of T (N,D); "
        "classifier, one-hot, mean cross entropy in a loss class; forward, backward "
        "(returns dxs, sets dw/db), fit",
    ),
    Implementation(
        spec="blind_dev/deep_rnn.py:DeepRNN",
        looks="cells handed to a stacked net (2+ layers), (B,T,D), (out,in); logits at every "
        "step, separate mean cross entropy function; forward, backward (sets attributes, "
        "returns dx), update",
    ),
    Implementation(
        spec="blind_dev/encoder.py",
        looks="typed pure functions, dataclass params, (T,N,D), (in,out), initial argument, "
        "upstream for outputs and final state; layer; encode, encode_vjp, sgd",
    ),
    Implementation(
        spec="blind_dev/joint_weight_rnn.py:JointRNN",
        looks="one stacked matrix [x,h,1]W, (T,N,D), h0 argument; layer of all states; forward, "
        "backward (sets dW, dh0, returns dX), sgd",
    ),
    Implementation(
        spec="blind_dev/padded_classifier.py:PaddedRNNClassifier",
        looks="padded batch with mask (state copied on masked steps), (N,L,D), (in,out), dict "
        "params; classifier on each row's last state, mean cross entropy; forward, "
        "loss+grads, step",
    ),
    Implementation(
        spec="blind_dev/ported_rnn.py:NumpyRNN",
        looks="port with torch names, (out,in), two biases or none, batch_first flag, hx "
        "(1,N,H), load(state_dict), grad_hn; layer; forward, backward (dx, dh0, grad "
        "dict), sgd_step",
    ),
    Implementation(
        spec="blind_dev/red_recurrente.py:RedRecurrente",
        looks="Spanish names, (T,N,D), (in,out), biases (1,n), one-hot; classifier on the last "
        "state, mean cross entropy (log has +1e-12); forward, loss, backward sets "
        "attributes, update, entrenar",
    ),
    Implementation(
        spec="blind_dev/rnn_layer.py:RNN",
        looks="Parameter objects, (N,T,D), (in,out), one bias, h0 argument; layer of all states; "
        "forward, backward (adds to .grad, returns dx, dh0), SGD with momentum in its own "
        "class",
    ),
    Implementation(
        spec="blind_dev/rnn_truncated.py:RNNTruncated",
        looks="wildml-like, integer ids, no bias, (out,in), bptt_truncate (default None = full), "
        "nested loop; cross entropy summed (bptt) / mean per word (calculate_loss); "
        "forward (o, s), bptt, sgd_step",
    ),
    Implementation(
        spec="blind_dev/simple_rnn_keras.py:SimpleRNN",
        looks="Keras-like, lazily built, (N,T,D), (in,out), return_sequences True/False, "
        "initial_state argument; layer; forward (call), get_gradients (dict), "
        "apply_gradients; last state by default",
    ),
    Implementation(
        spec="blind_dev/sine_regressor.py:RNNRegressor",
        looks="sklearn style fit/predict, parameters created in _init (called by fit), (N,T,D), "
        "(in,out); many-to-one regression, mean squared error; forward, loss+grads (dict), "
        "update in fit",
    ),
    Implementation(
        spec="blind_dev/stateful_lm.py:CharRNN",
        looks="state kept as attribute between batches, (T,B) ids, (out,in), dict by t; mean "
        "cross entropy per character; train_batch = forward+backward (+update), grads "
        "attribute, optional norm clipping (off by default)",
    ),
    Implementation(
        spec="blind_dev/stepwise_layer.py:StepRecurrent",
        looks="one step a call (__call__), stack popped by back(), activation class, (in,out), "
        "bias (1,n); layer; forward, backward (adds to *_grad, returns dx), apply",
    ),
    Implementation(
        spec="blind_dev/wrapped_cell.py:Recurrent",
        looks="cell handed to a time layer, Variable objects, (N,T,D), (out,in), use_bias, "
        "return_sequences; layer; forward, backward (returns dx, state_grad), SGD class "
        "with weight decay",
    ),
    Implementation(
        spec="blind_dev/assignment3_rnn.py",
        looks="course functions step/sequence with caches, (N,T,D), (in,out), h0 argument; layer "
        "of all states; forward, backward; no update; temporal affine beside it",
        mistakes=("bptt-missing",),
    ),
    Implementation(
        spec="blind_dev/bidirectional.py:BiRNN",
        looks="two OneWay layers, (T,B,D), (in,out), dict p/g; bidirectional layer; forward, "
        "backward (returns dx, sets g), update",
        wrong="The input gradient of the reversed direction is not flipped back to the order of "
        "time before the two are added.",
    ),
    Implementation(
        spec="blind_dev/binary_addition.py",
        looks="globals + functions, single sequence (T,2), no biases, (in,out), sigmoid output "
        "with cross entropy summed over steps, tanh hidden; forward, loss, gradients, "
        "update",
        mistakes=("activation-derivative-step-before",),
    ),
    Implementation(
        spec="blind_dev/elman_netz.py:ElmanNetz",
        looks="German names, single sequence (T,D), (out,in), outer products, next delta "
        "carried; regression at every step, half squared error summed; forward, loss, "
        "backward (dict), lerne updates",
        mistakes=("bptt-untransposed",),
    ),
    Implementation(
        spec="blind_dev/irnn.py:IRNN",
        looks="ReLU, (N,T,D), (in,out), list of states; many-to-one regression, mean squared "
        "error; predict, grads (loss, dict), train updates",
        mistakes=("relu-derivative-of-tanh",),
    ),
    Implementation(
        spec="blind_dev/minidl.py:Sequential",
        looks="mini framework: Embedding, Recurrent, Linear, loss class, AdaGrad; (T,B) ids; "
        "language model, mean cross entropy over all positions; forward, backward, AdaGrad "
        "update; entry could also be Recurrent",
        mistakes=("wh-gradient-transposed",),
    ),
    Implementation(
        spec="blind_dev/modelo_caracteres.py:ModeloCaracteres",
        looks="Portuguese names, integer ids, columns, (out,in), constructor takes a text; cross "
        "entropy summed over steps; forward, cost, backward (dict), adagrad (clips to 5), "
        "treinar",
        wrong="The hidden bias is added outside the tanh in the forward pass (misplaced "
        "parenthesis).",
    ),
    Implementation(
        spec="blind_dev/name_origin.py",
        looks="globals dict, one column a letter (D,T), (out,in), bias columns; classifier on "
        "the last state, integer label, cross entropy; forward, nll, backward (dict), "
        "momentum_step, train_one",
        mistakes=("step-lr-squared",),
    ),
    Implementation(
        spec="blind_dev/online_learner.py:RecurrentNetwork",
        looks="list of columns, (out,in), dict h by t, integer label; classifier on the last "
        "state, cross entropy; run (probs), learn = forward+backward+update at once, no "
        "gradients returned",
        wrong="Wy is updated before it is used to send the gradient back to the last state, so "
        "dh uses the new Wy (the update two lines above comes too early).",
    ),
    Implementation(
        spec="blind_dev/reseau_recurrent.py",
        looks="French names, functions, (T,N,D), dict weights, (in,out), h0 argument; regression "
        "at every step, sum/(2N) squared; forward, cost, backward (dict), descent",
        wrong="The state is overwritten in place and appended without a copy, so every entry of "
        "etats (but the first) is the last state.",
    ),
    Implementation(
        spec="blind_dev/rnn_features_first.py",
        looks="Coursera-like functions, (n_x,m,T), (out,in), bias columns, dict parameters; "
        "layer (a) plus softmax prediction; forward, backward from da (dict), no update",
        mistakes=("bptt-first-step-missing",),
    ),
    Implementation(
        spec="blind_dev/sentiment_rnn.py:ManyToOne",
        looks="list of one-hot columns, (out,in), backprop(d_y, lr) updates at once (clips to "
        "1); classifier, cross entropy outside the class on one example; forward, "
        "backward+update",
        mistakes=("wh-gradient-state-of-same-step",),
    ),
    Implementation(
        spec="blind_dev/time_layers.py:TimeRecurrent",
        looks="cell objects + time layer, params/grads lists, (N,T,D), (in,out), stateful "
        "attribute; layer of all states; forward, backward (sets grads, dh attribute, "
        "returns dxs); update only in main; TimeAffine beside it",
        mistakes=("recurrent-gradients-overwritten",),
    ),
    Implementation(
        spec="blind_dev/tiny_char_model.py",
        looks="min-char style globals, dicts by t, columns, (out,in), integer lists; cross "
        "entropy summed over every step; one function forward+backward, clip to 5 and SGD "
        "only in main()",
        mistakes=("bptt-derivative-missing",),
    ),
    Implementation(
        spec="blind_dev/torch_manual.py:ManualRNN",
        looks="torch tensors without autograd, integer ids (B,T), (in,out); language model, mean "
        "cross entropy over B*T; forward (log-probs, h), loss, backward (dict), step",
        wrong="The loss is the mean over batch and time, the gradient is divided by the batch "
        "size only (T times too large).",
    ),
)
