"""Names: what the parameters, methods and keys of somebody's code usually mean."""

import re
from collections.abc import Mapping

SIZES: Mapping[str, str] = {
    "hidden": r"n?(num|d|dim|size)?_?hid(den)?.*|nodes?|n_?nodes?|n_?units?|units|n_?h|h|hs|.*_hidden"
    r"|n_?a|n_?neurons?|n?_?cells?|state_?(size|dim)|rnn_?(size|units|dim)|n_?rec.*|out_features"
    r"|d_?h|dim_?h|d_?model|hdim|h_?(size|dim)|m|n?_?context|width",
    "classes": r".*class.*|.*out(put)?s?(_.*|size|dim)?|n_?y|c|k|n_?labels?|n_?out|num_?out.*|d_?y",
    "features": r"n?_?(num)?_?feat.*|n?_?in(put)?s?(_?(size|dim|units|features|s|shape))?|n_?x|f|d"
    r"|.*in(put)?_?(size|dim|units|features)|.*vocab.*|word_?dim|.*_input|i|dim_?x|d_?in|d_?x|v"
    r"|dims?|x_?dim|embed.*|n_?in|in_.*|.*_in|channels",
    "batch": r".*batch.*|n|bs|m_?examples|n_?samples?|n_?seqs",
    "steps": r".*seq.*|.*steps?|t|n_?t|.*time.*|.*len(gth)?|t_?x|window",
    "lr": r"lr|learning_?rate|eta|alpha|step_?size|l_?rate|learn_?rate|rate",
}
"""Patterns of sizes, tried in this order; a name is compared without case."""

VALUES: Mapping[str, str] = {
    "cache": r".*cache.*|memory|mem|ctx|context|tape|saved|history|intermediates?|store",
    "d_logits": r"d_?(logits?|scores?|y|z|o|outs?|outputs?|y_?hat|zy|v)|grad_?(logits?|scores|out.*|y)"
    r"|delta_?(out|y)|error|loss_?grad|dl_?d(y|o|logits)|delta_?o",
    "upstream": r"d_?h(s|_?seq|_?out.*|_?next|_?last|_?t|_?n|_?all|idden.*)?|d_?a|d_?out(put)?s?|dout"
    r"|grads?|grad_?(h.*|out.*|seq.*)|delta|upstream.*|d_?states?|dy|gradient|d_?h_?.*|d_?last.*"
    r"|d_?s|eh|err(or)?|output_?grad.*|gradients?|accum_?grad.*|dvalues|da_?.*",
    "one_hot": r".*one_?hot.*|.*_oh",
    "labels": r"y|ys|y_?true|t|target.*|label.*|gold|truth|y_?train|y_?batch|classes|y_?s|expected",
    "parameters": r"param.*|weights|p|theta|w_?dict|params|model",
    "h_0": r"h_?0|h_?prev(ious)?|prev_?h.*|hprev|h_?init.*|init(ial)?_?(h.*|s.*)|a_?0|a_?prev|h"
    r"|hidden(_?state)?|state|s_?0|s_?prev|prev_?s.*|h_?start|h_?last|h_?t_?1|h_?in|hx|carry|start|context",
    "x": r"x|xs|x_?t|xt|input.*|inp|data|seq.*|x_?seq.*|x_?batch|x_?train|in|sentence|tokens|ids"
    r"|x_?in|x_?s|samples?|batch|stream|features|indices|chars",
    "hidden": r"a|s|a_?s|s_?s|activations|carries|h_?s|hs|hidden_?states|states|h_?seq.*|h_?states|outputs_?h|hiddens|h_?all",
    "logits": r"logits?|scores?|outputs?|out|o|y_?hat|y_?pred|preds?|predictions?|z|probs?"
    r"|probabilities|p|ys_?hat|softmax.*",
    "lr": SIZES["lr"],
}
"""Patterns of arguments: the right one depends on what is called, see `calls`."""

