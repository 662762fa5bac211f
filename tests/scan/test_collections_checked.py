"""What `jetloom check` says of collections, before any job."""

import re

import pytest
import yaml

from jetloom.config.load import load_merged
from jetloom.errors import ConfigurationError
from jetloom.scan.preflight import check_analysis
from slot_files import HOWTO, documented_sums
from tiny_analysis import merged


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check the documentation's configuration with some keys changed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sums.py").write_text(documented_sums())
    text = re.search(r"## Read collections.*?```yaml\n(.*?)```", HOWTO.read_text(), re.S)[1]
    simulated = {"simulate": {"process": "dijet", "events": 10}, "cross_section": 1.0}
    documented = {"samples": {"dijet": simulated}, **yaml.safe_load(text)}

    def function(changes=None):
        check_analysis(load_merged(merged(documented, changes or {})))

    return function


def _charged(**change):
    return {"tasks": {"qg": {"collections": {"charged": change}}}}


def test_the_documented_configuration_is_right(check):
    check()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            _charged(of="constituent"),
            r"^tasks.qg.collections.charged.of: the collection 'constituent' is not written; did you mean 'constitu",
        ),
        (_charged(of="tracks"), r"charged.of: the collection 'tracks' is not written; .*conversion.slots says what is"),
        (_charged(of=None), r"^tasks.qg.collections.charged: the collection 'charged' is not written"),
        (_charged(slots=61), r"charged.slots: 61 places are asked for where the files have 60; .*conversion.slots"),
        (
            _charged(inputs=["log(pT)"]),
            r"charged.inputs: 'log\(pT\)': sample 'dijet' has no variable 'pT'; did you mean 'pt'",
        ),
        (_charged(inputs=["pt / jets.Widht"]), r"has no variable 'jets.Widht'; did you mean 'jets.Width'"),
        (_charged(select=["chrge != 0"]), r"charged.select: .*no variable 'chrge'; did you mean 'charge'"),
        (_charged(sort="Width"), r"charged.sort: 'Width': .*no variable 'Width'; did you mean 'jets.Width'"),
        (
            {"conversion": {"variables": {"constituents": ["pt", "eta"]}}},
            r"charged.select: 'charge != 0': sample 'dijet' has no variable 'charge'",
        ),
        (
            {"tasks": {"qg": {"collections": {"tracks": {"of": "constituents", "inputs": ["pt"], "slots": 3}}}}},
            r"^tasks.qg.collections.tracks: no model of this dataset reads it; take it out",
        ),
        (
            {"tasks": {"qg": {"model": "dense"}}},
            r"^tasks.qg.collections.charged: no model of this dataset reads it.*there is none to choose from",
        ),
    ],
)
def test_what_does_not_fit_is_one_line_before_any_job(check, changes, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        check(changes)
    assert "\n" not in caught.value.line()


def test_a_model_that_reads_what_the_task_does_not_give(check, tmp_path):
    (tmp_path / "sums.py").write_text(documented_sums().replace('{"charged", "neutral"}', '{"charge", "neutral"}'))
    with pytest.raises(
        ConfigurationError, match=r"^tasks.qg: the model 'sums.py:Sums' reads 'charge', .*did you mean 'charged'"
    ):
        check()


def test_a_task_on_another_s_dataset_reads_its_collections(check):
    """The owner may be a network of variables alone, if another task of the dataset reads the collections."""
    check({"tasks": {"qg": {"model": "dense"}, "sums": {"dataset": "qg", "model": "sums.py:Sums"}}})
    own = {"charged": {"of": "constituents", "inputs": ["pt"], "slots": 3}}
    with pytest.raises(ConfigurationError, match=r"sums.collections: is that of 'qg', whose dataset this task uses"):
        check({"tasks": {"sums": {"dataset": "qg", "model": "sums.py:Sums", "collections": own}}})
