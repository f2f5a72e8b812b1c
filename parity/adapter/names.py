"""Names: the usual meaning of parameters, methods and keys in somebody's code.

Every alternative is a regular expression that a name matches as a whole, in lower case and
without underscores around it; the likeliest come first.
"""

import re
from collections.abc import Iterable, Mapping

Words = tuple[str, ...]


def words(text: str) -> Words:
    """Return the regular expressions of a text with spaces between them."""
    return tuple(text.split())


SIZES: Mapping[str, Words] = {
    "hidden": words(
        r"n?(num|d|dim|size)?_?hid(den)?.* nodes? n_?nodes? n_?units? units n_?h h hs "
        r".*_hidden n_?a n_?neurons? n?_?cells? state_?(size|dim) rnn_?(size|units|dim) "
        r"n_?rec.* out_features d_?h dim_?h d_?model hdim h_?(size|dim) m n?_?context width"
    ),
    "classes": words(
        r".*class.* .*out(put)?s?(_.*|size|dim)? n_?y c k n_?labels? n_?out num_?out.* d_?y"
    ),
    "features": words(
        r"n?_?(num)?_?feat.* n?_?in(put)?s?(_?(size|dim|units|features|s|shape))? n_?x f d "
        r".*in(put)?_?(size|dim|units|features) .*vocab.* word_?dim .*_input i dim_?x d_?in "
        r"d_?x v dims? x_?dim embed.* n_?in in_.* .*_in channels"
    ),
    "batch": words(r".*batch.* n bs m_?examples n_?samples? n_?seqs"),
    "steps": words(r".*seq.* .*steps? t n_?t .*time.* .*len(gth)? t_?x window"),
    "lr": words(r"lr learning_?rate eta alpha step_?size l_?rate learn_?rate rate"),
}
"""Sizes, and the learning rate; a name is compared with them in this order."""

VALUES: Mapping[str, Words] = {
    "cache": words(r".*cache.* memory mem ctx context tape saved history intermediates? store"),
    "d_logits": words(
        r"d_?(logits?|scores?|y|z|o|outs?|outputs?|y_?hat|zy|v) grad_?(logits?|scores|out.*|y) "
        r"delta_?(out|y) error loss_?grad dl_?d(y|o|logits) delta_?o d_?loss grad_?loss"
    ),
    "upstream": words(
        r"d_?h(s|_?seq|_?out.*|_?next|_?last|_?t|_?n|_?all|idden.*)? d_?a d_?out(put)?s? dout "
        r"grads? grad_?(h.*|out.*|seq.*) delta upstream.* d_?states? dy gradient d_?h_?.* "
        r"d_?last.* d_?s eh err(or)? output_?grad.* gradients? accum_?grad.* dvalues da_?.*"
    ),
    "one_hot": words(r".*one_?hot.* .*_oh"),
    "labels": words(
        r"y ys y_?true t .*target.* label.* gold truth y_?train y_?batch classes y_?s expected"
    ),
    "parameters": words(r"param.* weights p theta w_?dict params model"),
    "h_0": words(
        r"h_?0 h_?prev(ious)? prev_?h.* hprev h_?init.* init(ial)?_?(h.*|s.*) a_?0 a_?prev h "
        r"hidden(_?state)? state s_?0 s_?prev prev_?s.* h_?start h_?last h_?t_?1 h_?in hx "
        r"carry start context"
    ),
    "x": words(
        r"x xs x_?t xt input.* inp data seq.* x_?seq.* x_?batch x_?train in sentence tokens "
        r"ids x_?in x_?s samples? batch stream features indices chars"
    ),
    "hidden": words(
        r"a s a_?s s_?s activations carries h_?s hs hidden_?states states h_?seq.* h_?states "
        r"outputs_?h hiddens h_?all"
    ),
    "logits": words(
        r"logits? scores? outputs? out o y_?hat y_?pred preds? predictions? z probs? "
        r"probabilities p ys_?hat softmax.*"
    ),
    "mask": words(r"m masks? .*mask.* valid"),
    "lr": SIZES["lr"],
}
"""Arguments of forward and backward passes: which of them can be meant depends on the call."""

