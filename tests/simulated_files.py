"""Reading simulated files in tests."""

import numpy as np
import uproot


def read(path):
    """Read a file; its branches under the names that both formats share."""
    with uproot.open(path) as file:
        tree = file["CollectionTree" if "CollectionTree" in file else "EventData"]
        arrays = tree.arrays(library="ak") if tree.classname == "TTree" else tree.arrays()
        names = [name for name in arrays.fields if name.replace(":", ".").split(".")[0][-3:] in ("Dyn", "Aux")]
        return {name.replace(":", "."): arrays[name] for name in names if not name.startswith("n")}


def assert_spans_agree(arrays):
    begin, count = (arrays[f"AnalysisJetsAuxDyn.constituent{name}"] for name in ("Begin", "Count"))
    index = arrays["JetConstituentsAuxDyn.jetIndex"]
    for event in range(len(begin)):
        expected = np.repeat(np.arange(len(count[event])), count[event])
        assert index[event].to_list() == expected.tolist()
        assert begin[event].to_list() == (np.cumsum(count[event]) - count[event]).tolist()
