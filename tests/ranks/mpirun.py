# SPDX-License-Identifier: Apache-2.0
"""What every script needs that runs the program under mpirun."""

import os
import shutil


def environment(**more):
    """More ranks than cores are allowed, and root, as which tests run in containers."""
    return dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                OMPI_MCA_rmaps_base_oversubscribe="1", OMP_NUM_THREADS="1", **more)


def why_skipped(program):
    """"" where the program can be run so; else why not."""
    if not shutil.which("mpirun"):
        return "there is no mpirun; on Debian: apt-get install openmpi-bin"
    if not (program.parent / "phaselaw_mpi.so").exists():
        return "this program was built without MPI"
    return ""
