"""A scheduler that knows what it is told, and the words of a refused submission."""

CALL = "\n    sbatch call:\n    sbatch --job-name 'invalid qos'\n"
SBATCH = f"SLURM sbatch failed. The error message was 'sbatch: error: {{}}'.{CALL}"


class Fake:
    """A scheduler that knows what it is told."""

    name = "fake"

    def __init__(self):
        self.known = {}
        self.asked, self.removed = [], []

    def facts(self, job):
        self.asked.append(job)
        found = self.known.get(job)
        if isinstance(found, Exception):
            raise found
        return found

    def alive(self, jobs):
        return {}

    def remove(self, jobs):
        self.removed += jobs
