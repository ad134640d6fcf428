# SPDX-License-Identifier: GPL-2.0
"""Published numbers, which are shown beside a run on a similar machine: the files in reference/.

Each file names its source and its CPUs (vendor, family, ranges of models). A file of an unknown CPU has none of the
three, and is shown beside every run that measures one of its functions. A row has the values base and series in the
unit of the file (with ms, less is better), and their standard deviations if these were published; or it has a ratio,
[from, to].
"""
import glob
import json
import os


def ratios(reference, row):
    """How many times as fast the series is: [from, to]"""
    if "ratio" in row:
        return row["ratio"]
    ratio = row["series"] / row["base"]
    return [1 / ratio] * 2 if reference["unit"] == "ms" else [ratio] * 2


def is_similar(reference, environment):
    if "vendor" not in reference:
        return True
    if environment.get("vendor") != reference["vendor"] or str(environment.get("family")) != str(reference["family"]):
        return False
    model = environment.get("model", "")
    return model.isdigit() and any(first <= int(model) <= last for first, last in reference["models"])


def similar(environments):
    references = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "reference", "*.json"))):
        with open(path, encoding="utf-8") as file:
            reference = json.load(file)
        if any(is_similar(reference, environment) for environment in environments):
            references.append(reference)
    return references
