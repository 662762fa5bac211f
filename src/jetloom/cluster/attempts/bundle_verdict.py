"""A job that did a bundle of trainings failed: each training is judged by itself, and what there is to try goes on."""

from __future__ import annotations

import logging
from dataclasses import replace

from jetloom import paths
from jetloom.cluster.attempts import needs
from jetloom.cluster.attempts.resubmission import FailedJob, Resubmission
from jetloom.cluster.attempts.verdict import WANTED, Action, Verdict, given_up
from jetloom.cluster.bundles.training import Trainings
from jetloom.config.analysis import Analysis
from jetloom.errors import JetloomError
from jetloom.scan.bundles.manifest import write_manifest
from jetloom.scan.bundles.membership import Training, members
from jetloom.scan.result_file import RESULT

logger = logging.getLogger("snakemake")


class BundleVerdict:
    """Judges a job of trainings that failed.

    Parameters
    ----------
    judge : Resubmission
        Judges each of them.
    failed : FailedJob
        The job; its wildcards name task and bundle.
    """

    def __init__(self, judge: Resubmission, failed: FailedJob) -> None:
        self.judge, self.failed, self.analysis = judge, failed, judge.analysis
        self.task, self.bundle = failed.wildcards["task"], failed.wildcards["bundle"]
        self.trainings = Trainings(self.analysis, self.task)
        self.members = members(self.analysis, self.task, self.bundle)

    def judged(self) -> Verdict:
        """Judge each training that is not done; those that are given up become rows, as far as the tolerance goes.

        Returns
        -------
        Verdict
            DONE if nothing is left to try and each has its result or its row: then the manifest is there, too.
        """
        jobs = {training: self._job_of(training) for training in self.members}
        self.judge.let_end(list(jobs.values()))
        left = [training for training in self.members if not self._is_done(training)]
        if not left:
            return self._complete(self.judge.done_before(self.failed))
        verdicts = self._verdicts({training: jobs[training] for training in left})
        words = "; ".join(f"{one.name}: {verdict.words}" for one, verdict in verdicts.items() if verdict.words)
        for training, verdict in list(verdicts.items()):
            if verdict.action == Action.GIVE_UP and self._is_row(jobs[training], training, verdict.words):
                del verdicts[training]
        if not verdicts:
            return self._complete(words)
        worst = max(verdicts.values(), key=lambda verdict: verdict.pause)
        lost = [verdict for verdict in verdicts.values() if verdict.action == Action.GIVE_UP]
        if len(lost) == len(verdicts) or any(verdict.words.startswith(WANTED) for verdict in lost):
            return Verdict(Action.GIVE_UP, words)
        return replace(worst, action=Action.RETRY, words=words)

    def _verdicts(self, jobs: dict[Training, FailedJob]) -> dict[Training, Verdict]:
        """Return what to do with each training: those that had not begun are simply still to be done."""
        found = {training: self.judge.judge_begun(failed) for training, failed in jobs.items()}
        if not any(found.values()):
            before = {one: given_up(self.analysis, self.task, one, self.judge.since) for one in jobs}
            if all(before.values()):
                return {one: Verdict(Action.GIVE_UP, words) for one, words in before.items()}
            # It was refused, cancelled while it waited, or ended at once. Without a line this would have no end.
            return {
                one: Verdict(Action.GIVE_UP, before[one])
                if before[one]
                else self.judge.judge(replace(failed, log=self.failed.log))
                for one, failed in jobs.items()
            }
        return {one: verdict or self._not_begun(one) for one, verdict in found.items()}

    def _not_begun(self, training: Training) -> Verdict:
        reason = given_up(self.analysis, self.task, training, self.judge.since)
        return Verdict(Action.GIVE_UP if reason else Action.RETRY, reason)

    def _is_row(self, failed: FailedJob, training: Training, reason: str) -> bool:
        if not self.judge.becomes_row(failed, reason, self._identity(training)):
            return False
        logger.error(f"jetloom: train {self.task} {training.name} failed, a row of the scan without a model: {reason}")
        return True

    def _complete(self, words: str) -> Verdict:
        """Write the manifest of a bundle of which nothing is left to do."""
        try:
            write_manifest(self.analysis, self.task, self.bundle, self.members)
        except JetloomError as error:
            return Verdict(Action.GIVE_UP, error.line())
        return Verdict(Action.DONE, words)

    def _is_done(self, training: Training) -> bool:
        try:
            return self.trainings.is_done(training)
        except JetloomError:  # the dataset is gone: nothing is of it
            return False

    def _identity(self, training: Training) -> str:
        try:
            return self.trainings.identity(training)
        except JetloomError:
            return ""

    def _job_of(self, training: Training) -> FailedJob:
        return job_of(self.analysis, self.failed, training, len(self.members))


def job_of(analysis: Analysis, bundle: FailedJob, training: Training, number: int) -> FailedJob:
    """Return a training of a bundle that failed as a job of its own, with its share of what was asked for.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    bundle : FailedJob
        The job.
    training : Training
        The training.
    number : int
        How many the bundle has.
    """
    task = bundle.wildcards["task"]
    minutes = bundle.minutes
    if number > 1 and minutes:
        minutes = min(minutes, needs.own_minutes(analysis, task, training))
    return replace(
        bundle,
        wildcards={"task": task, "point": training.point, "run": training.run},
        log=str(paths.training_log(analysis, task, *training)),
        outputs=(str(paths.training(analysis, task, *training) / RESULT),),
        memory=bundle.memory // needs.at_a_time(analysis, task),
        minutes=minutes,
    )


def judge_bundle(judge: Resubmission, failed: FailedJob) -> Verdict:
    """Judge a job of trainings that failed; see :class:`BundleVerdict`."""
    return BundleVerdict(judge, failed).judged()
