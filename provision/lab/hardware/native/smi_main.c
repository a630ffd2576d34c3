/* nvidia-smi: the words, formats and exit codes of NVIDIA's, on whatever libnvidia-ml.so.1 the system has. */

#include <string.h>

#include "smi.h"

static int run(const struct options *options)
{
    if (options->list)
        return command_list();
    if (options->reset)
        return command_reset(options);
    if (options->mig != NULL || options->persistence != NULL)
        return command_switches(options);
    if (options->gpus != NULL)
        return command_query(options);
    if (options->apps != NULL)
        return command_apps(options);
    if (options->query || options->xml)
        return command_report(options);
    if (options->ids != NULL) {
        struct target targets[SMI_MAX_GPUS];
        unsigned count;
        int failed = targets_find(options->ids, targets, &count);
        if (failed != 0)
            return failed;
    }
    return command_table();
}

int main(int count, char **arguments)
{
    struct options options = {0};
    bool subcommand = count > 1 && (strcmp(arguments[1], "mig") == 0 || strcmp(arguments[1], "topo") == 0);
    if (!subcommand) {
        int wrong = options_read(&options, count - 1, arguments + 1);
        if (wrong >= 0)
            return wrong;
    }
    int failed = library_open();
    if (failed != 0)
        return failed;
    if (!subcommand)
        failed = run(&options);
    else if (strcmp(arguments[1], "mig") == 0)
        failed = command_mig(count - 2, arguments + 2);
    else
        failed = command_topology();
    nvml.nvmlShutdown();
    return failed;
}
