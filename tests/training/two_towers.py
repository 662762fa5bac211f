"""A linear tagger with a linear adversary, whose steps can be computed by hand, and its steps on a backend."""

import numpy as np

from jetloom.data.features import input_matrix
from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.models.base import Model, Parameters
from jetloom.models.objectives.classification import Classification
from jetloom.models.updates import CONTROL, MAIN, Update

WEIGHT, RATE, ADVERSARY_RATE, REPEAT = 0.7, 0.5, 0.4, 2
FACTS = DataFacts(Columns(["a", "b", "c"], np.zeros(3), np.ones(3), None), ["x", "y"])


class OfTheTagger(Classification):
    """The adversary's output is no probability of a class."""

    def row_metrics(self, batch, outputs):
        return super().row_metrics(batch, outputs[:, :2])


class TwoTowers(Model):
    """The adversary tells the two labels of the control batch apart by what the tagger says of its rows."""

    objective = OfTheTagger()

    def build(self, parameters, data, seed, start):
        import keras

        from jetloom.models.blocks.missing import fill_missing

        inputs, rng = keras.Input((3,)), np.random.default_rng(9)
        x = inputs if data.rows.missing is None else fill_missing(inputs, data.rows.missing)
        x = keras.layers.Normalization(mean=data.rows.mean, variance=data.rows.std**2)(x)
        tagger = keras.Model(inputs, keras.layers.Softmax()(keras.layers.Dense(2)(x)), name="tagger")
        adversary = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")], name="adversary")
        said = tagger(inputs)
        network = keras.Model(inputs, keras.layers.Concatenate()([said, adversary(said)]))
        for variable in network.trainable_variables:  # the same start, however a backend draws
            variable.assign(rng.normal(0, 0.5, variable.shape).astype(np.float32))
        return network

    def features(self, jets, data):
        return input_matrix(jets.rows, data.rows.names)

    def loss(self, batch, outputs, parameters):
        from keras import ops

        return ops.sparse_categorical_crossentropy(batch.target, outputs[:, :2])

    def updates(self, parameters):
        from keras import ops

        def told_apart(network, batch):
            score = network.get_layer("adversary")(network.get_layer("tagger")(batch.features))
            entropy = ops.binary_crossentropy(ops.cast(batch.target, "float32"), score[:, 0])
            return ops.sum(batch.weights * entropy) / len_of(batch)

        def len_of(batch):
            return ops.sum(ops.cast(batch.real, "float32"))

        def of_tagger(network, batches):
            main = batches[MAIN]
            outputs = network(main.features)
            loss = ops.sum(main.weights * self.loss(main, outputs, parameters)) / len_of(main)
            return loss - WEIGHT * told_apart(network, batches[CONTROL]), outputs

        return [
            Update(
                "adversary",
                "sgd",
                (CONTROL,),
                lambda network: network.get_layer("adversary").trainable_variables,
                lambda network, batches: told_apart(network, batches[CONTROL]),
                repeat=REPEAT,
                rate=ADVERSARY_RATE,
            ),
            Update(
                "tagger",
                None,
                (MAIN, CONTROL),
                lambda network: network.get_layer("tagger").trainable_variables,
                of_tagger,
            ),
        ]


class Spread(TwoTowers):
    """One network whose outputs shall also be balanced over a batch."""

    def updates(self, parameters):
        return [Update()]

    def batch_loss(self, batch, outputs, parameters):
        from keras import ops

        real = ops.cast(batch.real, "float32")
        return (ops.sum(real * outputs[:, 0]) / ops.sum(real) - 0.5) ** 2


def data(seed, rows=40):
    """Rows of which some weights are negative."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 3)).astype(np.float32)
    labels = (features[:, 0] + 0.5 * rng.normal(size=rows) > 0).astype(np.int32)
    return Batch.of(features, labels, rng.normal(1, 0.6, rows).astype(np.float32))


def pairs():
    """Five pairs of batches; the last two are smaller, each in its own way."""
    main, control = data(4), data(5, 30)
    cuts = [(0, 0), (0, 0), (0, 0), (25, 0), (0, 17)]
    return [{MAIN: main.take(slice(m, None)), CONTROL: control.take(slice(c, None))} for m, c in cuts]


def stepper_of(model, **parameters):
    """Return its stepper on the backend that is there."""
    from jetloom.training.steppers.choice import make_stepper

    settings = Parameters(**{"optimizer": "sgd", "learning_rate": RATE, **parameters})
    return make_stepper(model.build(settings, FACTS, 1, {}), model, settings)


CASES = {
    "sgd": (TwoTowers, {}),
    "nadam": (TwoTowers, {"optimizer": "nadam", "learning_rate": 0.02}),
    "spread": (Spread, {}),
    "spread in pieces": (Spread, {"micro_batch": 20}),
}


def steps():
    """Make the steps of each case."""
    found = {}
    for name, (kind, parameters) in CASES.items():
        stepper = stepper_of(kind(), **parameters)
        batches = pairs() if kind is TwoTowers else [{MAIN: data(4)}]
        found[f"{name}/sums"] = np.array([np.asarray(stepper.train(one))[:4] for one in batches])
        found |= {f"{name}/{k}": np.array(array) for k, array in enumerate(stepper.arrays()[:4])}
    return found
