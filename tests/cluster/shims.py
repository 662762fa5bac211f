"""The commands of Slurm and HTCondor, answering from a recording; strict about how they are asked.

Called by small scripts on the PATH: ``python shims.py COMMAND RECORDING SITE ARGUMENT...``, where SITE is JSON with how
this site differs (``forgotten``: the controller knows the job no more; ``down``: what a command says instead).
"""

import json
import sys
from pathlib import Path


def fail(words, code=1):
    sys.stderr.write(words + "\n")
    sys.exit(code)


def sections(text):
    """The parts of a recording of Slurm, by the command that gave them."""
    found, name = {}, ""
    for line in text.splitlines():
        if line.startswith("$ "):
            name = line.split()[1]
            found[name] = [line] if name == "sacct" else []
        elif name:
            found[name].append(line)
    return found


def ids(line):
    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
    array = words.get("ArrayJobId")
    return {words["JobId"], array, f"{array}_{words.get('ArrayTaskId')}"}, words


def scontrol(recorded, site, arguments):
    if arguments[:3] != ["--oneliner", "show", "job"] or len(arguments) != 4:
        fail(f"scontrol: unknown: {arguments}")
    shown = [line for line in recorded["scontrol"] if arguments[3] in ids(line)[0]]
    if site.get("forgotten") or not shown:
        fail("slurm_load_jobs error: Invalid job id specified")
    return "\n".join(shown) + " \n"


def sacct(recorded, site, arguments):
    if arguments[:3] != ["-P", "-n", "-j"] or arguments[4] != "-o" or len(arguments) != 6:
        fail(f"sacct: unknown: {arguments}")
    job, wanted = arguments[3], arguments[5].split(",")
    heading, *rows = recorded["sacct"]
    columns = heading.split()[-1].split(",")
    if unknown := set(wanted) - set(columns):
        fail(f"sacct: error: Invalid field requested: {unknown}")
    rows = [dict(zip(columns, row.split("|"), strict=True)) for row in rows]
    rows = [row for row in rows if row["JobID"] == job or row["JobID"].startswith((f"{job}.", f"{job}_"))]
    return "".join("|".join(row[name] for name in wanted) + "\n" for row in rows)


def squeue(recorded, site, arguments):
    if arguments != ["--noheader", "--me", "--array", "--format=%i|%T|%r|%N"]:
        fail(f"squeue: unrecognized option {arguments}")
    lines = []
    for line in recorded["scontrol"]:
        _, job = ids(line)
        name = f"{job['ArrayJobId']}_{job['ArrayTaskId']}" if "ArrayJobId" in job else job["JobId"]
        if job["JobState"] in ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING"):
            lines.append(f"{name}|{job['JobState']}|{job['Reason'].replace('_', ' ')}|{job['NodeList']}")
    return "".join(line + "\n" for line in lines)


def condor(command, recorded, arguments):
    job = arguments.pop(0) if not arguments[0].startswith("-") else None
    options = {"condor_q": ["-json", "-attributes"], "condor_history": ["-json", "-limit", "1", "-attributes"]}[command]
    if arguments[:-1] != options or (command == "condor_history" and job is None):
        fail(f"{command}: unknown: {arguments}")
    wanted = arguments[-1].split(",")
    found = [entry for entry in recorded[command] if job in (None, str(entry["ClusterId"]))]
    found = [{name: entry[name] for name in wanted if name in entry} for entry in found]
    return json.dumps(found, indent=1) + "\n" if found or command == "condor_history" else ""


def main():
    command, recording, site, *arguments = sys.argv[1:]
    site = json.loads(site)
    with Path(recording).with_suffix(".calls").open("a") as calls:
        calls.write(" ".join([command, *arguments]) + "\n")
    if command in site.get("down", {}):
        fail(site["down"][command])
    text = Path(recording).read_text()
    if command in ("scancel", "condor_rm"):
        return
    if command.startswith("condor"):
        sys.stdout.write(condor(command, json.loads(text), arguments))
    else:
        sys.stdout.write(
            {"scontrol": scontrol, "sacct": sacct, "squeue": squeue}[command](sections(text), site, arguments)
        )


main()
