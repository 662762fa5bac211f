"""log P of a jet by loops over steps in float64, with the formulas of the paper, for the network with weights given."""

import math

import numpy as np

from jetloom.physics.scaling import bins, scale

MOMENTUM = ("e", "theta", "phi", "m")
BRANCHING = ("z", "theta", "phi", "delta")


def _dense(affine, x):
    return np.asarray(affine.kernel, np.float64).T @ x + np.asarray(affine.bias, np.float64)


def _head(head, x):
    return _dense(head.second, np.maximum(_dense(head.first, x), 0))


def _log_softmax(logits):
    return logits - logits.max() - math.log(np.exp(logits - logits.max()).sum())


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _step(layer, states, x):
    width, kernel = layer.width, np.asarray(layer.recurrent_kernel, np.float64)
    inner, outer = kernel.T @ states[0], _dense(layer.entry, x)
    if layer.kind == "simple":
        return [np.tanh(outer + inner)]
    if layer.kind == "gru":
        inner = inner + np.asarray(layer.recurrent_bias, np.float64)
        update, reset = (_sigmoid((outer + inner)[k * width : (k + 1) * width]) for k in (0, 1))
        candidate = np.tanh(outer[2 * width :] + reset * inner[2 * width :])
        return [update * states[0] + (1 - update) * candidate]
    enter, keep, new, leave = ((outer + inner)[k * width : (k + 1) * width] for k in range(4))
    cell = _sigmoid(keep) * states[1] + _sigmoid(enter) * np.tanh(new)
    return [_sigmoid(leave) * np.tanh(cell), cell]


def _scaled(values, names, group, binning, *places):
    """What is seen of values: scaled; of the inputs' description, floored, without masses of rounding, and standard."""
    inputs, values = binning.get("inputs"), np.array(values, np.float64)
    if inputs and group == "momentum":
        for e in range(0, len(values), 4):
            values[e + 3] = values[e + 3] if values[e + 3] > inputs["massless"] * values[e] else 0.0
    found = np.array(
        [scale(v, n, binning[group][n], binning["scaling"]) for v, n in zip(values, names, strict=True)], np.float64
    )
    if not inputs:
        return found
    mean, std = (np.concatenate([inputs[place][key] for place in places]) for key in ("mean", "std"))
    floored = [v if n == "phi" else max(v, inputs["floor"]) for v, n in zip(found, names, strict=True)]
    return (np.array(floored) - mean) / std


def log_p(layer, features, row):
    """Return log P, shape (n + 1, 6), of one row of padded features."""
    binning, size = layer.binning, layer.granularity
    n, form = int(features["length"][row]), layer.structure["branching"]
    states = [np.tanh(_dense(one, _scaled(features["seed"][row], MOMENTUM, "momentum", binning, "seed")))
              for one in layer.recurrence.initial]  # fmt: skip
    found = np.zeros((n + 1, 6))
    for t in range(n + 1):
        end = _sigmoid(_head(layer.end, states[0])[0])
        found[t, 0] = math.log(end if t == n else 1 - end)
        if t == n:
            break
        found[t, 1] = _log_softmax(_head(layer.mother, states[0])[: t + 1])[features["rank"][row, t]]
        mother = _scaled(features["mother"][row, t], MOMENTUM, "momentum", binning, "mother")
        values = features["branching"][row, t]
        index = [int(bins(v, name, binning["branching"][name], binning["scaling"], size))
                 for v, name in zip(values, BRANCHING, strict=True)]  # fmt: skip
        x = np.concatenate([states[0], mother])
        if form == "joint":
            z, theta, phi, delta = index
            found[t, 2] = _log_softmax(_head(layer.branching.network, x))[
                ((z * size + theta) * size + phi) * size + delta
            ]
        else:
            seen = _scaled(values, BRANCHING, "branching", binning, "branching")
            seen = index if layer.structure["previous"] == "bin" else seen
            for place, column in enumerate((0, 1, 3, 2)):
                if form == "unique":
                    logits = _head(layer.branching.network, x).reshape(4, -1)[column]
                else:
                    before = [seen[k] for k in (0, 1, 3, 2)[:place]]
                    logits = _head(layer.branching.networks[place], np.concatenate([x, before]))
                found[t, 2 + place] = _log_softmax(logits)[index[column]]
        pair = features["daughters"][row, t]
        states = _step(layer.recurrence, states, _scaled(pair, MOMENTUM * 2, "momentum", binning, "hard", "soft"))
    return found
