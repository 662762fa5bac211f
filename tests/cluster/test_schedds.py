"""HTCondor with more than one queue, and a ticket that goes with the jobs."""

import json
from types import SimpleNamespace

import pytest

from jetloom.cluster.driving import credentials
from jetloom.cluster.driving.credentials import BETWEEN, Credentials
from jetloom.cluster.schedulers import condor, schedds
from jetloom.cluster.schedulers.condor import Condor


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The commands that are run, of a site with two queues; this machine's own one is schedd1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schedds, "own_schedd", lambda: "schedd1")
    commands = []

    def call(command, **_):
        commands.append(command)
        schedd = command[2] if command[1] == "-name" else "schedd1"
        jobs = {"schedd1": [7, 8], "schedd2": [7, 9]}[schedd]
        named = [int(word) for word in command if word.isdigit() and word != "1"] or jobs
        entries = [{"ClusterId": job, "JobStatus": 2, "RemoteHost": f"slot@node-of-{schedd}"} for job in jobs]
        return json.dumps([entry for entry in entries if entry["ClusterId"] in named])

    monkeypatch.setattr(condor, "call", call)
    return commands


def test_each_job_is_asked_for_where_it_was_submitted_to(asked, monkeypatch):
    monkeypatch.setattr(schedds, "own_schedd", lambda: "schedd2")  # another login machine, yesterday
    schedds.note("7")
    schedds.note("9")
    monkeypatch.setattr(schedds, "own_schedd", lambda: "schedd1")
    schedds.note("8")
    found = Condor().alive(["7", "8", "9", "10"])
    assert {job: entry.host for job, entry in found.items()} == {
        "7": "node-of-schedd2", "8": "node-of-schedd1", "9": "node-of-schedd2",
    }  # fmt: skip
    assert [command[:2] for command in asked] == [["condor_q", "-name"], ["condor_q", "-json"]]
    asked.clear()
    Condor().remove(["8", "9"])
    assert asked == [["condor_rm", "8"], ["condor_rm", "-name", "schedd2", "9"]]
    asked.clear()
    Condor().facts("9")
    assert [command[:4] for command in asked] == [
        ["condor_q", "-name", "schedd2", "9"], ["condor_history", "-name", "schedd2", "9"],
    ]  # fmt: skip


def test_without_notes_everything_is_asked_for_here(asked):
    assert set(Condor().alive(["7", "8", "9"])) == {"7", "8"}
    assert len(asked) == 1
    assert "-name" not in asked[0]


@pytest.mark.parametrize(("known", "own"), [({"SCHEDD_HOST": "bigbird10"}, "bigbird10"), ({"FULL_HOSTNAME": "n"}, "n")])
def test_the_own_queue_is_that_of_the_configuration(monkeypatch, known, own):
    def call(command, **_):
        if command[1] not in known:
            raise schedds.SilentSchedulerError("Not defined", where=command[1])
        return f"{known[command[1]]}\n"

    monkeypatch.setattr(schedds, "call", call)
    assert schedds.own_schedd.__wrapped__() == own


class Bindings:
    """HTCondor's, which take the ticket or not."""

    class CredType:
        Kerberos = "krb"

    def __init__(self, works):
        self.works, self.given = works, []

    def Credd(self):
        def add_user_cred(kind, value):
            self.given.append((kind, value))
            if not self.works:
                raise OSError("no ticket")

        return SimpleNamespace(add_user_cred=add_user_cred)


def job(**resources):
    return SimpleNamespace(resources=resources)


def test_the_ticket_is_given_before_the_first_job_that_needs_it_and_now_and_then():
    now = [0.0]
    bindings = Bindings(works=True)
    found = Credentials(bindings, lambda: now[0])
    found.give(job())
    assert bindings.given == [], "nobody needs it"
    for _ in range(3):
        found.give(job(**{credentials.WANTED: True}))
    assert bindings.given == [("krb", None)]
    now[0] = BETWEEN
    found.give(job(**{credentials.WANTED: 1}))
    assert len(bindings.given) == 2


def test_without_a_ticket_it_is_said_once_and_tried_again(caplog):
    bindings = Bindings(works=False)
    found = Credentials(bindings, lambda: 0.0)
    found.give(job(**{credentials.WANTED: True}))
    found.give(job(**{credentials.WANTED: True}))
    assert len(bindings.given) == 2
    assert caplog.text.count("cannot be given to HTCondor (no ticket)") == 1
