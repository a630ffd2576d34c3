"""The services that keep the GPUs' device files open although nobody works on them.

They may be stopped for a change of driver or MIG mode, and started again. Python 3.8, standard library only.
"""

SERVICES = (
    "nvidia-persistenced.service",
    "nvidia-fabricmanager.service",
    "nvidia-imex.service",
    "nvidia-dcgm.service",
    "dcgm-exporter.service",
)
