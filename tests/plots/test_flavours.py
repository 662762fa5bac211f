import json

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.evaluation.classification.flavours import (
    MISSING,
    Variable,
    density,
    discriminant,
    filled,
    rejection,
    with_flow,
)
from jetloom.export.dumps.plain import read_plain, write_plain

ONES = np.ones(6)
ALL = np.ones(6, bool)


def test_the_outermost_bins_hold_what_lies_beyond_and_missing_values_are_at_minus_nine():
    values = filled(np.array([np.nan, -20.0, -9.5, 0.0, 30.0, np.inf]))
    assert values[0] == MISSING
    edges, shares = with_flow(Variable("ip", -10.0, 15.0, values), ALL, ONES)
    assert len(edges) == 22
    assert edges[[1, -2]].tolist() == [-10.0, 15.0]
    assert shares[[0, -1]] == pytest.approx([1 / 6, 2 / 6])
    assert shares[1] == pytest.approx(2 / 6)  # of -9.5 and of what was missing
    assert shares.sum() == pytest.approx(1.0)
    assert not with_flow(Variable("ip", 0.0, 1.0, values), ~ALL, ONES)[1].any()


def test_rejection_is_that_of_a_loop():
    generator = np.random.default_rng(1)
    label = generator.random(2000) < 0.4
    values = generator.normal(label * 1.5, 1.0)
    weights = generator.uniform(0.5, 1.5, 2000)
    efficiency, rejected = rejection(Variable("v", -3.0, 4.0, values), label, ~label, weights)
    assert len(efficiency) == 500
    for place, cut in ((0, -3.0), (250, -3.0 + 7.0 * 250 / 499), (400, -3.0 + 7.0 * 400 / 499)):
        above = values >= cut
        expected = weights[above & label].sum() / weights[label].sum()
        assert efficiency[place] == pytest.approx(expected)
        assert rejected[place] == pytest.approx(weights[~label].sum() / weights[above & ~label].sum())


def test_the_density_counts_each_jet_once():
    one, other = Variable("a", 0.0, 1.0, np.array([-5.0, 0.5, 9.0])), Variable("b", 0.0, 1.0, np.array([0.1, 0.5, 9.0]))
    found = density(one, other, np.ones(3, bool))
    assert found.shape == (19, 19)
    assert (found > 0).sum() == 3
    assert found[-1, -1] == 1.0
    assert discriminant(0.5, 0.0) > 20


@pytest.fixture
def dumped(tmp_path):
    generator = np.random.default_rng(1)
    rows = np.zeros(900, [("ip", "f4"), ("sv", "f4"), ("truth", "i4"), ("nn_bottom", "f4"), ("nn_light", "f4")])
    rows["truth"] = generator.choice([0, 4, 5], 900)
    rows["ip"], rows["sv"] = generator.normal(rows["truth"], 2.0), generator.exponential(1.0 + rows["truth"])
    rows["ip"][::7] = np.nan
    rows["nn_bottom"] = generator.beta(1 + rows["truth"], 3)
    rows["nn_light"] = 1 - rows["nn_bottom"]
    path = tmp_path / "jets.h5"
    write_plain(path, {"jets": rows}, {})
    return path


def test_a_figure_a_variable_the_density_in_three_colours_and_the_curves(dumped, tmp_path):
    import matplotlib.image

    given = [
        str(dumped),
        "--label",
        "truth",
        "--variables",
        "ip=-10,15",
        "sv=0,40",
        "--output",
        str(tmp_path / "plots"),
    ]
    assert main(["plot_flavours", *given]) == 0
    made = {path.name for path in (tmp_path / "plots").glob("*.png")}
    assert made == {"ip.png", "sv.png", "nn.png", "2d.png", "roc.png"}
    image = matplotlib.image.imread(tmp_path / "plots" / "2d.png")[..., :3]
    for channel in range(3):  # each class has places of its own
        others = [place for place in range(3) if place != channel]
        assert (image[..., channel] > image[..., others].max(axis=-1) + 0.2).any()


def test_a_network_by_its_file_has_a_curve_of_its_own(dumped, tmp_path, monkeypatch):
    variables = [{"name": name, "offset": 0.0, "scale": 1.0, "default": 0.0} for name in ("ip", "sv")]
    layer = {"architecture": "dense", "weights": [0.5, 0.2, -0.5, -0.2], "bias": [0.0, 0.0], "activation": "softmax"}
    content = {"inputs": variables, "layers": [layer], "outputs": ["bottom", "light"]}
    (tmp_path / "network.json").write_text(json.dumps(content))
    drawn = {}
    from jetloom.plots.classifier import flavours

    monkeypatch.setattr(flavours, "draw_rejections", lambda path, variables, *_: drawn.update(path=path, of=variables))
    given = ["--label", "truth", "--variables", "ip=-10,15", "sv=0,40", "--network", str(tmp_path / "network.json")]
    assert main(["plot_flavours", str(dumped), *given, "--output", str(tmp_path / "plots")]) == 0
    assert [one.name for one in drawn["of"]] == ["ip", "sv", "nn"]
    assert (tmp_path / "plots" / "nn.png").is_file()
    rows = read_plain(dumped)
    logits = np.nan_to_num(rows["ip"]).astype(float) + 0.4 * rows["sv"].astype(float)
    assert drawn["of"][2].values == pytest.approx(np.clip(logits, -20, 20), abs=1e-3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--variables", "jf_sig=0,40"], "no field 'jf_sig'"),
        (["--variables", "ip=15,-10"], "15 is not below -10"),
        (["--variables", "ip"], "not of the form NAME=VALUE"),
        ([], "name at least one"),
        (["--variables", "ip=0,1", "--label", "flavour"], "no field 'flavour'"),
    ],
)
def test_wrong_options_are_one_line(dumped, given, message, capsys, tmp_path):
    assert main(["plot_flavours", str(dumped), "--label", "truth", *given, "--output", str(tmp_path / "p")]) != 0
    assert message in capsys.readouterr().err
