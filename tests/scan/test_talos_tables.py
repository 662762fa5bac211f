"""Tables of Talos, both ways."""

import json

import pandas as pd
import pytest

from jetloom.cli.main import main
from stored_analysis import write_stored


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    return write_stored(tmp_path_factory.mktemp("talos"))


def csv(path):
    return pd.read_csv(path, dtype={"point": str, "_param_hash": str}, keep_default_na=False, na_values=["nan"])


def test_a_scan_goes_to_talos_and_comes_back(stored, tmp_path):
    scan = next(stored.glob("results/*/scans/flavour"))
    assert main(["talos", "-q", "export", str(scan), "-o", str(tmp_path / "results.csv")]) == 0
    assert main(["talos", "-q", "import", str(tmp_path / "results.csv"), "-o", str(tmp_path / "back.csv")]) == 0
    ours, theirs, back = (csv(path) for path in (scan / "scan.csv", tmp_path / "results.csv", tmp_path / "back.csv"))
    assert list(theirs)[:6] == ["start", "end", "duration", "execution_time", "round_epochs", "_warnings"]
    metrics = list(theirs)[6 : list(theirs).index("_trial_id")]
    assert metrics == sorted(metrics)
    assert back["point"].tolist() == ours["point"].tolist()
    for name in ("val_loss", "val_auc", "units", "learning_rate", "round_epochs", "wall_time_s", "status"):
        assert back[name].tolist() == ours[name].tolist(), name
    import talos

    report = talos.Reporting(str(tmp_path / "results.csv"))
    assert report.high("val_auc") == theirs["val_auc"].max()
    assert report.rounds() == len(ours)


def test_reports_of_talos_are_those_of_pandas_on_the_same_table(tmp_path):
    import numpy as np
    import talos

    rng = np.random.default_rng(3)
    table = pd.DataFrame({"round_epochs": 5.0, "val_auc": rng.uniform(0.5, 0.9, 12), "val_loss": rng.uniform(0, 1, 12)})
    table["_trial_id"], table["_param_hash"] = range(12), [f"p{k}" for k in range(12)]
    table["units"], table["dropout"] = rng.choice([8, 16, 32], 12), rng.choice([0.0, 0.2], 12)
    table.to_csv(tmp_path / "results.csv", index=False)
    (tmp_path / "metadata.json").write_text(json.dumps({"params": {"units": [8, 16, 32], "dropout": [0.0, 0.2]}}))
    report = talos.Reporting(str(tmp_path / "results.csv"))
    assert report.high("val_auc") == pytest.approx(table["val_auc"].max())
    assert report.low("val_loss") == pytest.approx(table["val_loss"].min())
    assert (
        main(
            [
                "talos",
                "-q",
                "import",
                str(tmp_path / "results.csv"),
                "--metric",
                "val_auc",
                "-o",
                str(tmp_path / "x.csv"),
            ]
        )
        == 0
    )
    ours = csv(tmp_path / "x.csv")
    best = table.sort_values("val_auc", ascending=False).head(3)
    assert ours["point"].head(3).tolist() == best["_param_hash"].tolist()
    assert ours["units"].corr(ours["val_auc"]) == pytest.approx(table["units"].corr(table["val_auc"]))


TALOS = """\
start,end,duration,execution_time,round_epochs,_warnings,accuracy,loss,val_accuracy,val_loss,_trial_id,\
_param_hash,lr,units,param__loss
a,b,1.5,1.4,3,,0.8,0.5,0.7,0.6,0,0123,0.1,8,mse
a,b,2.5,2.4,4,,0.9,0.4,0.75,0.55,1,4567,0.01,8,mae
"""


def test_a_table_of_talos_is_ranked_in_the_columns_of_a_scan(tmp_path):
    (tmp_path / "results.csv").write_text(TALOS)
    for metric, best in (("val_loss", "4567"), ("loss", "4567"), ("val_accuracy", "4567")):
        words = [
            "talos",
            "-q",
            "import",
            str(tmp_path / "results.csv"),
            "--metric",
            metric,
            "-o",
            str(tmp_path / "x.csv"),
        ]
        assert main(words) == 0
        found = csv(tmp_path / "x.csv")
        assert found["point"].tolist() == [best, "0123"]
    assert list(found)[:5] == ["rank", "point", "lr", "units", "param__loss"]
    # Everything of Talos' table stands in ours, so that it goes back: the parameters, the metrics, the epochs.
    own = pd.read_csv(tmp_path / "results.csv", dtype={"_param_hash": str}).sort_values("val_loss")
    for name in ("lr", "units", "param__loss", "accuracy", "loss", "val_accuracy", "val_loss", "round_epochs"):
        assert found[name].tolist() == own[name].tolist(), name


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "there is no such file"),
        ("a,b\n1,2\n", "is no results.csv of Talos"),
        ("", "is no table"),
        (TALOS.replace("_param_hash", "hash"), "does not say which columns are parameters"),
    ],
)
def test_what_is_no_table_of_talos_is_told(tmp_path, capsys, content, line):
    if content is not None:
        (tmp_path / "results.csv").write_text(content)
    assert main(["talos", "import", str(tmp_path / "results.csv"), "-o", str(tmp_path / "x.csv")]) == 3
    assert line in capsys.readouterr().err
    (tmp_path / "results.csv").write_text(TALOS)
    (tmp_path / "metadata.json").write_text(
        json.dumps({"params": {"lr": [], "loss": []}, "parameter_columns": {"loss": "param__loss"}})
    )
    assert main(["talos", "import", str(tmp_path / "results.csv"), "--metric", "val_los", "-o", "x"]) == 2
    assert "has no metric 'val_los'; did you mean 'val_loss'" in capsys.readouterr().err
