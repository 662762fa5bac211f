import numpy as np
import pytest

from jetloom.errors import RefusedNetworkError
from jetloom.export.formats import find_format
from jetloom.export.graphs.keras_graph import graph_of
from jetloom.export.junipr_heads import has_heads, heads_of
from jetloom.export.lwtnn.variables import Variables
from jetloom.export.subject import Subject
from jetloom.report.exported.measure import export_all, subjects_of
from junipr_networks import build  # noqa: F401 - a fixture


def test_junipr_as_a_whole_is_refused_and_its_heads_are_exported(keras, build, tmp_path):  # noqa: F811
    network = build()
    for name in ("onnx", "lwtnn", "frugally_deep"):
        with pytest.raises(RefusedNetworkError, match=r"'junipr' \(Junipr\): .*writes each head as a dense network"):
            find_format(name).write(Subject(network, Variables([], [], {})), tmp_path / "network")
    assert has_heads(network)
    subjects = subjects_of(network, {"task": "junipr"})
    assert {"end", "mother", "branching_0"} <= set(subjects)
    found = export_all(subjects, [find_format("onnx"), find_format("lwtnn")], None, tmp_path / "heads")
    assert {file["part"] for file in found["files"]} == set(subjects)
    assert (tmp_path / "heads" / "end.network.onnx").is_file()


def test_a_head_gives_the_logits_of_the_network(keras, build):  # noqa: F811
    network = build()
    layer = network.get_layer("junipr")
    heads = heads_of(network)
    for name, head in (("end", layer.end), ("mother", layer.mother), ("branching_1", layer.branching.heads[1])):
        x = np.random.default_rng(1).normal(size=(head.inputs, 7)).astype(np.float32)
        assert pytest.approx(np.asarray(head(x)), abs=1e-5) == np.asarray(heads[name](x.T)).T
    with pytest.raises(RefusedNetworkError, match="none of JUNIPR"):
        heads_of(heads["end"])
    assert graph_of(heads["end"]).outputs == ["end"]
