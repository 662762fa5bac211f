import pytest

from jetloom.errors import CorruptFileError
from jetloom.scan.times import stage_times

HEAD = "s\th:m:s\tmax_rss\n"


def test_times_are_added_up_by_stage(tmp_path):
    for name, row in (("a", "1.5\t0:00:01\t100.0\n"), ("b", "2.5\t0:00:02\t-\n")):
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / f"{name}.tsv").write_text(HEAD + row)
    (stage,) = stage_times(tmp_path)
    assert (stage.name, stage.jobs, stage.seconds, stage.longest, stage.memory) == ("train", 2, 4.0, 2.5, 100.0)


@pytest.mark.parametrize(
    "content",
    [b"a\n1\n", b"s\tmax_rss\nx\t1\n", b"s\tmax_rss\n1\n", b"\xff\xfe", b"s\tmax_rss\n" + b"1" * 200_000 + b"x\n"],
)
def test_what_is_no_benchmark_file_is_named(tmp_path, content):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.tsv").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"train/a.tsv: is no benchmark file of Snakemake; remove it"):
        stage_times(tmp_path)