WEIGHTS: Mapping[str, str] = {
    "W_h": r"w_?hh(_?.*)?|w_?h|w_?rec.*|w_?aa|recurrent.*|wh|whh|weight_?hh.*|w_?hidden|w_?s|u_?h"
    r"|w_?hid.*|weights_?hh?|hh|hidden_?to_?hidden|w_?r",
    "W_out": r"w_?hy|w_?y[ah]?|w_?o(ut.*)?|w_?hq|v|w_?fc|why|wy|w_?hc|w_?head|w_?dense|w_?hl"
    r"|fc_?w.*|out(put)?_?w.*|w_?ho|w_?2|w_?logits|w_?c|w_?oh|w_?cls",
    "W_x": r"w_?xh|w_?x|w_?ih|w_?in.*|w_?ax|u|w_?hx|kernel|wx|wxh|w_?i|weight_?ih.*|w_?e.*|ih|xh"
    r"|input_?to_?hidden|w_?1|w_?xs",
    "b_out": r"b_?y|b_?o(ut.*)?|by|b_?q|b_?fc|b_?head|c|b_?2|b_?dense|out(put)?_?b.*|b_?c|b_?logits"
    r"|fc_?b.*|b_?v|b_?cls",
    "b": r"b|b_?h|b_?a|bias(_?h.*)?|bh|b_?hh|ba|b_?hidden|b_?1|b_?i|b_?rec.*|b_?x|b_?rnn|b_?s",
}

FORWARD = (
    r"forward|__call__|forward_?(pass|prop.*|sequence|full)|f_?prop|feed_?forward|call|rnn_?forward"
    r"|.*forward.*|fwd|predict_?proba|run|apply|propagate|unroll|compute_?(states|hidden.*)"
    r"|feed|run_?one|score|rnn|encode|predict|scan|logits|hidden_?states|states|outputs?"
)
BACKWARD = (
    r"backward|backward_?(pass|prop.*)|b_?prop|back_?prop.*|bptt|.*backward.*|.*backprop.*|bwd|.*bptt.*"
    r"|grad.*|.*grads?|compute_?grad.*|loss_?and_?grad.*|.*_and_grad.*|value_and_.*|.*gradients?"
)
UPDATE = (
    r"update.*|step|apply_?grad.*|sgd.*|.*optimi[sz].*|gradient_?(descent|step).*|apply_?update.*"
    r"|apply|descend|learn"
)
TRAIN = r"train_?(step|on_?batch|batch)|numpy_sgd_step|fit_?(step|batch)|train|partial_fit|.*step"
LOSS = r".*loss.*|.*cross_?entropy.*|criterion|.*cost.*|nll|ce|softmax_?(loss|ce|xent)|mse|error"
STEP = r"(rnn_?)?(step|cell).*|.*_(step|cell)(_forward)?|step|forward_?step|cell"
RESET = r"reset.*|zero_?grad.*|init_?(hidden|state).*|clear.*"

STATE = r"h|h_?t|hs|h_?prev.*|prev_?h.*|hidden|hidden_?state|states?|last_?h.*|h_?last|s|a|h_?0|h0"
GRADIENT = r"_?(d|grad|delta|m_?|v_?|cache|mem|vel|momentum|acc).*|.*(grad|_d|mem|momentum|cache)"
"""Attributes that are no weights where others of the same shape are there."""


def role(name: str, patterns: Mapping[str, str], among: tuple[str, ...] = ()) -> str | None:
    """Return what a name means: the first of `patterns` that matches it as a whole."""
    bare = name.lower().strip("_")
    for meaning, pattern in patterns.items():
        if (not among or meaning in among) and re.fullmatch(pattern, bare):
            return meaning
    return None


def is_like(name: str, pattern: str) -> bool:
    """Return whether a name matches a pattern as a whole, without regard to case."""
    return re.fullmatch(pattern, name.lower().strip("_") or name) is not None


def rank(name: str, pattern: str) -> int:
    """Return the place of the first alternative of `pattern` that a name matches; -1 for none."""
    for place, alternative in enumerate(pattern.split("|")):
        try:
            if re.fullmatch(alternative, name.lower()) or is_like(name, alternative):
                return place
        except re.error:  # an alternative inside parentheses
            continue
    return -1 if not is_like(name, pattern) else len(pattern)