WEIGHTS: Mapping[str, Words] = {
    "W_h": words(
        r"w_?hh(_?.*)? w_?h w_?rec.* w_?aa recurrent.* wh whh weight_?hh.* w_?hidden w_?s u_?h "
        r"w_?hid.* weights_?hh? hh hidden_?to_?hidden w_?r"
    ),
    "W_out": words(
        r"w_?hy w_?y[ah]? w_?o(ut.*)? w_?hq v w_?fc why wy w_?hc w_?head w_?dense w_?hl "
        r"fc_?w.* out(put)?_?w.* w_?ho w_?2 w_?logits w_?c w_?oh w_?cls"
    ),
    "W_x": words(
        r"w_?xh w_?x w_?ih w_?in.* w_?ax u w_?hx kernel wx wxh w_?i weight_?ih.* w_?e.* ih xh "
        r"input_?to_?hidden w_?1 w_?xs"
    ),
    "b_out": words(
        r"b_?y b_?o(ut.*)? by b_?q b_?fc b_?head c b_?2 b_?dense out(put)?_?b.* b_?c b_?logits "
        r"fc_?b.* b_?v b_?cls"
    ),
    "b": words(
        r"b b_?h b_?a bias(_?(h|ih|i|rec).*)? bh b_?hh b_?ih b_?xh ba b_?hidden "
        r"b_?1 b_?i b_?rec.* b_?x b_?rnn b_?s"
    ),
}
"""Weights that are arguments, keys or globals; attributes are recognised by their shapes."""

FORWARD = words(
    r"forward __call__ forward_?(pass|prop.*|sequence|full) f_?prop feed_?forward call "
    r"rnn_?forward .*forward.* fwd predict_?proba run apply propagate unroll "
    r"compute_?(states|hidden.*) feed run_?one score rnn encode predict scan logits "
    r"hidden_?states states outputs?"
)
BACKWARD = words(
    r"backward backward_?(pass|prop.*) b_?prop back_?prop.* bptt .*backward.* .*backprop.* bwd "
    r".*bptt.* grad.* .*grads? compute_?grad.* loss_?and_?grad.* .*_and_grad.* value_and_.* "
    r".*gradients?"
)
UPDATE = words(
    r"update.* step apply_?grad.* sgd.* .*optimi[sz].* gradient_?(descent|step).* "
    r"apply_?update.* apply descend learn"
)
TRAIN = words(
    r"train_?(step|on_?batch|batch) numpy_sgd_step fit_?(step|batch) train partial_fit "
    r".*step"
)
FINAL_UPSTREAM = words(r"(d|g|grad|delta|upstream)_?.*(final|last|_n|_t).*")
MAKER = words(r"(init|initialise|initialize|make|create|new|get).*")
LOSS = words(
    r".*loss.* .*cross_?entropy.* criterion .*cost.* nll ce softmax_?(loss|ce|xent) mse "
    r"error"
)
STEP = words(r"(rnn_?)?(step|cell).* .*_(step|cell)(_forward)? step forward_?step cell")
RESET = words(r"reset.* zero_?grad.* init_?(hidden|state).* clear.*")
"""Methods and functions, by what they do."""

ACTIVATION = words(r"act(ivation)?(_?(fn|func|function|name))? non_?lin.* phi")
FUNCTION = words(r"f fn func function sigma g")
OPTIMISER = words(r"optim.* opt solver updater")
OPTIMISERS = words(r".*(sgd|optim|descent).*")
INITIALISER = words(r".*init.*")
INITIAL_STATE = words(r"h_?0 h_?init init(ial)?_?(h.*|state)")
SEED = words(r".*seed random_state rng")
TRUNCATION = words(r".*bptt.* .*trunc.*")
PENALTY = words(r"l_?[12](_?reg.*)? .*weight_?decay.* reg(ulari[sz]ation)?(_.*)? lambda.* .*drop.*")
KNOB = words(r".*(clip|momentum|decay|sigma|scale|std|epoch|bias|verbose|iter).*")
MODES = words(r"train(ing)? eval(uate)? reset.*param.* cuda cpu double float half to zero_?grad.*")
ROUNDS = words(r"n?_?(num)?_?(epochs?|iter(ation)?s?|rounds|max_?iter.*|n_?iter.*)")
TRUE = words(r"warm_?start keep_?weights return_?seq.* return_?all.*")
DTYPE = words(r"d_?type")
"""Other parameters that a constructor may have."""

SLOPE = words(r"d.* .*grad.* g.*")
"""Possible beginnings of a gradient's name."""

STATE = words(
    r"h h_?t hs h_?prev.* prev_?h.* hidden hidden_?state states? last_?h.* h_?last s a h_?0 "
    r"h0"
)
GRADIENT = words(
    r"_?(d|grad|delta|m_?|v_?|cache|mem|vel|momentum|acc).* .*(grad|_d|mem|momentum|cache)"
)
"""Attributes that are not weights where others of the same shape exist."""


def role(name: str, patterns: Mapping[str, Words]) -> str | None:
    """Return the meaning of a name: the first of `patterns` that it matches."""
    return next((meaning for meaning, words in patterns.items() if is_like(name, words)), None)


def is_like(name: str, words: Iterable[str]) -> bool:
    """Return whether a name matches one of `words`."""
    return rank(name, words) is not None


def rank(name: str, words: Iterable[str]) -> int | None:
    """Return the place of the first of `words` that a name matches, None without one."""
    bare = name.lower().strip("_")
    return next((i for i, word in enumerate(words) if re.fullmatch(word, bare)), None)
