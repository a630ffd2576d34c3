/* A GPU reset is no part of the public API: this program asks the simulated GPU itself. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "instances.h"
#include "smi.h"

static struct gpu *find(struct state *state, const struct target *target)
{
    for (unsigned i = 0; i < state->gpu_count; i++)
        if (strcmp(state->gpus[i].pci, target->bus) == 0)
            return &state->gpus[i];
    return NULL;
}

static int refuse_used(const struct target *targets, unsigned count, struct state *state)
{
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!gpu_in_use(find(state, &targets[i]), false))
            continue;
        if (used++ == 0)
            printf("The following GPUs could not be reset:\n");
        printf("  GPU %s: In use by another client\n", targets[i].bus);
    }
    if (used == 0)
        return 0;
    printf("\n%u device%s currently being used by one or more other processes (e.g., Fabric Manager, CUDA application, "
           "graphics application such as an X server, or a monitoring application such as another instance of "
           "nvidia-smi). Please first kill all processes using %s and all compute applications running in the "
           "system.\n",
           used, used == 1 ? " is" : "s are", used == 1 ? "this device" : "these devices");
    return EXIT_FAILED;
}

int command_reset(const struct options *options)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    if (geteuid() != 0) {
        printf("Unable to reset GPU %s: Insufficient Permissions\n", targets[0].bus);
        return NVML_ERROR_NO_PERMISSION;
    }
    nvml.nvmlShutdown();
    struct state *state = state_begin();
    if (state == NULL) {
        printf("Unable to reset GPU %s: Insufficient Permissions\n", targets[0].bus);
        return NVML_ERROR_NO_PERMISSION;
    }
    if (state->mig_reset_blocked) {
        printf("Resetting GPU %s is not supported.\n", targets[0].bus);
        state_abort();
        return NVML_ERROR_NOT_SUPPORTED;
    }
    failed = refuse_used(targets, count, state);
    for (unsigned i = 0; failed == 0 && i < count; i++) {
        gpu_reset(find(state, &targets[i]));
        printf("GPU %s was successfully reset.\n", targets[i].bus);
    }
    if (failed != 0) {
        state_abort();
        return failed;
    }
    printf("All done.\n");
    return state_commit() ? 0 : EXIT_FAILED;
}

int command_topology(void)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(NULL, targets, &count);
    if (failed != 0)
        return failed;
    for (unsigned column = 0; column < count; column++)
        printf("\tGPU%u", column);
    printf("\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\n");
    for (unsigned row = 0; row < count; row++) {
        printf("GPU%u", row);
        for (unsigned column = 0; column < count; column++)
            printf("\t%s", row == column ? " X " : fabric_text(targets[row].device) != NULL ? "NV18" : "SYS");
        printf("\tN/A\tN/A\t\tN/A\n");
    }
    printf("\nLegend:\n\n  X    = Self\n  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA "
           "nodes (e.g., QPI/UPI)\n  NV#  = Connection traversing a bonded set of # NVLinks\n");
    return 0;
}
