"""What the checks of this folder share."""
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RVBC, ORACLE = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory()


def at(name):
    return os.path.join(WORK.name, name)


def call(*command, code=0, says=()):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != code:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}, expected {code}:\n{done.stdout}")
    for text in says:
        if text not in done.stdout:
            sys.exit(f"{' '.join(command)} does not say `{text}`:\n{done.stdout}")
    return done.stdout


def difference(ours, wanted):
    """The largest, relative to the largest number."""
    ours, wanted = np.asarray(ours, np.float64), np.asarray(wanted, np.float64)
    assert ours.shape == wanted.shape, (ours.shape, wanted.shape)
    assert np.isfinite(ours).all() and np.abs(wanted).max() > 0
    return np.abs(ours - wanted).max() / np.abs(wanted).max()


def network(name):
    return os.path.join(ROOT, "stdlib", "networks", name + ".rvb")
