"""The services that keep the GPUs' device files open although nobody works on them.

They may be stopped for a change of driver or MIG mode, and started again. NVLink's subnet manager, `nvlsm`, is started
by the service of Fabric Manager and belongs to it.
"""

SERVICES = (
    "nvidia-persistenced.service",
    "nvidia-fabricmanager.service",
    "nvidia-imex.service",
    "nvidia-dcgm.service",
    "dcgm.service",  # before DCGM 4
    "dcgm-exporter.service",
)
