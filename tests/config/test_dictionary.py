"""The dictionary of variables names every variable of every schema once."""

from jetloom.config.pages.dictionary import variables_page
from jetloom.config.schema import find_schema, shipped_schemas


def test_every_variable_of_every_schema_has_a_line():
    schemas = {path.stem: find_schema(path) for path in shipped_schemas()}
    page = variables_page(schemas)
    assert {"simulated", "physlite"} <= set(schemas)
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    groups = [group for one in schemas.values() for group in (one.events, one.jets, *one.collections.values())]
    assert len(lines) == sum(len(group.fields) for group in groups)
    assert all(line.replace("\\|", "").count("|") == 6 for line in lines)


def test_units_branches_and_meanings():
    page = variables_page({"simulated": find_schema("simulated")})
    assert "| `pt` | `pt` | float32 | GeV (MeV) | Jet $p_T$ |" in page
    assert "| `mc_event_weight` | `mcEventWeights`, element 0, optional | float32 |  | Generator weight |" in page
    assert "computed: `Jvt >= 0 and Jvt < 0.5`" in page
    assert "pt-weighted mean distance of the constituents from the axis" in page
